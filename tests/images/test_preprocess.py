import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import picture
from diptych.errors import ImageError
from diptych.images.preprocess import decode


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def shade(data: bytes, size: int = 8) -> list[int]:
    """The colour in the middle of a decoded picture."""
    return [int(level) for level in decode(data, (size, size, 3)).pixels[size // 2, size // 2]]


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "HEIF"])
def test_every_common_format_shows_the_same_picture(format: str) -> None:
    decode(encoded(picture(1)), (32, 32, 3))  # registers the decoders, pillow-heif's too
    expected = decode(encoded(picture(1)), (32, 32, 3)).pixels.astype(int)
    actual = decode(encoded(picture(1), format), (32, 32, 3))
    assert actual.format == format
    assert np.abs(actual.pixels - expected).mean() < 6


def test_all_of_a_picture_is_seen_however_wide_it_is() -> None:
    wide = Image.new("RGB", (300, 60), "white")
    wide.paste("black", (0, 0, 30, 60))
    pixels = decode(encoded(wide), (20, 20, 3)).pixels
    assert pixels.shape == (20, 20, 3)
    assert (pixels[:, 0] < 50).all()
    assert (pixels[:, 4:] > 200).all()


@pytest.mark.parametrize("turn", range(1, 9))
def test_up_is_up_whatever_the_exif_orientation(turn: int) -> None:
    upright = picture(3)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[turn]) if turn in undo else upright
    exif = Image.Exif()
    exif[0x0112] = turn
    actual = decode(encoded(stored, exif=exif), (16, 16, 3)).pixels.astype(int)
    # Rows and columns are averaged in the other order where they change places.
    assert np.abs(actual - decode(encoded(upright), (16, 16, 3)).pixels).max() <= 1


def test_width_and_height_are_those_that_a_viewer_shows() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    actual = decode(encoded(Image.new("RGB", (40, 20)), exif=exif), (8, 8, 3))
    assert (actual.width, actual.height) == (20, 40)


def test_transparent_pixels_lie_on_white() -> None:
    half = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    assert shade(encoded(half)) == [255, 255, 255]
    half = Image.new("RGBA", (20, 20), (0, 0, 0, 128))
    assert shade(encoded(half)) == [127, 127, 127]


def test_a_transparent_palette_colour_lies_on_white() -> None:
    image = Image.new("P", (20, 20), 0)
    image.putpalette([200, 0, 0, 0, 200, 0])
    assert shade(encoded(image)) == [200, 0, 0]
    assert shade(encoded(image, transparency=0)) == [255, 255, 255]


def test_sixteen_bits_keep_their_high_byte() -> None:
    levels = np.full((10, 10), 0x80FF, np.uint16)
    assert shade(encoded(Image.fromarray(levels))) == [0x80, 0x80, 0x80]


def test_cmyk_becomes_rgb() -> None:
    cyan = Image.new("CMYK", (20, 20), (255, 0, 0, 0))
    red, green, blue = shade(encoded(cyan, "JPEG", quality=95))
    assert red < 30
    assert green > 200
    assert blue > 200


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert shade(data) == [255, 0, 0]


def test_a_large_jpeg_decoded_at_half_size_looks_the_same() -> None:
    large = picture(5, 1200)
    quick = decode(encoded(large, "JPEG", quality=95), (64, 64, 3)).pixels.astype(int)
    whole = decode(encoded(large), (64, 64, 3)).pixels.astype(int)
    assert np.abs(quick - whole).max() <= 4


def test_broken_exif_does_not_spoil_a_good_picture() -> None:
    data = encoded(picture(1), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff broken")
    assert decode(data, (16, 16, 3)).width == 64


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<html>no picture</html>", "not an image"),
        (encoded(picture(1), "JPEG")[:-300], "truncated"),
        (encoded(picture(1))[:60] + bytes(200), "unreadable"),
        (encoded(Image.fromarray(np.zeros((9, 9), np.float32)), "TIFF"), "unreadable"),
        (encoded(Image.new("1", (20_000, 6_000))), "too large"),
    ],
)
def test_what_is_wrong_with_a_file_has_a_name(data: bytes, reason: str) -> None:
    with pytest.raises(ImageError) as caught:
        decode(data, (16, 16, 3))
    assert caught.value.reason == reason


def test_a_decompression_bomb_is_refused_before_it_explodes() -> None:
    with pytest.raises(ImageError, match="pixels"):
        decode(encoded(Image.new("1", (30_000, 30_000))), (16, 16, 3))


@pytest.mark.parametrize(("bits", "shift"), [(8, 0), (10, 2), (12, 4), (16, 8)])
def test_a_scan_of_fewer_bits_than_its_file_is_as_bright_as_it_was(bits: int, shift: int) -> None:
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16) << shift
    levels[-1, -1] = (1 << bits) - 1
    actual = decode(encoded(Image.fromarray(levels), "PNG"), (16, 16, 1)).pixels[..., 0]
    assert np.array_equal(actual, np.arange(256).reshape(16, 16))
    tiff = decode(encoded(Image.fromarray(levels), "TIFF"), (16, 16, 1)).pixels[..., 0]
    assert np.array_equal(tiff, actual)


def test_a_transparent_level_of_16_bits_lies_on_white() -> None:
    levels = np.full((16, 16), 0x1234, np.uint16)
    levels[8:] = 0x8000
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "PNG", transparency=0x1234)
    actual = decode(file.getvalue(), (16, 16, 3)).pixels
    assert (actual[:8] == 255).all()
    assert (actual[8:] == 0x80).all()


def png(depth: int, colour: int, row: bytes, transparent: bytes, width: int) -> bytes:
    """A PNG of one row, of which one colour is transparent."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"\0" + row)
    parts = ((b"IHDR", header), (b"tRNS", transparent), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.parametrize(
    ("depth", "row", "transparent", "levels"),
    [
        (1, 0b01000000, 0, [255, 255]),
        (2, 0b01100000, 1, [255, 170]),
        (2, 0b01100000, 2, [85, 255]),
        (4, 0x3F, 3, [255, 255]),
        (4, 0x3E, 14, [51, 255]),
        (4, 0x3E, 5, [51, 238]),
    ],
)
def test_a_transparent_level_of_few_bits_lies_on_white(
    depth: int, row: int, transparent: int, levels: list[int]
) -> None:
    data = png(depth, 0, bytes([row]), struct.pack(">H", transparent), 2)
    assert decode(data, (1, 2, 3)).pixels[0, :, 0].tolist() == levels


def test_a_transparent_colour_of_16_bits_is_compared_in_all_of_them() -> None:
    colours = [(0x1234, 0x5678, 0x9ABC), (0x1235, 0x5678, 0x9ABC), (0x3434, 0x7878, 0xBCBC)]
    row = b"".join(struct.pack(">3H", *colour) for colour in colours)
    actual = decode(png(16, 2, row, row[:6], 3), (1, 3, 3)).pixels[0]
    assert actual.tolist() == [[255, 255, 255], [0x12, 0x56, 0x9A], [0x34, 0x78, 0xBC]]


def test_what_is_wrong_with_a_picture_is_said_once(capfd: pytest.CaptureFixture[str]) -> None:
    scan = bytearray(encoded(picture(1), "TIFF", compression="tiff_lzw"))
    # After the header of 8 bytes come the pixels.
    scan[8:200] = bytes(192)
    with pytest.raises(ImageError, match="unreadable: its data are damaged"):
        decode(bytes(scan), (8, 8, 3))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("transparent", [b"", b"\0", b"\x80\xff"])
def test_colours_of_a_missing_palette_are_not_black(transparent: bytes) -> None:
    with pytest.raises(ImageError, match="unreadable: its pixels are numbers of a palette"):
        decode(png(8, 3, bytes([0, 1]), transparent, 2), (1, 2, 3))

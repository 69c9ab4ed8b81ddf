"""A picture in memory is what its file is."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import picture
from diptych.errors import ImageError
from diptych.images.encoding import as_file
from diptych.images.in_memory import as_image, snapshot
from diptych.images.preprocess import ORIENTATION, Pixels, decode, squash

SHAPE = (32, 32, 3)


def turned(turn: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    return exif


def wide() -> Image.Image:
    return picture(3, 60).resize((90, 60))


def clear_corner(mode: str) -> Image.Image:
    image = wide().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 30, 30))
    return image.convert(mode)


def sixteen_bits() -> Image.Image:
    levels = np.asarray(wide().convert("L")).astype(np.uint16) * 257
    return Image.fromarray(levels)


FILES: dict[str, Callable[[Path], None]] = {
    "plain.png": lambda p: wide().save(p),
    "photo.jpg": lambda p: wide().save(p),
    "turned6.jpg": lambda p: wide().save(p, exif=turned(6)),
    "turned5.png": lambda p: wide().save(p, exif=turned(5)),
    "turned8.webp": lambda p: wide().save(p, exif=turned(8)),
    "turned3.tif": lambda p: wide().save(p, exif=turned(3)),
    "turned6.heic": lambda p: wide().save(p, exif=turned(6)),
    "turned6.avif": lambda p: wide().save(p, exif=turned(6)),
    "cmyk.jpg": lambda p: wide().convert("CMYK").save(p),
    "grey.jpg": lambda p: wide().convert("L").save(p),
    "grey_alpha.png": lambda p: clear_corner("LA").save(p),
    "alpha.png": lambda p: clear_corner("RGBA").save(p),
    "palette.gif": lambda p: clear_corner("RGBA").convert("P").save(p, transparency=0),
    "palette.png": lambda p: wide().convert("P").save(p, transparency=b"\0\x80"),
    "bits.png": lambda p: wide().convert("1").save(p),
    "sixteen.png": lambda p: sixteen_bits().save(p),
    "sixteen.tif": lambda p: sixteen_bits().save(p),
    "clear_colour.png": lambda p: wide().save(p, transparency=(0, 0, 0)),
}


def pixels(content: bytes | Image.Image) -> Pixels:
    return decode(content, SHAPE).pixels if isinstance(content, bytes) else squash(content, SHAPE)


@pytest.mark.parametrize("name", FILES)
def test_a_picture_of_pil_is_what_its_file_is(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    import pillow_heif

    pillow_heif.register_heif_opener()
    FILES[name](file)
    expected = decode(file.read_bytes(), SHAPE).pixels
    with Image.open(file) as image:
        assert np.array_equal(pixels(snapshot(image)), expected), "only opened"
        image.load()
        assert np.array_equal(pixels(snapshot(image)), expected), "decoded"
        assert np.array_equal(pixels(as_file(image)), expected), "as a file again"
    with file.open("rb") as stream, Image.open(io.BytesIO(stream.read())) as image:
        assert np.array_equal(pixels(snapshot(image.copy())), expected), "copied"


def test_a_large_photograph_that_was_only_opened_is_exactly_its_file(tmp_path: Path) -> None:
    picture(5, 1200).save(tmp_path / "large.jpg", quality=95)
    expected = decode((tmp_path / "large.jpg").read_bytes(), SHAPE).pixels
    with Image.open(tmp_path / "large.jpg") as image:
        assert np.array_equal(pixels(snapshot(image)), expected)
        image.load()  # Pillow reads it on as if nothing had been
        assert image.size == (1200, 1200)
        assert np.abs(pixels(snapshot(image)).astype(int) - expected).max() <= 1


def test_what_was_done_to_a_picture_counts(tmp_path: Path) -> None:
    picture(5).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        image.paste((255, 0, 0), (0, 0, 64, 64))
        assert (pixels(snapshot(image)) == (255, 0, 0)).all()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with Image.open(tmp_path / "a.gif") as image:
        image.seek(1)
        assert (pixels(snapshot(image)) == (0, 0, 255)).all()


def test_a_snapshot_stays_when_the_picture_changes() -> None:
    image = Image.new("RGB", (20, 20), "red")
    array = np.asarray(image).copy()
    kept, kept_array = snapshot(image), as_image(array)
    image.paste("blue", (0, 0, 20, 20))
    array[:] = 0
    assert (pixels(kept) == (255, 0, 0)).all()
    assert (pixels(kept_array) == (255, 0, 0)).all()


def test_a_picture_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    picture(5).save(tmp_path / "a.png")
    closed, checked = Image.open(tmp_path / "a.png"), Image.open(tmp_path / "a.png")
    closed.close()
    checked.verify()
    cases: list[tuple[Image.Image, str]] = [
        (Image.new("F", (9, 9)), "floating-point"),
        (Image.new("RGB", (0, 9)), "empty: 0 × 9 pixels"),
    ]
    for image, reason in ((closed, "closed image"), (checked, "closed before it was read")):
        with pytest.raises(ImageError, match=reason):
            snapshot(image)
    for other, reason in cases:
        with pytest.raises(ImageError, match=reason):
            pixels(snapshot(other))
    with pytest.raises(ImageError, match="floating-point"):
        pixels(as_file(Image.new("F", (9, 9))))


@pytest.mark.parametrize("axes", [(), (1,), (3,), (4,)])
def test_an_array_is_a_picture(axes: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).integers(0, 255, (32, 32, *axes), np.uint8)
    if axes == (4,):
        array[..., 3] = 255
    coloured = array[..., None] if not axes else array[..., :3]
    assert np.array_equal(pixels(as_image(array)), np.broadcast_to(coloured, SHAPE))
    assert np.array_equal(pixels(as_image(array[::-1, ::-1])), pixels(as_image(array))[::-1, ::-1])


def test_levels_beyond_16_bits_are_not_cut_to_white_on_the_way_to_a_file() -> None:
    levels = np.arange(70_000, 70_256, dtype=np.int32).reshape(16, 16)
    for image in (Image.fromarray(levels), Image.fromarray(levels - 70_100)):
        with pytest.raises(ImageError, match="nobody said which is black") as in_memory:
            pixels(image)
        with pytest.raises(ImageError) as as_a_file:
            pixels(as_file(image))
        assert as_a_file.value.detail == in_memory.value.detail


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_a_picture_of_16_bits_is_the_same_in_any_order_of_its_bytes(mode: str) -> None:
    image = sixteen_bits()
    assert np.array_equal(pixels(as_file(image.convert("I").convert(mode))), pixels(image))

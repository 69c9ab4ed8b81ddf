import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from diptych.errors import ImageError
from diptych.images.preprocess import decode, squash
from tiffs import tiff


def encoded(levels: Any, format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(levels).save(file, format)
    return file.getvalue()


def grey(highest: int) -> Any:
    """16 × 16 levels from 0 up to a highest."""
    return np.linspace(0, highest, 256).round().astype(np.uint16).reshape(16, 16)


def in_grey(data: bytes, bits: int) -> Any:
    return decode(data, (16, 16, 1), bits).pixels[..., 0]


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
@pytest.mark.parametrize("bits", [8, 12, 13, 14, 16])
def test_a_level_is_as_bright_in_each_picture_of_one_depth(bits: int, format: str) -> None:
    for highest in (100, 4_000, 4_200, 65_535):
        levels = grey(min(highest, 2**bits - 1))
        assert np.array_equal(in_grey(encoded(levels, format), bits), levels >> (bits - 8))


@pytest.mark.parametrize(
    ("highest", "needs"), [(200, 8), (256, 9), (4_000, 12), (4_200, 13), (65_535, 16)]
)
def test_a_picture_says_how_many_bits_it_needs(highest: int, needs: int) -> None:
    assert decode(encoded(grey(highest)), (16, 16, 3)).bits == needs
    assert decode(encoded(grey(highest)), (16, 16, 3), 16).bits == needs


def test_a_picture_of_8_bits_needs_none_and_does_not_mind_the_depth_of_others() -> None:
    data = encoded(grey(255).astype(np.uint8))
    assert decode(data, (16, 16, 3), 12).bits == 0
    assert np.array_equal(in_grey(data, 12), in_grey(data, 0))


def test_what_is_brighter_than_white_is_white() -> None:
    levels = grey(8_000)
    actual = in_grey(encoded(levels), 12)
    assert np.array_equal(actual, np.minimum(levels >> 4, 255))
    assert (actual[levels > 4_095] == 255).all()


def test_a_picture_that_would_be_mostly_white_is_refused() -> None:
    with pytest.raises(ImageError, match=r"unreadable: more than half .* brighter than 4,095") as e:
        decode(encoded(grey(65_535)), (16, 16, 3), 12)
    assert e.value.reason == "unreadable"


def test_a_transparent_level_lies_on_white_at_any_depth() -> None:
    levels = grey(4_095)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "PNG", transparency=int(levels[0, 5]))
    expected = levels >> 4
    expected[0, 5] = 255
    assert np.array_equal(in_grey(file.getvalue(), 12), expected)


def colours(highest: int, bands: int = 3) -> Any:
    """16 × 16 pixels of different colours, the bands one level apart."""
    levels = np.stack([grey(highest - 2) + band for band in range(3)], 2)
    opaque = np.full((16, 16, bands - 3), 65_535)
    return np.concatenate([levels, opaque], 2).astype(np.uint16)


@pytest.mark.parametrize("bands", [3, 4])
def test_colours_of_16_bits_have_the_depth_of_their_data_set(bands: int) -> None:
    levels = colours(3_000, bands)
    data = tiff(levels, 2, {338: 2} if bands == 4 else {})
    assert decode(data, (16, 16, 3)).bits == 12
    for bits in (12, 13, 16):
        actual = decode(data, (16, 16, 3), bits).pixels
        assert np.array_equal(actual, levels[..., :3] >> (bits - 8))


def test_colours_of_16_bits_by_themselves_keep_their_high_byte() -> None:
    actual = decode(tiff(colours(3_000), 2), (16, 16, 3)).pixels
    assert np.array_equal(actual, colours(3_000) >> 8)


def test_a_picture_that_is_open_has_the_pixels_of_its_file() -> None:
    levels = grey(3_000)
    opened = squash(Image.fromarray(levels), (16, 16, 3), 14)
    assert np.array_equal(opened, decode(encoded(levels), (16, 16, 3), 14).pixels)

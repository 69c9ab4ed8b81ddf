import contextlib
from typing import Any

import numpy as np
import pytest

from diptych.errors import ImageError
from diptych.images.preprocess import decode
from tiffs import tiff

GREY, RGB, OF_SENSOR = 1, 2, 32803


def ramp(dtype: str, bands: int = 1, start: int = 0) -> Any:
    """16 × 16 pixels whose levels rise from `start` by one, in each band alike."""
    levels = np.arange(start, start + 256).reshape(16, 16, 1).astype(dtype)
    return np.repeat(levels, bands, 2) if bands > 1 else levels[..., 0]


def refusal(data: bytes) -> ImageError:
    with pytest.raises(ImageError) as caught:
        decode(data, (16, 16, 3))
    return caught.value


@pytest.mark.parametrize(
    ("levels", "photometric", "says"),
    [
        (ramp("u2", 13), GREY, "13 bands of 16 bits; say which are red, green and blue"),
        (ramp("u1", 4), GREY, "4 bands of 8 bits; say which"),
        (ramp("u2", 5), RGB, "5 bands of 16 bits, stored in a way that is not read here"),
        (ramp("u2", 2), GREY, "2 bands of 16 bits; say which"),
        (ramp("f4"), GREY, "floating-point pixels have no agreed white"),
        (ramp("f8"), GREY, "floating-point pixels have no agreed white"),
        (ramp("f4", 4), GREY, "4 bands of floating-point pixels have no agreed white"),
        (ramp("u8"), GREY, "unsigned whole numbers of 64 bits"),
        (ramp("i4", start=70_000), GREY, "levels from 70,000 to 70,255, and nobody said which"),
        (ramp("u4", start=3_000_000_000), GREY, "levels from 3,000,000,000 to 3,000,000,255"),
        (ramp("i2", start=-100), GREY, "levels from -100 to 155, and nobody said which"),
        (ramp("i1", start=-128), GREY, "levels from -128 to 127, and nobody said which"),
    ],
)
def test_pixels_without_an_agreed_white_are_refused_for_what_they_are(
    levels: Any, photometric: int, says: str
) -> None:
    error = refusal(tiff(levels, photometric))
    assert error.reason == "unreadable"
    assert says in error.detail


@pytest.mark.parametrize("dtype", ["i2", "u2", "i4", "u4"])
def test_whole_numbers_that_fit_into_16_bits_are_read_whatever_their_kind(dtype: str) -> None:
    actual = decode(tiff(ramp(dtype), GREY), (16, 16, 1)).pixels[..., 0]
    assert np.array_equal(actual, ramp("u1"))


def test_white_is_zero_where_the_file_says_so() -> None:
    actual = decode(tiff(ramp("u2"), 0), (16, 16, 1)).pixels[..., 0]
    assert np.array_equal(actual, 255 - ramp("u1"))


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_a_band_beside_the_colours_is_left_out_and_counted(dtype: str) -> None:
    levels = ramp(dtype, 4) << 8 * (dtype == "u2")
    levels[..., 3] = 0  # as opacity, all would be white
    actual = decode(tiff(levels, RGB, {338: 0}), (16, 16, 3))
    assert np.array_equal(actual.pixels, ramp("u1", 3))
    assert actual.extra_bands == 1


def test_a_band_that_is_said_to_be_opacity_is() -> None:
    levels = ramp("u1", 4)
    levels[..., 3] = 0
    actual = decode(tiff(levels, RGB, {338: 2}), (16, 16, 3))
    assert (actual.pixels == 255).all()
    assert actual.extra_bands == 0


@pytest.mark.parametrize(
    "data",
    [
        tiff(ramp("u1", 3), RGB, {254: 1, 330: 8}),  # a preview beside what the sensor saw
        tiff(ramp("u2"), OF_SENSOR),
    ],
)
def test_a_raw_file_of_a_camera_is_not_taken_for_its_preview(data: bytes) -> None:
    assert "a RAW file of a camera" in refusal(data).detail


def test_a_tiff_cut_before_its_directory_is_truncated() -> None:
    data = tiff(ramp("u2", 13), GREY)
    far = data[:4] + (10**6).to_bytes(4, "little") + data[8:]
    assert refusal(far).reason == "truncated"


@pytest.mark.parametrize("bands", [3, 4])
@pytest.mark.parametrize("bits", [0, 12])
def test_planes_of_16_bits_are_read_as_pixels_are(bits: int, bands: int) -> None:
    levels = ramp("u2", bands) * 16
    levels[..., 1] //= 2
    more = {338: 0} if bands == 4 else {}
    actual = decode(tiff(levels, RGB, more, planes=True), (16, 16, 3), bits)
    expected = decode(tiff(levels, RGB, more), (16, 16, 3), bits)
    assert np.array_equal(actual.pixels, expected.pixels)
    assert np.ptp(actual.pixels) > 10
    assert actual[4:] == expected[4:] == (12, bands - 3)


@pytest.mark.parametrize("bands", [3, 13])
def test_a_tiff_of_which_any_byte_is_damaged_has_pixels_or_a_reason(bands: int) -> None:
    sound = tiff(ramp("u2", bands), RGB if bands == 3 else GREY)
    for at in range(10 + 12 * 11):  # its header and its tags
        data = sound[:at] + bytes([(sound[at] + 2) % 256]) + sound[at + 1 :]
        with contextlib.suppress(ImageError):
            assert decode(data, (8, 8, 3), 12).pixels.shape == (8, 8, 3)

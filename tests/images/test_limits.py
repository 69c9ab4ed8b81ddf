import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conftest import picture
from diptych.errors import ImageError
from diptych.images import limits
from diptych.images.limits import pixels_held
from diptych.images.preprocess import decode


def jpeg(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, **options)
    return file.getvalue()


def claiming(width: int, height: int, **options: Any) -> bytes:
    """A JPEG of 64 × 64 pixels whose header says that there are more."""
    data = jpeg(picture(1), **options)
    frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return data[: frame + 5] + size + data[frame + 9 :]


def refusal(data: bytes, **options: Any) -> ImageError:
    with pytest.raises(ImageError) as caught:
        decode(data, (16, 16, 3), **options)
    return caught.value


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousandth of the pixels that are allowed otherwise."""
    for name in ("PIXELS_LIMIT", "JPEG_PIXELS_LIMIT", "HELD_LIMIT"):
        monkeypatch.setattr(limits, name, getattr(limits, name) // 1000)
    monkeypatch.setattr("diptych.images.preprocess.PIXELS_LIMIT", limits.PIXELS_LIMIT)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_jpeg_larger_than_other_pictures_may_be_is_decoded_at_a_scale(
    options: dict[str, bool],
) -> None:
    large = picture(5, 560)
    actual = decode(jpeg(large, **options), (16, 16, 3))
    assert (actual.width, actual.height) == (560, 560)
    expected = np.asarray(large.resize((16, 16), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(actual.pixels - expected).max() <= 4
    file = io.BytesIO()
    large.save(file, "PNG")
    assert "560 × 560 pixels; the limit is 100,000" in refusal(file.getvalue()).detail


@pytest.mark.usefixtures("small_limits")
def test_a_jpeg_of_too_many_pixels_is_refused_at_any_scale() -> None:
    error = refusal(jpeg(picture(5, 800)))
    assert error.reason == "too large"
    assert "800 × 800 pixels; the limit is 500,000" in error.detail


@pytest.mark.usefixtures("small_limits")
def test_a_progressive_jpeg_counts_by_the_memory_that_it_takes() -> None:
    error = refusal(jpeg(picture(5, 600), progressive=True, subsampling=0))
    assert error.reason == "too large"
    assert "to decode it takes memory for 5" in error.detail


def test_a_photograph_of_200_megapixels_is_not_refused_for_its_size() -> None:
    # More than Pillow's own limit, which knows of no scale.
    assert decode(claiming(16_320, 12_240), (16, 16, 3)).width == 16_320


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_bomb_is_refused_by_its_header(options: dict[str, bool]) -> None:
    assert refusal(claiming(60_000, 60_000, **options)).reason == "too large"


def test_a_limit_that_is_said_is_of_the_file() -> None:
    data = jpeg(picture(5, 600))
    assert "limit is 300,000" in refusal(data, pixels_limit=300_000).detail
    assert decode(data, (16, 16, 3), pixels_limit=360_000).width == 600


@pytest.mark.parametrize(
    ("options", "coefficients"),
    [
        ({}, 0),
        ({"progressive": True}, 0.75),  # one and a half a pixel, of 2 bytes each
        ({"progressive": True, "subsampling": 0}, 1.5),
        ({"progressive": True, "subsampling": 1}, 1.0),
    ],
)
def test_coefficients_of_several_scans_are_held_in_memory(
    options: dict[str, Any], coefficients: float
) -> None:
    data = jpeg(picture(5, 640), **options)
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (64, 64))
        assert pixels_held(image, (640, 640), data) == 80 * 80 + coefficients * 640 * 640

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.datasets import load_digits

from diptych.errors import InputError
from diptych.reporting.corruptions import KINDS, STRENGTHS, corrupted

Pixels = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]


def photographs(count: int = 8, height: int = 48, width: int = 48) -> Pixels:
    """Colours that change slowly with a grain of their own: neither black nor white."""
    rng = np.random.default_rng(0)
    down, across = np.arange(height)[:, None, None], np.arange(width)[:, None]
    slope_N113 = rng.uniform(-60, 60, (2, count, 1, 1, 3))
    waves = slope_N113[0] * np.sin(6 * down / height) + slope_N113[1] * np.cos(6 * across / width)
    grain = rng.uniform(-40, 40, (count, height, width, 3))
    return np.asarray((128 + waves + grain).clip(0, 255), np.uint8)


def digits() -> Pixels:
    return np.asarray(load_digits().images[:40, :, :, None] * 15.9, np.uint8)


def change(pixels: Pixels, kind: str, strength: int) -> float:
    """How far a corruption moves the levels, on average."""
    return float(np.abs(corrupted(pixels, kind, strength) - pixels.astype(float)).mean())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pixels", [photographs(), digits()], ids=["48 × 48 × 3", "8 × 8 × 1"])
def test_a_greater_strength_changes_a_picture_more(kind: str, pixels: Pixels) -> None:
    changes = [change(pixels, kind, strength) for strength in range(1, STRENGTHS + 1)]
    assert changes == sorted(changes)
    assert len(set(changes)) == STRENGTHS
    assert changes[0] > 0.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (20, 33, 3), (64, 40, 3)])
def test_a_corrupted_picture_has_the_shape_it_had(kind: str, shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    before = pixels.copy()
    for strength in (1, STRENGTHS):
        actual = corrupted(pixels, kind, strength)
        assert actual.shape == pixels.shape
        assert actual.dtype == np.uint8
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides(kind: str) -> None:
    first, again, other = (corrupted(photographs(), kind, 3, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) == (kind not in ("noise", "rotation", "occlusion"))


def test_pictures_of_one_batch_are_turned_and_covered_each_in_their_own_way() -> None:
    same = np.repeat(photographs(1), 20, 0)
    for kind, ways in (("rotation", 2), ("occlusion", 15)):
        assert len({one.tobytes() for one in corrupted(same, kind, 2)}) >= ways


def test_a_blur_is_as_wide_as_the_picture_asks() -> None:
    edge = np.zeros((1, 224, 224, 1), np.uint8)
    edge[:, :, 112:] = 255
    actual = corrupted(edge, "blur", 4)[0, 100, :, 0]
    # A standard deviation of 5 pixels puts 68 % of the climb within 5 pixels of the edge.
    assert (actual[117] - actual[106]) / 255 == pytest.approx(0.68, abs=0.06)
    half = corrupted(edge[:, ::2, ::2], "blur", 4)[0, 50, :, 0]
    assert np.abs(half[40:70].astype(float) - actual[80:140:2]).max() < 12


def test_a_plain_picture_stays_plain_when_it_is_blurred_or_turned() -> None:
    plain = np.full((2, 31, 24, 3), 90, np.uint8)
    for kind in ("blur", "rotation"):
        assert np.array_equal(corrupted(plain, kind, 5), plain)


def test_a_stop_less_light_is_what_a_camera_makes_of_it() -> None:
    grey = np.full((1, 8, 8, 1), 200, np.uint8)
    assert corrupted(grey, "darker", 2)[0, 0, 0, 0] == round(200 * 0.5 ** (1 / 2.2))
    assert corrupted(grey, "brighter", 5)[0, 0, 0, 0] == 255


def test_a_cover_has_the_size_it_is_said_to_have() -> None:
    black = np.zeros((30, 40, 60, 3), np.uint8)
    covered = (corrupted(black, "occlusion", 4) != 0).all(3)
    assert (covered.sum((1, 2)) == 24 * 36).all()


def test_what_is_no_corruption_is_refused() -> None:
    with pytest.raises(InputError, match=r"no corruption is called 'fog'; there are blur, noise"):
        corrupted(photographs(), "fog", 1)
    with pytest.raises(InputError, match=r"a strength from 1 to 5, not 6"):
        corrupted(photographs(), "blur", 6)

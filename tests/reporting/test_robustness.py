import numpy as np
import numpy.typing as npt
import pytest
from sklearn.datasets import load_digits

from diptych.errors import InputError
from diptych.metrics import share
from diptych.reporting.robustness import KINDS, STRENGTHS, Curve, corrupted, robustness, stratified

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
        found = corrupted(pixels, kind, strength)
        assert found.shape == pixels.shape
        assert found.dtype == np.uint8
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
    found = corrupted(edge, "blur", 4)[0, 100, :, 0]
    # A standard deviation of 5 pixels puts 68 % of the climb within 5 pixels of the edge.
    assert (found[117] - found[106]) / 255 == pytest.approx(0.68, abs=0.06)
    half = corrupted(edge[:, ::2, ::2], "blur", 4)[0, 50, :, 0]
    assert np.abs(half[40:70].astype(float) - found[80:140:2]).max() < 12


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


def by_colour(images_NHWC: Pixels) -> Probabilities:
    """Answers 1 for pictures with more red than blue."""
    red_N, _, blue_N = images_NHWC.mean((1, 2)).T
    return np.asarray(np.stack([blue_N, red_N], 1) / 255, np.float32)


def by_stripes(images_NHWC: Pixels) -> Probabilities:
    """Answers 1 where neighbouring columns differ."""
    steps_N = np.abs(np.diff(images_NHWC.astype(np.float32), axis=2)).mean((1, 2, 3)) / 255
    return np.stack([np.full_like(steps_N, 0.05), steps_N], 1).astype(np.float32)


def drawn(n: int = 60) -> tuple[Pixels, Pixels, list[int]]:
    """Pale blue and pale red pictures; plain and finely striped ones; which is which."""
    labels = np.arange(n) % 2
    pale = np.array([[170, 150, 230], [230, 150, 170]], np.uint8)[labels]
    coloured = np.broadcast_to(pale[:, None, None], (n, 32, 32, 3)).copy()
    stripes = 60 * labels[:, None, None, None] * (np.arange(32)[:, None] % 2)
    striped = np.broadcast_to(90 + stripes, (n, 32, 32, 3)).astype(np.uint8)
    return coloured, striped, labels.tolist()


def curves(found: tuple[Curve, ...]) -> dict[str, list[float]]:
    return {curve.kind: [score.value for score in curve.scores] for curve in found}


def test_who_goes_by_colour_fails_where_colours_are_lost_and_nowhere_else() -> None:
    coloured, _, labels = drawn()
    found = curves(robustness(by_colour, coloured, labels))
    assert found["brighter"][0] == 1
    assert found["brighter"][-1] == 0.5  # red and blue are both white
    for kind in ("blur", "jpeg", "rotation", "darker", "noise"):
        assert min(found[kind]) > 0.95


def test_who_goes_by_fine_detail_fails_where_it_is_blurred_and_not_where_it_is_dark() -> None:
    _, striped, labels = drawn()
    found = curves(robustness(by_stripes, striped, labels))
    assert found["blur"] == [1, 1, 1, 0.5, 0.5, 0.5]
    assert min(found["darker"]) == min(found["brighter"]) == 1


def test_a_curve_begins_untouched_and_has_intervals() -> None:
    coloured, _, labels = drawn(40)
    labels[:4] = [1 - label for label in labels[:4]]
    found = robustness(by_colour, coloured, labels)
    assert [curve.kind for curve in found] == list(KINDS)
    for curve in found:
        assert len(curve.scores) == 1 + STRENGTHS
        assert curve.scores[0] == share(36, 40)
        assert all(score.low <= score.value <= score.high for score in curve.scores)


def test_large_pictures_are_looked_at_by_fewer_and_small_ones_by_a_thousand() -> None:
    seen = []

    def run(images_NHWC: Pixels) -> Probabilities:
        seen.append(len(images_NHWC))
        return np.eye(2, dtype=np.float32)[np.zeros(len(images_NHWC), np.intp)]

    for side, expected in ((288, 200), (8, 1000)):
        seen.clear()
        # A view of one picture: 1,200 large ones would not fit.
        pixels = np.broadcast_to(np.uint8(9), (1200, side, side, 1))
        robustness(run, pixels, [0, 1] * 600, track=lambda items, doing, total: [])
        assert sum(seen) == expected


def test_a_clock_that_stands_still_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diptych.reporting.robustness.time.monotonic", lambda: 7.0)
    pixels = np.full((60, 8, 8, 1), 9, np.uint8)
    found = robustness(lambda x: np.eye(2, dtype=np.float32)[[0] * len(x)], pixels, [0, 1] * 30)
    assert found[0].n == 60


def test_a_slow_machine_looks_at_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def run(images_NHWC: Pixels) -> Probabilities:
        nonlocal now
        now += 0.01 * len(images_NHWC)  # 200 pictures, 36 times: more than a minute
        return np.eye(2, dtype=np.float32)[np.zeros(len(images_NHWC), np.intp)]

    monkeypatch.setattr("diptych.reporting.robustness.time.monotonic", lambda: now)
    pixels = np.broadcast_to(np.uint8(9), (1200, 288, 288, 1))
    found = robustness(run, pixels, [0, 1] * 600, track=lambda steps, doing, total: steps[:1] * 35)
    assert found[0].n == int(55 / (35 * 1.4 * 0.01)) == 112
    assert found[0].scores[0] == share(56, 112)
    assert now < 60


def test_a_sample_has_the_shares_of_the_whole() -> None:
    labels = [0] * 700 + [1] * 200 + [2] * 100
    chosen = stratified(labels, 50)
    assert len(set(chosen.tolist())) == 50
    assert np.bincount(np.asarray(labels)[chosen]).tolist() == pytest.approx([35, 10, 5], abs=1)
    assert not np.array_equal(chosen, stratified(labels, 50, seed=1))
    assert stratified(labels, 2000).tolist() == list(range(1000))

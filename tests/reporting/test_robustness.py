import numpy as np
import numpy.typing as npt
import pytest

from diptych.metrics import share
from diptych.reporting.corruptions import KINDS, STRENGTHS
from diptych.reporting.robustness import Curve, robustness, stratified

Pixels = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]


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


def curves(actual: tuple[Curve, ...]) -> dict[str, list[float]]:
    return {curve.kind: [score.value for score in curve.scores] for curve in actual}


def test_who_goes_by_colour_fails_where_colours_are_lost_and_nowhere_else() -> None:
    coloured, _, labels = drawn()
    actual = curves(robustness(by_colour, coloured, labels))
    assert actual["brighter"][0] == 1
    assert actual["brighter"][-1] == 0.5  # red and blue are both white
    for kind in ("blur", "jpeg", "rotation", "darker", "noise"):
        assert min(actual[kind]) > 0.95


def test_who_goes_by_fine_detail_fails_where_it_is_blurred_and_not_where_it_is_dark() -> None:
    _, striped, labels = drawn()
    actual = curves(robustness(by_stripes, striped, labels))
    assert actual["blur"] == [1, 1, 1, 0.5, 0.5, 0.5]
    assert min(actual["darker"]) == min(actual["brighter"]) == 1


def test_a_curve_begins_untouched_and_has_intervals() -> None:
    coloured, _, labels = drawn(40)
    labels[:4] = [1 - label for label in labels[:4]]
    actual = robustness(by_colour, coloured, labels)
    assert [curve.kind for curve in actual] == list(KINDS)
    for curve in actual:
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
    actual = robustness(lambda x: np.eye(2, dtype=np.float32)[[0] * len(x)], pixels, [0, 1] * 30)
    assert actual[0].n == 60


def test_a_slow_machine_looks_at_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def run(images_NHWC: Pixels) -> Probabilities:
        nonlocal now
        now += 0.01 * len(images_NHWC)  # 200 pictures, 36 times: more than a minute
        return np.eye(2, dtype=np.float32)[np.zeros(len(images_NHWC), np.intp)]

    monkeypatch.setattr("diptych.reporting.robustness.time.monotonic", lambda: now)
    pixels = np.broadcast_to(np.uint8(9), (1200, 32, 32, 1))
    actual = robustness(
        run, pixels, [0, 1] * 600, most=200, track=lambda steps, doing, total: steps[:1] * 35
    )
    assert actual[0].n == int(55 / (35 * 1.4 * 0.01)) == 112
    assert actual[0].scores[0] == share(56, 112)
    assert now < 60


def test_a_sample_has_the_shares_of_the_whole() -> None:
    labels = [0] * 700 + [1] * 200 + [2] * 100
    chosen = stratified(labels, 50)
    assert len(set(chosen.tolist())) == 50
    assert np.bincount(np.asarray(labels)[chosen]).tolist() == pytest.approx([35, 10, 5], abs=1)
    assert not np.array_equal(chosen, stratified(labels, 50, seed=1))
    assert stratified(labels, 2000).tolist() == list(range(1000))

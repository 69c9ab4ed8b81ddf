"""What is said of a file that was run, and when it is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from diptych.bundles.format import Bundle
from diptych.exporting.checks import Expected, check_parity, check_resizing
from diptych.exporting.row import Row
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES, NamedOutputs
from diptych.metrics import share

Pixels = npt.NDArray[np.uint8]
ONNX = Row("onnx", "fp32", ("a.onnx",))


def pictures(count: int = 50) -> Pixels:
    """Each of one grey, by which it is known."""
    return np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 2, 2, 3), np.uint8)


def expected(count: int = 50) -> Expected:
    """Two classes in turn; every fifth label is the other one."""
    likely_N = np.linspace(0.6, 0.99, count, dtype=np.float32)
    p_NK = np.stack([likely_N, 1 - likely_N], 1)
    p_NK[1::2] = p_NK[1::2, ::-1]
    targets_N = (np.arange(count) % 2) ^ (np.arange(count) % 5 == 0)
    return Expected(p_NK, np.linspace(0, 3, count, dtype=np.float32), targets_N.astype(np.intp))


class File:
    """An export that answers as it should, but for what a test changes."""

    def __init__(self, count: int = 50) -> None:
        whole = expected(count)
        self.p_NK, self.ood_score_N = whole.p_NK.copy(), whole.ood_score_N.copy()
        self.sizes: list[int] = []

    def __call__(self, pixels: npt.NDArray[Any]) -> NamedOutputs:
        self.sizes.append(len(pixels))
        which = pixels[:, 0, 0, 0]
        return {PROBABILITIES: self.p_NK[which], OOD_SCORE: self.ood_score_N[which]}


def refusal(file: File, row: Row = ONNX) -> str:
    return check_parity(row, file, pictures(), expected()).refusal


def test_a_file_that_answers_as_it_should_is_kept_with_its_accuracy() -> None:
    row = check_parity(ONNX, File(), pictures(), expected())
    assert row.refusal == ""
    assert (row.pictures, row.max_difference, row.agreement) == (50, 0, 1)
    assert row.ood_score_difference == 0
    assert row.accuracy == share(40, 50)


@pytest.mark.parametrize("count", [1, 3, 39, 40, 41, 100])
def test_batches_of_1_and_7_and_32_are_tried_however_few_pictures_there_are(count: int) -> None:
    file = File(count)
    row = check_parity(ONNX, file, pictures(count), expected(count))
    assert file.sizes[:3] == [1, 7, 32]
    assert row.pictures == count
    assert row.accuracy is not None
    assert row.accuracy.value == pytest.approx(float((np.arange(count) % 5 != 0).mean()))


def test_every_single_picture_counts() -> None:
    for wrong in range(50):
        file = File()
        file.p_NK[wrong] += np.array([2e-4, -2e-4], np.float32)
        assert refusal(file).startswith("it differs from the trained network by 0.0002 in probab")


def test_an_answer_that_is_no_number_is_refused_wherever_it_stands() -> None:
    for values in ("p_NK", "ood_score_N"):
        file = File()
        getattr(file, values)[33] = np.nan
        assert "nan" in refusal(file)
        row = check_parity(ONNX, file, pictures(), expected())
        plain = json.loads(json.dumps(row.to_json(), allow_nan=False))
        assert plain["refusal"] == row.refusal


def test_ood_score_counts_in_thresholds_and_in_shares_where_it_is_large() -> None:
    file = File()
    file.ood_score_N[49] = 3.02
    assert refusal(file) == ""
    file.ood_score_N[10] += 0.02
    assert refusal(file) == (
        "its OOD score differs by 0.02 thresholds from the bundle's (limit 0.01)"
    )


def test_a_lighter_file_may_differ_here() -> None:
    file = File()
    file.p_NK[:] = 0.5
    row = check_parity(ONNX._replace(kind="int8"), file, pictures(), expected())
    assert (row.refusal, row.agreement) == ("", 0.5)


def test_a_file_that_fails_on_some_batch_is_refused_with_what_its_runtime_says() -> None:
    def only_one(pixels: npt.NDArray[Any]) -> NamedOutputs:
        if len(pixels) > 1:
            raise RuntimeError("index 0: got 7, expected 1\nmore of it")
        return File()(pixels)

    assert check_parity(ONNX, only_one, pictures(), expected()).refusal == (
        "it cannot be run on batches of 1, 7, 32 pictures (index 0: got 7, expected 1)"
    )
    first = check_parity(ONNX, lambda pixels: File()(pixels[:1]), pictures(), expected())
    assert "the shape (4, 2), not (50, 2)" in first.refusal


def test_a_graph_that_resizes_otherwise_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(tmp_path / "a.png")
    bundle = Bundle(tmp_path, {"golden": ["a.png"], "preprocess": {"shape": [8, 8, 3]}})

    def fixed(pixels: npt.NDArray[Any]) -> NamedOutputs:
        assert pixels.shape == (1, 8, 8, 3)
        return {
            PROBABILITIES: np.array([[0.3, 0.7]], np.float32),
            OOD_SCORE: np.array([0.5], np.float32),
        }

    def resizing(p: float, ood_score: float) -> str:
        def answer(picture: npt.NDArray[Any]) -> NamedOutputs:
            assert picture.shape == (40, 60, 3)
            actual = {PROBABILITIES: np.array([[1 - p, p]], np.float32)}
            return {**actual, OOD_SCORE: np.array([ood_score], np.float32)}

        return check_resizing(ONNX, answer, fixed, bundle).refusal

    assert resizing(0.7, 0.5) == resizing(0.715, 0.54) == ""
    for p, ood_score in ((0.73, 0.5), (0.7, 0.56), (np.nan, 0.5), (0.7, np.nan)):
        said = resizing(p, ood_score)
        assert said.startswith("of a picture of 60 × 40 pixels its probabilities differ by ")
    outlier_N = np.array([700], np.float32)
    far = {PROBABILITIES: np.array([[0.3, 0.7]], np.float32)}
    # Of a great outlier a share counts: it is one either way.
    row = check_resizing(
        ONNX,
        lambda _: {**far, OOD_SCORE: outlier_N + 1},
        lambda _: {**far, OOD_SCORE: outlier_N},
        bundle,
    )
    assert row.refusal == ""

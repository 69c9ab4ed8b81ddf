from pathlib import Path

import pytest

from diptych.data.dataset import Dataset, Sample
from diptych.training.guessing import warn_of_guessing
from diptych.training.loop import EpochResult

# One in four is red: who knows that has a loss of 0.562.
LABELS = ["red", "blue", "blue", "blue"] * 5
VALID = Dataset(
    Path(), ("blue", "red"), tuple(Sample(f"{i}.png", n, Path()) for i, n in enumerate(LABELS))
)


@pytest.mark.parametrize(("best", "warns"), [(0.56, False), (0.57, True), (3e7, True)])
def test_a_training_that_came_to_nothing_is_said(
    best: float, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    losses = (best + 1, best, best + 2)
    history = [EpochResult(i, 0.1, 0.5, loss, 0.5, 1, 1, False) for i, loss in enumerate(losses)]
    warn_of_guessing(history, VALID, 10.0)
    assert [best_said in caplog.text for best_said in ("learned nothing", "(now 10)")] == [
        warns
    ] * 2

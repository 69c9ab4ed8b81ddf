from pathlib import Path
from typing import Any

import pytest

from diptych.data.dataset import Dataset, Sample
from diptych.recipe import Recipe
from diptych.training.guessing import warn_of_guessing
from diptych.training.loop import EpochResult

# One in four is red: who knows that has a loss of 0.562.
LABELS = ["red", "blue", "blue", "blue"] * 5
VALID = Dataset(
    Path(), ("blue", "red"), tuple(Sample(f"{i}.png", n, Path()) for i, n in enumerate(LABELS))
)


@pytest.mark.parametrize(
    ("best", "changes", "warns"),
    [
        (0.56, {}, False),
        (0.57, {}, True),
        (3e7, {}, True),
        # Labels smoothed by a tenth cannot be answered so surely: −ln 0.725 and −ln 0.275.
        (0.563, {"label_smoothing": 0.1}, False),
        (0.565, {"label_smoothing": 0.1}, True),
        # Where both classes weigh alike, to know nothing is to answer a half each: ln 2.
        (0.69, {"balance": "weights"}, False),
        (0.7, {"balance": "weights"}, True),
    ],
)
def test_a_training_that_came_to_nothing_is_said(
    best: float, changes: dict[str, Any], warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    losses = (best + 1, best, best + 2)
    history = [EpochResult(i, 0.1, 0.5, loss, 0.5, 1, 1, False) for i, loss in enumerate(losses)]
    plain = Recipe(learning_rate=10.0, label_smoothing=0.0, balance="none")
    warn_of_guessing(history, VALID, VALID, plain.replace(**changes))
    assert [best_said in caplog.text for best_said in ("learned nothing", "(now 10)")] == [
        warns
    ] * 2
    assert "--balance" not in caplog.text


def test_where_a_class_is_rare_the_advice_is_to_weigh_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    history = [EpochResult(1, 0.1, 0.5, 0.9, 0.5, 1, 1, False)]
    labels = ["red"] + ["blue"] * 10
    rare = VALID.with_samples(Sample(f"{i}.png", n, Path()) for i, n in enumerate(labels))
    warn_of_guessing(history, rare, VALID, Recipe())
    assert "(now 0.001), or --balance, as a class is rare" in caplog.text
    caplog.clear()
    # That a class is missing where there are few pictures tells nothing of how rare it is.
    warn_of_guessing(history, VALID, rare.with_samples(rare.samples[1:]), Recipe())
    assert "--balance" not in caplog.text

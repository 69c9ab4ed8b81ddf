"""Recipes beside each other, by how each answers for pictures that it has not seen.

The first recipe whose log loss is within a standard error of the lowest wins (after Breiman et al.
1984, section 3.4.3); the error is that of the differences, picture by picture. Letters in names: N
pictures.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics.intervals import Score, share
from diptych.recipe import Recipe
from diptych.tuning.judgement import Judgement


class Candidate(NamedTuple):
    """A recipe, and how its answers were for pictures that it had not seen."""

    recipe: Recipe
    changes: Mapping[str, Any]  # what sets it apart from the first
    accuracy: Score
    loss_N: npt.NDArray[np.float64]  # of each picture, calibrated, in nats

    @classmethod
    def of(cls, recipe: Recipe, changes: Mapping[str, Any], judgement: Judgement) -> "Candidate":
        """A recipe as it was judged."""
        loss_N, right_N = judgement
        return cls(recipe, changes, share(int(right_N.sum()), len(right_N)), loss_N)

    @property
    def log_loss(self) -> float:
        return float(self.loss_N.mean())

    def describe(self) -> str:
        """The candidate in a line."""
        return f"{_described(self)}: {self.accuracy} right, log loss {self.log_loss:.3f}"

    def to_json(self) -> dict[str, Any]:
        return {
            "changes": dict(self.changes),
            "accuracy": self.accuracy._asdict(),
            "log_loss": {"value": self.log_loss},
        }


def first_within_noise(candidates: Sequence[Candidate]) -> tuple[Candidate, str]:
    """The first of the candidates that is within noise of the best; and why."""
    best = min(candidates, key=lambda one: one.log_loss)
    for one in candidates:
        gap_N = one.loss_N - best.loss_N
        error = float(gap_N.std()) / np.sqrt(len(gap_N))
        if gap_N.mean() <= error:
            break
    name = _described(one)
    if one is best:
        return one, f"{name} has the lowest log loss, and none before it is within noise of that"
    return one, (
        f"{name} is the first within noise of the lowest log loss, that of {_described(best)} "
        f"({best.log_loss:.3f}; {gap_N.mean():+.3f} ± {error:.3f})"
    )


def _described(one: Candidate) -> str:
    return ", ".join(_said(key, value) for key, value in one.changes.items())


def _said(key: str, value: Any) -> str:
    if key == "network":
        return str(value)
    return f"{key} {value}" if isinstance(value, str) else f"{key} {value:g}"

"""A report: all that is known of how good a classifier is, where it fails and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from diptych.bundles.scoring import MADE_WITH
from diptych.images.preprocess import Pixels
from diptych.images.store import Store
from diptych.metrics import Score, Scores
from diptych.metrics.predictions import Predictions
from diptych.metrics.probabilities import Probabilities
from diptych.reporting.label_issues import Suspicion
from diptych.reporting.learning_curve import LearningCurve
from diptych.reporting.mistakes import Confusion, Outcome
from diptych.reporting.neighbours import Neighbour
from diptych.reporting.robustness import Curve
from diptych.reporting.slices import Slices


@dataclass(frozen=True)
class Report:
    """What the answers for some pictures tell of a classifier, and what it tells of itself.

    What has a default is not known of every classifier, see `evidence`.
    """

    facts: Mapping[str, Any]  # what its bundle says
    predictions: Predictions
    store: Store  # has the pixels of the pictures
    scores: Scores
    mistakes: tuple[Outcome, ...]  # the most confident first
    worst: tuple[Outcome, ...]  # the least probable labels, mistakes or not
    confusions: tuple[Confusion, ...]
    suspicions: tuple[Suspicion, ...]
    slices: Slices
    baseline: Score | None = None  # accuracy of the linear classifier
    uncalibrated_NK: Probabilities | None = None
    learning_curve: LearningCurve | None = None
    robustness: tuple[Curve, ...] = ()
    neighbours: Mapping[str, Sequence[Neighbour]] = field(default_factory=dict)  # of mistakes
    neighbours_note: str = ""  # among how few they were looked for, or why there are none
    heatmaps: Mapping[str, Pixels] = field(default_factory=dict)  # over mistakes, by name
    history: Sequence[Mapping[str, float]] = ()  # epochs

    @property
    def n(self) -> int:
        """How many pictures were answered."""
        return len(self.predictions.dataset)

    @property
    def left_out(self) -> str:
        """What a test leaves out because it is known to the classifier, as far as can be told."""
        dataset = self.predictions.dataset
        count = sum(stray.reason == MADE_WITH for stray in dataset.strays)
        those = f"Left out of it: {count:,} that it was made with, or that belong to such."
        return " ".join(filter(None, [those if count else "", dataset.caveat]))

"""A review: how good a classifier is, where it fails, and what to do first.

It is made of the answers for pictures that took no part in the making, and as much more as is at
hand: when a classifier was just trained, or by a bundle (`reporting.bundled`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from diptych.images.cache import Store
from diptych.images.preprocess import Pixels
from diptych.metrics import Score, Scores
from diptych.metrics.predictions import Predictions
from diptych.metrics.probabilities import Probabilities
from diptych.reliability.ood import fewest_to_accept
from diptych.reporting.analysis import (
    CERTAIN,
    Answer,
    Confusion,
    Slices,
    Suspicion,
    column_facts,
    confused_pairs,
    fisher,
    most_wrong,
    picture_facts,
    slices,
    suspicious_labels,
    worst,
)
from diptych.reporting.learning_curve import LearningCurve
from diptych.reporting.robustness import Curve

# Mistakes that are shown, and suspicious labels.
SHOWN = 12
# How far probabilities may be off, at least, before it is worth a word.
OFF = 0.03


class Near(NamedTuple):
    """A training picture that looks like another one to the network."""

    name: str
    label: str
    digest: str
    similarity: float  # the cosine of the features


@dataclass(frozen=True)
class Review:
    """What is known of a classifier. `facts` is what its bundle says."""

    facts: Mapping[str, Any]
    predictions: Predictions
    store: Store  # has the pixels of the pictures
    scores: Scores
    wrong: tuple[Answer, ...]  # mistakes, the most confident first
    worst: tuple[Answer, ...]  # the least probable labels, mistakes or not
    pairs: tuple[Confusion, ...]
    suspicions: tuple[Suspicion, ...]
    slices: Slices
    baseline: Score | None = None  # accuracy of the linear classifier
    uncalibrated_NK: Probabilities | None = None
    curve: LearningCurve | None = None
    robustness: tuple[Curve, ...] = ()
    near: Mapping[str, Sequence[Near]] = field(default_factory=dict)  # of mistakes, by name
    near_note: str = ""  # among how few they were looked for, or why there are none
    heat: Mapping[str, Pixels] = field(default_factory=dict)  # overlays of mistakes, by name
    history: Sequence[Mapping[str, float]] = ()  # epochs

    @property
    def n(self) -> int:
        """How many pictures were answered."""
        return len(self.predictions.dataset)


def review(predictions: Predictions, store: Store, facts: Mapping[str, Any]) -> Review:
    """What the answers alone tell; `dataclasses.replace` adds what else is known."""
    dataset = predictions.dataset
    return Review(
        facts,
        predictions,
        store,
        predictions.scores(),
        most_wrong(predictions, SHOWN),
        worst(predictions, SHOWN),
        confused_pairs(predictions, SHOWN),
        suspicious_labels(predictions),
        slices(predictions, {**column_facts(dataset), **picture_facts(dataset, store)}),
    )


class Advice(NamedTuple):
    """Something to do, and why."""

    what: str
    why: str


def advice(found: Review) -> list[Advice]:
    """What to do first, the most worthwhile first; never empty."""
    return [said for way in _WAYS for said in way(found)] or [
        Advice(
            "Nothing stands out.",
            "Look at the mistakes below, and test it on pictures from where it will be used.",
        )
    ]


def _no_better_than_colours(found: Review) -> list[Advice]:
    if found.baseline is None or found.scores.accuracy.low > found.baseline.value:
        return []
    return [
        Advice(
            "Do not use it yet.",
            f"It is right on {found.scores.accuracy}; a linear classifier on the mean colours of a "
            f"grid reaches {found.baseline}: it may be just as good.",
        )
    ]


def _wrong_labels(found: Review) -> list[Advice]:
    n = len(found.suspicions)
    if not n:
        return []
    one = n == 1
    return [
        Advice(
            "Check one label." if one else f"Check {n:,} labels.",
            f"{'A test picture' if one else f'{n:,} test pictures'} may be in the wrong class, "
            "shown below. Wrong labels make the score worse than the classifier is.",
        )
    ]


def _slices(found: Review) -> list[Advice]:
    if not found.slices.found:
        return []
    worst_two = "; ".join(map(str, found.slices.found[:2]))
    return [
        Advice(
            "Add pictures of the kind it fails on.",
            f"{worst_two[0].upper()}{worst_two[1:]}: worse than chance explains.",
        )
    ]


def _weak_class(found: Review) -> list[Advice]:
    scored = {label: s for label, s in found.scores.per_class.items() if s.n}
    label = min(scored, key=lambda label: scored[label].recall.value)
    recall, n = scored[label].recall, scored[label].n
    every, missed = found.scores.n, round(n * (1 - recall.value))
    wrong = every - sum(row[k] for k, row in enumerate(found.scores.confusion))
    # It was looked for among all classes.
    if fisher(missed, n, wrong, every) * len(scored) >= CERTAIN:
        return []
    taken = next((pair for pair in found.pairs if pair.label == label), None)
    mostly = f", mostly taken for {taken.answer}" if taken else ""
    return [
        Advice(
            f"Look at the class {label}.",
            f"Only {recall} of its pictures are recognised{mostly}: fewer than of the others, by "
            "more than chance explains.",
        )
    ]


def _too_few_to_tell(found: Review) -> list[Advice]:
    low, high = found.scores.accuracy.low, found.scores.accuracy.high
    if high - low < 0.05:
        return []
    # The width of an interval shrinks with the square root of the number of pictures.
    needed = round(found.n * ((high - low) / 0.05) ** 2, -2)
    return [
        Advice(
            "Test on more pictures.",
            f"{found.n:,} leave it open whether it is right on {100 * low:.0f} or "
            f"{100 * high:.0f} % of new ones; about {needed:,.0f} would narrow that to 5 points.",
        )
    ]


def _more_to_learn_from(found: Review) -> list[Advice]:
    if found.curve is None or not found.curve.helps:
        return []
    return [Advice("Collect more pictures.", str(found.curve))]


def _too_few_to_refuse(found: Review) -> list[Advice]:
    facts, valid = found.facts["ood"], found.facts["data"]["valid"]
    if facts is None or valid >= (needed := fewest_to_accept(facts["acceptance"])):
        return []
    return [
        Advice(
            "Do not rely on “none of these” yet.",
            f"Its limit was set by {valid:,} validation pictures; to keep "
            f"{100 * facts['acceptance']:.0f} % of known pictures takes at least {needed:,}.",
        )
    ]


def _not_calibrated(found: Review) -> list[Advice]:
    error = found.scores.calibration_error
    if error.low < OFF:
        return []
    return [
        Advice(
            "Do not take its probabilities literally.",
            f"On average they are {100 * error.value:.0f} points away from how often it is right.",
        )
    ]


def _frail(found: Review) -> list[Advice]:
    lost = [curve for curve in found.robustness if curve.scores[2].high < curve.scores[0].low]
    if not lost:
        return []
    kinds = ", ".join(curve.kind for curve in lost)
    return [
        Advice(
            f"Beware of {kinds}.",
            "A little of it costs more right answers than chance explains (see “Worse pictures”): "
            "add such pictures to the training.",
        )
    ]


_WAYS: tuple[Callable[[Review], list[Advice]], ...] = (
    _no_better_than_colours,
    _wrong_labels,
    _slices,
    _weak_class,
    _too_few_to_refuse,
    _not_calibrated,
    _more_to_learn_from,
    _frail,
    _too_few_to_tell,
)

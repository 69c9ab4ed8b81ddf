"""What to do first about a classifier, from a report on it."""

from collections.abc import Callable
from typing import NamedTuple

from diptych.auditing.checks.label_names import IMBALANCE
from diptych.reliability.ood import NO_SCORE, NONE
from diptych.reliability.ranks import fewest
from diptych.reporting.report import Report
from diptych.reporting.slices import FAMILYWISE_ERROR, fisher_p

# How far probabilities may be off, at least, before it is worth a word.
OFF = 0.03
# The share of a rare class that has to be recognised.
FOUND = 0.5


class Advice(NamedTuple):
    """Something to do, and why."""

    what: str
    why: str


def advice(report: Report) -> list[Advice]:
    """What to do first, the most worthwhile first; never empty."""
    return [advice for check in _CHECKS for advice in check(report)] or [
        Advice(
            "Nothing stands out.",
            "Look at the mistakes, and test it on pictures from where it will be used.",
        )
    ]


def _no_better_than_colours(report: Report) -> list[Advice]:
    if report.baseline is None or report.scores.accuracy.low > report.baseline.value:
        return []
    return [
        Advice(
            "Do not use it yet.",
            f"It is right on {report.scores.accuracy}; a linear classifier on the mean colours of "
            f"a grid reaches {report.baseline}: it may be just as good.",
        )
    ]


def _wrong_labels(report: Report) -> list[Advice]:
    n = len(report.suspicions)
    if not n:
        return []
    one = n == 1
    return [
        Advice(
            "Check one label." if one else f"Check {n:,} labels.",
            f"{'A test picture' if one else f'{n:,} test pictures'} may be in the wrong class; "
            "the report shows them. Wrong labels make the score worse than the classifier is.",
        )
    ]


def _slices(report: Report) -> list[Advice]:
    if not report.slices.significant:
        return []
    worst_two = "; ".join(map(str, report.slices.significant[:2]))
    return [
        Advice(
            "Add pictures of the kind it fails on.",
            f"{worst_two[0].upper()}{worst_two[1:]}: worse than chance explains.",
        )
    ]


def _rare_class(report: Report) -> list[Advice]:
    """Whoever learns to be right most often has little use for a class of few pictures."""
    # Of other pictures than those it was made of it is not known how rare its classes were.
    if report.baseline is None or report.facts["recipe"].get("balance", "none") != "none":
        return []
    scored = {label: s for label, s in report.scores.per_class.items() if s.n}
    most = max(s.n for s in scored.values())
    missed = {
        label: s.recall
        for label, s in scored.items()
        if most >= IMBALANCE * s.n and s.recall.high < FOUND
    }
    if not missed:
        return []
    label = min(missed, key=lambda label: missed[label].value)
    return [
        Advice(
            "Train again with --balance.",
            f"The class {label} is rare, and {missed[label]} of its pictures are recognised. Where "
            "classes weigh alike, more of the rare ones are found, and some of the others are not.",
        )
    ]


def _weak_class(report: Report) -> list[Advice]:
    scored = {label: s for label, s in report.scores.per_class.items() if s.n}
    label = min(scored, key=lambda label: scored[label].recall.value)
    recall, n = scored[label].recall, scored[label].n
    every, missed = report.scores.n, round(n * (1 - recall.value))
    wrong = every - sum(row[k] for k, row in enumerate(report.scores.confusion))
    # It was looked for among all classes.
    if fisher_p(missed, n, wrong, every) * len(scored) >= FAMILYWISE_ERROR:
        return []
    confusion = next((pair for pair in report.confusions if pair.label == label), None)
    mostly = f", mostly taken for {confusion.answer}" if confusion else ""
    return [
        Advice(
            f"Look at the class {label}.",
            f"Only {recall} of its pictures are recognised{mostly}: fewer than of the others, by "
            "more than chance explains.",
        )
    ]


def _too_few_to_tell(report: Report) -> list[Advice]:
    low, high = report.scores.accuracy.low, report.scores.accuracy.high
    if high - low < 0.05:
        return []
    # The width of an interval shrinks with the square root of the number of pictures.
    needed = round(report.n * ((high - low) / 0.05) ** 2, -2)
    return [
        Advice(
            "Test on more pictures.",
            f"{report.n:,} leave it open whether it is right on {100 * low:.0f} or "
            f"{100 * high:.0f} % of new ones; about {needed:,.0f} would narrow that to 5 points."
            f"{_of_others_in_turn(report)}",
        )
    ]


def _of_others_in_turn(report: Report) -> str:
    """A word on cross-validation, where there was a training that can have it, and had none."""
    facts = report.facts
    # Of other pictures than those it was made of there is no baseline.
    if report.baseline is None or facts.get("cross_validation") or facts.get("continues"):
        return ""
    # Of a class with fewer test pictures there may be too few others for five folds.
    if any(scores.n < 2 for scores in report.scores.per_class.values()):
        return ""
    return " `train --cv 5` tests the recipe on every other picture in turn."


def _more_to_learn_from(report: Report) -> list[Advice]:
    if report.learning_curve is None or not report.learning_curve.helps:
        return []
    return [Advice("Collect more pictures.", str(report.learning_curve))]


def _too_few_to_refuse(report: Report) -> list[Advice]:
    facts, valid = report.facts["ood"], report.facts["data"]["valid"]
    if facts is not None and facts["method"] == NONE:
        return [Advice("Do not show it pictures of something else.", NO_SCORE)]
    if facts is None or valid >= (needed := fewest(facts["acceptance"])):
        return []
    return [
        Advice(
            "Do not rely on “none of these” yet.",
            f"Its limit was set by {valid:,} validation pictures; to keep "
            f"{100 * facts['acceptance']:.0f} % of known pictures takes at least {needed:,}.",
        )
    ]


def _not_calibrated(report: Report) -> list[Advice]:
    error = report.scores.calibration_error
    if error.low < OFF:
        return []
    return [
        Advice(
            "Do not take its probabilities literally.",
            f"On average they are {100 * error.value:.0f} points away from how often it is right.",
        )
    ]


def _frail(report: Report) -> list[Advice]:
    lost = [curve for curve in report.robustness if curve.scores[2].high < curve.scores[0].low]
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


_CHECKS: tuple[Callable[[Report], list[Advice]], ...] = (
    _no_better_than_colours,
    _wrong_labels,
    _slices,
    _rare_class,
    _weak_class,
    _too_few_to_refuse,
    _not_calibrated,
    _more_to_learn_from,
    _frail,
    _too_few_to_tell,
)

"""A report as a page: is it good, how sure are we, what to do first; then everything else."""

import importlib.metadata
import importlib.util
from collections.abc import Iterator
from typing import Any

from diptych.bundles.facts import set_coverage
from diptych.bundles.model_card import calibrated_by, parts_apart
from diptych.errors import MissingExtra
from diptych.images.preprocess import Pixels, thumbnail
from diptych.metrics import percent
from diptych.reliability.diagram import (
    calibration_error_by_chance,
    expected_calibration_error,
    reliability_diagram,
)
from diptych.reporting.advice import advice
from diptych.reporting.mistakes import Outcome
from diptych.reporting.ood_section import ood_section
from diptych.reporting.pages import SMALL, page, picture_url
from diptych.reporting.percent import percents
from diptych.reporting.plots import Bar, Line, intervals, lines
from diptych.reporting.report import Report

# What a report needs of the extra "report".
PACKAGES = ("jinja2", "matplotlib", "scipy")
# Larger confusion matrices are too wide to read; the most confused pairs say the same.
CONFUSION_CLASSES = 20


def can_write_reports() -> bool:
    """Whether the extra "report" is installed."""
    return all(importlib.util.find_spec(package) for package in PACKAGES)


def refuse_without_reports() -> None:
    """Raise MissingExtra where the extra "report" is missing, before any work is done for it."""
    for package in PACKAGES:
        if not importlib.util.find_spec(package):
            raise MissingExtra(package, "report")


def report_page(report: Report, title: str) -> str:
    """The whole page as HTML: a file of its own that needs nothing else."""
    facts, scores = report.facts, report.scores
    return page(
        "report.html",
        {
            "title": title,
            "diptych": importlib.metadata.version("diptych"),
            "accuracy": percent(scores.accuracy.value),
            "n": f"{report.n:,}",
            "low": percent(scores.accuracy.low),
            "high": percent(scores.accuracy.high),
            "baseline": report.baseline and percent(report.baseline.value),
            "cross_validation": facts.get("cross_validation"),
            "wrong": _wrong(report),
            "advice": advice(report),
            "left_out": report.left_out,
            "scores": list(_scores(report)),
            "method": scores.method,
            "classes": [(label, s) for label, s in scores.per_class.items() if s.n],
            "recalls": _recalls(report),
            "confusion": _confusion(report),
            "confusions": report.confusions,
            "neighbours_note": report.neighbours_note,
            "columns": list(report.predictions.dataset.columns),
            "mistakes": [_mistake(report, mistake) for mistake in report.mistakes],
            "worst": report.worst,
            "suspicions": [
                {**_picture(report, one.name), "label": one.label, "likely": one.likely}
                for one in report.suspicions[:8]
            ],
            "suspicion_count": f"{len(report.suspicions):,}",
            "more_suspicions": len(report.suspicions) > 8,
            "slices": report.slices,
            "calibration": _calibration(report),
            "ood": ood_section(report),
            "prediction_sets": _prediction_sets(report),
            "learning_curve": _learning_curve(report),
            "by_numbers": bool(report.predictions.dataset.shape),
            "robustness": _robustness(report),
            "history": _history(report),
            "facts": facts,
            "apart": parts_apart(facts["data"]),
            "recipe": "\n".join(f"{key} = {value}" for key, value in facts["recipe"].items()),
            "versions": ", ".join(f"{n} {v}" for n, v in facts["versions"].items()),
        },
    )


def _wrong(report: Report) -> dict[str, str]:
    """How many answers are wrong, and that in words."""
    count = int((~report.predictions.right()).sum())
    words = f"{count:,} {'was' if count == 1 else 'were'} wrong" if count else "none was wrong"
    one_in = round(report.n / max(count, 1))
    return {
        "count": f"{count:,}",
        "words": words + (f", about 1 in {one_in:,}" if count > 1 and one_in > 1 else ""),
    }


def _scores(report: Report) -> Iterator[tuple[str, str, str]]:
    """Each score: what it is called, its value with its interval, what it means."""
    scores = report.scores
    yield "accuracy", str(scores.accuracy), "the share of pictures answered rightly"
    yield "balanced accuracy", str(scores.balanced_accuracy), "the same, with classes weighed alike"
    for k, top in scores.top_k.items():
        yield f"top-{k} accuracy", str(top), f"the label is among the {k} likeliest answers"
    yield "macro precision", str(scores.macro_precision), "how far answers hold, by class"
    yield "macro recall", str(scores.macro_recall), "how many are recognised: balanced accuracy"
    yield "macro F1", str(scores.macro_f1), "precision and recall in one, classes weighed alike"
    weighed = "the same, classes weighed by their pictures"
    yield "weighted precision", str(scores.weighted_precision), weighed
    yield "weighted recall", str(scores.weighted_recall), weighed
    yield "weighted F1", str(scores.weighted_f1), weighed
    if scores.roc_auc:
        yield "ROC-AUC", str(scores.roc_auc), "how well classes are told apart at any threshold"
    if scores.average_precision:
        yield "average precision", str(scores.average_precision), "the area under precision–recall"
    yield "log loss", str(scores.log_loss), "nats a picture; 0 is best, sure mistakes cost most"
    yield "Brier score", str(scores.brier), "squared error of the probabilities; 0 is best"
    yield (
        "calibration error",
        str(scores.calibration_error),
        "how far confidence and share of right answers are apart, less what chance adds",
    )


def _recalls(report: Report) -> dict[str, str]:
    present = {label: s for label, s in report.scores.per_class.items() if s.n}
    weakest = sorted(present, key=lambda label: present[label].recall.value)[:CONFUSION_CLASSES]
    bars = [Bar(label, *(100 * value for value in present[label].recall)) for label in weakest]
    says = "; ".join(f"{label} {present[label].recall}" for label in weakest)
    title = "How many pictures of each class are recognised"
    return {"plot": intervals(bars, title, "recall, %"), "says": f"{title}: {says}."}


def _confusion(report: Report) -> dict[str, Any] | None:
    classes = list(report.scores.per_class)
    if len(classes) > CONFUSION_CLASSES:
        return None
    rows = []
    for i, (label, counts) in enumerate(zip(classes, report.scores.confusion, strict=True)):
        total = max(sum(counts), 1)
        cells = [
            {"count": f"{n:,}", "share": round(100 * n / total), "right": i == j}
            for j, n in enumerate(counts)
        ]
        rows.append((label, cells))
    return {"classes": classes, "rows": rows}


def _mistake(report: Report, mistake: Outcome) -> dict[str, Any]:
    heatmap = report.heatmaps.get(mistake.name)
    return {
        **_picture(report, mistake.name),
        "label": mistake.label,
        "answer": mistake.answer,
        "p": percent(mistake.p_answer),
        "heatmap": None if heatmap is None else picture_url(thumbnail(heatmap)),
        "near": [
            {"name": n.name, "label": n.label, "url": _url(report, n.digest)}
            for n in report.neighbours.get(mistake.name, ())
        ],
    }


def _picture(report: Report, name: str) -> dict[str, Any]:
    sample = next(s for s in report.predictions.dataset.samples if s.name == name)
    facts = report.store.facts(sample.digest)
    pixels = report.store.read([sample.digest])[0]
    return {
        "name": name,
        "url": picture_url(thumbnail(pixels)),
        # Pixels are squashed to a square; a browser gives them their own sides back.
        "width": facts["width"],
        "height": facts["height"],
        "small": max(pixels.shape[:2]) <= SMALL,
    }


def _url(report: Report, digest: str) -> str | None:
    if not report.store.has_row(digest):
        return None
    pixels: Pixels = report.store.read([digest])[0]
    return picture_url(thumbnail(pixels, 96))


def _calibration(report: Report) -> dict[str, str]:
    p_NK, labels = report.predictions.probabilities_NK, report.predictions.dataset.targets()
    answers = [("its probabilities", p_NK)]
    if report.uncalibrated_NK is not None:
        answers = [("before calibration", report.uncalibrated_NK), ("calibrated", p_NK)]
    plotted = [Line("exactly true", [0, 100], [0, 100], style="--")]
    for name, p in answers:
        bins = reliability_diagram(p, labels)
        x, y = ([100 * value for value in values] for values in (bins.confidence, bins.right))
        plotted.append(Line(name, x, y))
    lowest = min(min(line.x) for line in plotted[1:])
    plotted[0] = plotted[0]._replace(x=[lowest, 100], y=[lowest, 100])
    error, chance = expected_calibration_error(p_NK, labels), calibration_error_by_chance(p_NK)
    # Equal errors may differ in the last bit: both are sums over the same bins.
    verdict = "no more than" if error <= chance + 1e-9 else "more than"
    title = "Confidence, and how often it was right"
    return {
        "plot": lines(plotted, title, "confidence of the answer, %", "right answers, %"),
        "says": (
            f"Confidence and the share of right answers are {100 * error:.1f} points apart on "
            f"average, {verdict} chance makes of exactly true probabilities on as many pictures "
            f"(up to {100 * chance:.1f}). {calibrated_by(report.facts['calibration'])}."
        ),
    }


def _prediction_sets(report: Report) -> str:
    facts = report.facts["prediction_sets"]
    coverage, size = set_coverage(report.predictions, facts["conformal_threshold"])
    return (
        f"Every answer comes with the set of classes that are likely enough. It is made to hold "
        f"the right one for {percent(facts['coverage'])} of pictures; here it did for "
        f"{coverage}, with {size:.2f} classes on average."
    )


def _learning_curve(report: Report) -> dict[str, str] | None:
    if report.learning_curve is None:
        return None
    counts, scores = report.learning_curve.counts, report.learning_curve.scores
    title = "Accuracy and number of training pictures"
    line = Line("accuracy", counts, *percents(scores))
    points = "; ".join(f"{n:,}: {percent(s.value)}" for n, s in zip(counts, scores, strict=True))
    return {
        "plot": lines([line], title, "training pictures", "validation accuracy, %"),
        "says": f"{report.learning_curve} Accuracy by number of training pictures: {points}.",
    }


def _robustness(report: Report) -> dict[str, str] | None:
    if not report.robustness:
        return None
    strengths = list(range(len(report.robustness[0].scores)))
    plotted = [
        Line(curve.kind, strengths, percents(curve.scores)[0]) for curve in report.robustness
    ]
    title = "Accuracy on pictures that were made worse"
    first = report.robustness[0]
    says = "; ".join(f"{curve.kind} {curve.scores[-1]}" for curve in report.robustness)
    return {
        "plot": lines(plotted, title, "strength, as in ImageNet-C", "accuracy, %"),
        "says": (
            f"Of {first.n:,} pictures {first.scores[0]} are answered rightly as they are; at the "
            f"strongest: {says}."
        ),
    }


def _history(report: Report) -> dict[str, str] | None:
    if len(report.history) < 2:
        return None
    numbers = [epoch["number"] for epoch in report.history]
    plotted = [
        Line("training", numbers, [epoch["loss"] for epoch in report.history]),
        Line("validation", numbers, [epoch["valid_loss"] for epoch in report.history]),
    ]
    best = min(report.history, key=lambda epoch: epoch["valid_loss"])
    return {
        "plot": lines(plotted, "Loss of each epoch", "epoch", "loss, nats a picture"),
        "says": (
            f"Of {len(numbers)} epochs number {best['number']:.0f} was the best on the validation "
            f"pictures and was kept ({percent(best['valid_accuracy'])} right)."
        ),
    }

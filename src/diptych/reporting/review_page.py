"""A review as a page: is it good, how sure are we, what to do first; then everything else."""

import importlib.metadata
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from diptych.bundles.model_card import calibrated_by
from diptych.images.preprocess import Pixels, thumbnail
from diptych.metrics import Score, share
from diptych.reliability.calibration import (
    calibration_error,
    perfect_calibration_error,
    reliability,
)
from diptych.reliability.conformal import prediction_sets
from diptych.reporting.analysis import Answer
from diptych.reporting.pages import SMALL, page, picture_url
from diptych.reporting.plots import Bar, Line, histograms, intervals, lines
from diptych.reporting.review import Review, advice

# Larger confusion matrices are too wide to read; the most confused pairs say the same.
CONFUSION_CLASSES = 20


def review_page(found: Review, title: str) -> str:
    """The whole page as HTML: a file of its own that needs nothing else."""
    facts, scores = found.facts, found.scores
    return page(
        "review.html",
        {
            "title": title,
            "diptych": importlib.metadata.version("diptych"),
            "accuracy": _percent(scores.accuracy.value),
            "n": f"{found.n:,}",
            "low": _percent(scores.accuracy.low),
            "high": _percent(scores.accuracy.high),
            "baseline": found.baseline and _percent(found.baseline.value),
            "wrong": _wrong(found),
            "advice": advice(found),
            "scores": list(_scores(found)),
            "method": scores.method,
            "classes": [(label, s) for label, s in scores.per_class.items() if s.n],
            "recalls": _recalls(found),
            "confusion": _confusion(found),
            "pairs": found.pairs,
            "near_note": found.near_note,
            "columns": list(found.predictions.dataset.columns),
            "mistakes": [_mistake(found, answer) for answer in found.wrong],
            "worst": found.worst,
            "suspicions": [
                {**_picture(found, one.name), "label": one.label, "likely": one.likely}
                for one in found.suspicions[:8]
            ],
            "suspicion_count": f"{len(found.suspicions):,}",
            "more_suspicions": len(found.suspicions) > 8,
            "slices": found.slices,
            "calibration": _calibration(found),
            "ood": _ood(found),
            "prediction_sets": _sets(found),
            "curve": _curve(found),
            "by_numbers": bool(found.predictions.dataset.shape),
            "robustness": _robustness(found),
            "history": _history(found),
            "facts": facts,
            "recipe": "\n".join(f"{key} = {value}" for key, value in facts["recipe"].items()),
            "versions": ", ".join(f"{n} {v}" for n, v in facts["made_with"].items()),
        },
    )


def _wrong(found: Review) -> dict[str, str]:
    """How many answers are wrong, and that in words."""
    count = int((~found.predictions.right()).sum())
    said = f"{count:,} {'was' if count == 1 else 'were'} wrong" if count else "none was wrong"
    one_in = round(found.n / max(count, 1))
    return {"count": f"{count:,}", "said": said + (f", about 1 in {one_in:,}" if count > 1 else "")}


def _scores(found: Review) -> Iterator[tuple[str, str, str]]:
    """Each score: what it is called, its value with its interval, what it means."""
    scores = found.scores
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


def _recalls(found: Review) -> dict[str, str]:
    present = {label: s for label, s in found.scores.per_class.items() if s.n}
    shown = sorted(present, key=lambda label: present[label].recall.value)[:CONFUSION_CLASSES]
    bars = [Bar(label, *(100 * value for value in present[label].recall)) for label in shown]
    says = "; ".join(f"{label} {present[label].recall}" for label in shown)
    title = "How many pictures of each class are recognised"
    return {"plot": intervals(bars, title, "recall, %"), "says": f"{title}: {says}."}


def _confusion(found: Review) -> dict[str, Any] | None:
    classes = list(found.scores.per_class)
    if len(classes) > CONFUSION_CLASSES:
        return None
    rows = []
    for i, (label, counts) in enumerate(zip(classes, found.scores.confusion, strict=True)):
        total = max(sum(counts), 1)
        cells = [
            {"count": f"{n:,}", "share": round(100 * n / total), "right": i == j}
            for j, n in enumerate(counts)
        ]
        rows.append((label, cells))
    return {"classes": classes, "rows": rows}


def _mistake(found: Review, answer: Answer) -> dict[str, Any]:
    heat = found.heat.get(answer.name)
    return {
        **_picture(found, answer.name),
        "label": answer.label,
        "answer": answer.answer,
        "p": _percent(answer.p_answer),
        "heat": None if heat is None else picture_url(thumbnail(heat)),
        "near": [
            {"name": n.name, "label": n.label, "url": _url(found, n.digest)}
            for n in found.near.get(answer.name, ())
        ],
    }


def _picture(found: Review, name: str) -> dict[str, Any]:
    sample = next(s for s in found.predictions.dataset.samples if s.name == name)
    facts = found.store.facts(sample.digest)
    pixels = found.store.read([sample.digest])[0]
    return {
        "name": name,
        "url": picture_url(thumbnail(pixels)),
        # Pixels are squashed to a square; a browser gives them their own sides back.
        "width": facts["width"],
        "height": facts["height"],
        "small": max(pixels.shape[:2]) <= SMALL,
    }


def _url(found: Review, digest: str) -> str | None:
    if not found.store.has_row(digest):
        return None
    pixels: Pixels = found.store.read([digest])[0]
    return picture_url(thumbnail(pixels, 96))


def _calibration(found: Review) -> dict[str, str]:
    p_NK, labels = found.predictions.probabilities_NK, found.predictions.dataset.targets()
    answers = [("its probabilities", p_NK)]
    if found.uncalibrated_NK is not None:
        answers = [("before calibration", found.uncalibrated_NK), ("calibrated", p_NK)]
    drawn = [Line("exactly true", [0, 100], [0, 100], style="--")]
    for name, p in answers:
        bins = reliability(p, labels)
        x, y = ([100 * value for value in values] for values in (bins.confidence, bins.right))
        drawn.append(Line(name, x, y))
    lowest = min(min(line.x) for line in drawn[1:])
    drawn[0] = drawn[0]._replace(x=[lowest, 100], y=[lowest, 100])
    error, chance = calibration_error(p_NK, labels), perfect_calibration_error(p_NK)
    # Equal errors may differ in the last bit: both are sums over the same bins.
    verdict = "no more than" if error <= chance + 1e-9 else "more than"
    title = "Confidence, and how often it was right"
    return {
        "plot": lines(drawn, title, "confidence of the answer, %", "right answers, %"),
        "says": (
            f"Confidence and the share of right answers are {100 * error:.1f} points apart on "
            f"average, {verdict} chance makes of exactly true probabilities on as many pictures "
            f"(up to {100 * chance:.1f}). {calibrated_by(found.facts['calibration'])}."
        ),
    }


def _ood(found: Review) -> dict[str, Any] | None:
    ood_score_N = found.predictions.ood_score_N
    if ood_score_N is None:
        return None
    facts = found.facts["ood"]
    # Far outliers would squeeze the rest into a corner.
    shown = {"pictures of the test": np.minimum(ood_score_N, 3).tolist()}
    title = "How strange the pictures are"
    refused = int((ood_score_N > 1).sum())
    by_score = facts["synthetic_outliers"]
    chosen, plain = (
        {name: Score(**score) for name, score in by_score[kind].items()}
        for kind in (facts["score"], "probability")
    )
    return {
        "plot": histograms(
            shown, title, "OOD score; right of the line: none of these", "pictures", 1
        ),
        "says": (
            f"{refused:,} of the {found.n:,} pictures would be answered “none of these”; it is "
            f"set so that {_percent(facts['acceptance'])} of known pictures are not. Of the others "
            f"{found.predictions.accuracy_in_distribution()} are answered rightly."
        ),
        "chosen": (
            f"Four scores were compared on drawn outliers (noise, clouds, stripes, shapes, "
            f"scribbles). Kept: {facts['score']}, which told {chosen['auroc']} of pairs of a "
            f"outlier and a known picture apart and refused {chosen['rejection']} of the outliers. "
            f"By the largest probability, as most tools have it: {plain['auroc']} and "
            f"{plain['rejection']}."
        ),
    }


def _sets(found: Review) -> str:
    facts = found.facts["prediction_sets"]
    sets_NK = prediction_sets(found.predictions.probabilities_NK, facts["conformal_threshold"])
    targets = found.predictions.dataset.targets()
    held = share(int(sets_NK[np.arange(len(sets_NK)), targets].sum()), len(sets_NK))
    return (
        f"Every answer comes with the set of classes that are likely enough. It is made to hold "
        f"the right one for {_percent(facts['coverage'])} of pictures; here it did for "
        f"{held}, with {sets_NK.sum(1).mean():.2f} classes on average."
    )


def _curve(found: Review) -> dict[str, str] | None:
    if found.curve is None:
        return None
    counts, scores = found.curve.counts, found.curve.scores
    title = "Accuracy and number of training pictures"
    line = Line("accuracy", counts, *_percents(scores))
    points = "; ".join(f"{n:,}: {_percent(s.value)}" for n, s in zip(counts, scores, strict=True))
    return {
        "plot": lines([line], title, "training pictures", "validation accuracy, %"),
        "says": f"{found.curve} Accuracy by number of training pictures: {points}.",
    }


def _robustness(found: Review) -> dict[str, str] | None:
    if not found.robustness:
        return None
    strengths = list(range(len(found.robustness[0].scores)))
    drawn = [Line(curve.kind, strengths, _percents(curve.scores)[0]) for curve in found.robustness]
    title = "Accuracy on pictures that were made worse"
    first = found.robustness[0]
    says = "; ".join(f"{curve.kind} {curve.scores[-1]}" for curve in found.robustness)
    return {
        "plot": lines(drawn, title, "strength, as in ImageNet-C", "accuracy, %"),
        "says": (
            f"Of {first.n:,} pictures {first.scores[0]} are answered rightly as they are; at the "
            f"strongest: {says}."
        ),
    }


def _history(found: Review) -> dict[str, str] | None:
    if len(found.history) < 2:
        return None
    numbers = [epoch["number"] for epoch in found.history]
    drawn = [
        Line("training", numbers, [epoch["loss"] for epoch in found.history]),
        Line("validation", numbers, [epoch["valid_loss"] for epoch in found.history]),
    ]
    best = min(found.history, key=lambda epoch: epoch["valid_loss"])
    return {
        "plot": lines(drawn, "Loss of each epoch", "epoch", "loss, nats a picture"),
        "says": (
            f"Of {len(numbers)} epochs number {best['number']:.0f} was the best on the validation "
            f"pictures and was kept ({_percent(best['valid_accuracy'])} right)."
        ),
    }


def _percents(scores: Sequence[Score]) -> tuple[list[float], list[tuple[float, float]]]:
    values = [100 * score.value for score in scores]
    return values, [(100 * score.low, 100 * score.high) for score in scores]


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"

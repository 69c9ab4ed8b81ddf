"""The README of a bundle: what the classifier is, how good it is, how to use it."""

from collections.abc import Collection, Mapping
from typing import Any

from diptych.bundles.continuing import only_bytes
from diptych.metrics import percent
from diptych.reliability.ood import NO_SCORE, NONE


def model_card(name: str, facts: Mapping[str, Any], members: Collection[str]) -> str:
    """A model card in Markdown, from what bundle.json says; `members` are the files beside it."""
    classes = ", ".join(facts["classes"])
    pixels = facts["preprocess"]
    return f"""# {name}

Tells pictures apart: {classes}. Made by Diptych {facts["diptych"]} on {facts["created"][:10]}.

## How good it is

{_quality(facts, members)}

## How it was made

{_making(facts, members)}

## How to use it

```
diptych predict {name} new.jpg folder/
```

`model.onnx` takes uint8 pixels (N, {", ".join(map(str, pixels["shape"]))})
and gives probabilities in the order {classes}. It agreed with the trained network to
{facts["parity"]["max_difference"]:.1e} on {facts["parity"]["pictures"]} validation pictures.\
{white_of(pixels.get("bits", 0))}

{_ood(facts)}
"""


def white_of(bits: int) -> str:
    """What pictures of more than 8 bits become, where the training pictures had such a depth."""
    if not bits:
        return ""
    return (
        f"\nIn pictures of more than 8 bits {2**bits - 1:,} is white: a level is divided by "
        f"{2 ** (bits - 8)}."
    )


def _quality(facts: Mapping[str, Any], members: Collection[str]) -> str:
    test, classes = facts["test"], facts["classes"]
    confusion = "\n".join(
        f"| **{label}** | {' | '.join(map(str, counts))} |"
        for label, counts in zip(classes, test["confusion"]["counts"], strict=True)
    )
    page = " `report.html` shows more: its mistakes, its\nprobabilities, what to do first."
    more = page if "report.html" in members else ""
    return f"""On {test["n"]} test pictures that took no part in its making:
**{_percent(test["accuracy"])} accuracy**, macro F1 {_percent(test["macro_f1"])}.
A linear classifier on the mean colours of a grid, for comparison:
{_percent(facts["baseline"]["accuracy"])} accuracy.{_cross_validated(facts)}

| class | pictures | precision | recall | F1 |
|---|---|---|---|---|
{_by_class(test)}

Rows are the labels, columns the answers:

| | {" | ".join(classes)} |
|---|{"---|" * len(classes)}
{confusion}

| score | on the test pictures |
|---|---|
{_every_score(test)}

In brackets: intervals at {test["interval"]}.{more}

{_calibration(facts["calibration"])}"""


def _cross_validated(facts: Mapping[str, Any]) -> str:
    """What cross-validation came to; bundles without one, or older, say nothing of it."""
    scores = facts.get("cross_validation")
    if not scores:
        return ""
    return (
        f"\nCross-validation in {scores['folds']} folds of the other {scores['n']} pictures, each "
        f"answered for by a network\nthat never saw it: {_percent(scores['accuracy'])} accuracy."
    )


def _by_class(test: Mapping[str, Any]) -> str:
    """A row for each class; of one without a picture nothing is known."""
    rows = []
    for label, scores in test["per_class"].items():
        cells = (scores[name] for name in ("precision", "recall", "f1"))
        known = (_percent(cell) if scores["n"] else "–" for cell in cells)
        rows.append(f"| {label} | {scores['n']} | {' | '.join(known)} |")
    return "\n".join(rows)


def _making(facts: Mapping[str, Any], members: Collection[str]) -> str:
    data, engine = facts["data"], facts["recipe"]["engine"]
    audit = " `audit.csv` every file\nthat was left out and why," if "audit.csv" in members else ""
    return f"""Network {facts["network"]}, engine {engine}; {data["train"]} pictures to train,
{data["valid"]} to choose the best epoch, {data["test"]} to test. {parts_apart(data)}
`recipe.toml` has every choice, `splits.csv` every picture,{audit}
`predictions.csv` the answer for each test picture.{_views(facts)}{_continues(facts)}"""


def _views(facts: Mapping[str, Any]) -> str:
    """What an answer is the mean over; older bundles know one view alone."""
    if facts["recipe"].get("views") != "flips":
        return ""
    return "\nAnswers are the mean over the picture and its mirror image, which the graph makes."


def parts_apart(data: Mapping[str, Any]) -> str:
    """How far it is known that no part has pictures of another, from what bundle.json says."""
    if data.get("compared"):
        return "Near-duplicates never lie in different parts."
    return (
        "No picture lies in two parts; whether near-duplicates do was not looked at "
        "(an audit of all parts together would tell)."
    )


def _continues(facts: Mapping[str, Any]) -> str:
    """What it went on from; bundles that went on from none, or are older, say nothing of it."""
    earlier = facts.get("continues")
    if not earlier:
        return ""
    known, new = earlier["test_pictures_known"], earlier["new_classes"]
    text = f"""

Its training went on from the weights of {earlier["bundle"]} ({earlier["created"][:10]})"""
    if new:
        text += f", which did not know {new} of the classes"
    caveat = only_bytes(earlier["pictures_not_compared"])
    if known:
        text += (
            f". **{known} of the test pictures are among those that it was made with, or are "
            "near-duplicates of such**."
        )
    elif caveat:
        text += ". No test picture is known to be one that it was made with."
    else:
        text += ". No test picture is one that it was made with, or a near-duplicate of such a one."
    return f"{text} But {caveat}." if caveat else text


SHARES = (
    *("accuracy", "balanced_accuracy", "macro_precision", "macro_recall", "macro_f1"),
    *("weighted_precision", "weighted_recall", "weighted_f1", "roc_auc", "average_precision"),
)
LOSSES = ("log_loss", "brier", "calibration_error")


def _every_score(test: Mapping[str, Any]) -> str:
    rows = [(name, _percent(test[name])) for name in SHARES if test[name]]
    rows += [(f"top-{k} accuracy", _percent(score)) for k, score in test["top_k"].items()]
    for name in LOSSES:
        value, low, high = (test[name][key] for key in ("value", "low", "high"))
        rows.append((name, f"{value:.3f} ({low:.3f}–{high:.3f})"))
    return "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in rows)


def calibrated_by(calibration: Mapping[str, Any]) -> str:
    """How probabilities came about, from what bundle.json says of the calibration."""
    temperature = calibration["temperature"]
    ways = {
        "none": "Probabilities are the network's own",
        "temperature": f"Probabilities are calibrated (temperature {temperature:.2f})",
        "vector": "Probabilities are calibrated (each class by its own scale and shift)",
    }
    return ways[calibration["kind"]]


def _calibration(calibration: Mapping[str, Any]) -> str:
    error, by_chance = (100 * calibration[key] for key in ("test_error", "test_error_by_chance"))
    return (
        f"{calibrated_by(calibration)}. On the test pictures confidence and share of right answers "
        f"are {error:.1f} points apart on average; probabilities that are exactly "
        f"true would be up to {by_chance:.1f} apart on so many pictures.{_balance(calibration)}"
    )


def _balance(calibration: Mapping[str, Any]) -> str:
    """What probabilities mean where rare classes counted as much; older bundles have no weights."""
    weights = calibration.get("weight_K")
    if not weights:
        return ""
    return (
        " That is so once each is divided by its class's weight ("
        f"{', '.join(f'{weight:.3g}' for weight in weights)}), and all by their sum: as they "
        "are, they are those of pictures of which each class comes equally often, so that a rare "
        "class is found (`balance` in the recipe). The log loss and the other errors of "
        "probabilities in the table are of those as they are."
    )


def _ood(facts: Mapping[str, Any]) -> str:
    ood, sets = facts["ood"], facts["prediction_sets"]
    none_of_these = (
        f"Pictures of something else are answered “none of these”: their `ood_score` "
        f"({ood['method']}) is above 1. {_percent(ood['test_acceptance'])} of the test pictures "
        "are below."
    )
    if ood["method"] == NONE:
        none_of_these = f"{NO_SCORE} Its `ood_score` is always 0."
    return (
        f"{none_of_these} Sets of answers that are likely enough held the right one for "
        f"{_percent(sets['test_coverage'])}, with {sets['test_size']:.2f} answers on average."
    )


def _percent(score: Mapping[str, float]) -> str:
    low, high = (100 * score[key] for key in ("low", "high"))
    return f"{percent(score['value'])} ({low:.1f}–{high:.1f})"

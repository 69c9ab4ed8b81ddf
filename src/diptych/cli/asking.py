"""What a bundle says of pictures: `predict`, `explain` and `evaluate`."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.cli.preparing import refuse_inside
from diptych.cli.streams import note, print_json, print_scores
from diptych.errors import InputError

if TYPE_CHECKING:
    from diptych.bundles.predictor import Predictor
    from diptych.data.dataset import Dataset
    from diptych.metrics.predictions import Predictions

# So many pictures that were set aside for a reason are named; the others are counted.
NAMED = 3


def predict(bundle: str, pictures: list[str], key: str | None, as_json: bool) -> int:
    """Say what is on each picture, a line a picture."""
    from diptych.bundles.predictor import load
    from diptych.cli.display import printable
    from diptych.serving.client import Client, is_address
    from diptych.sources.naming import named

    if is_address(bundle):
        stream = Client(bundle, key or os.environ.get("DIPTYCH_KEY")).stream
    elif key:
        raise InputError(f"{bundle}: a bundle wants no key; give the address of a server")
    else:
        stream = load(bundle).stream
    answers = []
    for answer in stream(named(pictures or ["-"], sys.stdin)):
        answers.append(answer)
        if not as_json:
            print(printable(str(answer)), flush=True)
    if not answers:
        raise InputError("no picture was named; give files, folders or patterns")
    if as_json:
        print_json([answer._asdict() for answer in answers])
    return 1 if any(answer.error for answer in answers) else 0


def explain(
    bundle: Path,
    pictures: list[str],
    out: Path,
    method: str,
    engine: str | None,
    of: str | None,
    as_json: bool,
) -> int:
    """Write a heatmap of each picture: what speaks for a class, and where."""
    from diptych.bundles.format import refuse_unwritable_folder
    from diptych.bundles.predictor import load
    from diptych.cli.display import printable
    from diptych.images.preprocess import as_png
    from diptych.reporting.explain import Explainer, heatmap_name
    from diptych.sources.naming import named
    from diptych.system.files import write_file

    refuse_unwritable_folder(out)
    explainer = Explainer(load(bundle), method, engine)
    answers, taken = [], set[str]()
    for found in explainer.stream(named(pictures or ["-"], sys.stdin), of):
        path, label, probability, *_ = answer = found.answer
        heatmap = None
        if found.overlay is not None:
            heatmap = out / heatmap_name(path, taken)
            write_file(heatmap, as_png(found.overlay))
        if not as_json:
            written = f"  heatmap written to {heatmap}" if heatmap else ""
            print(printable(f"{answer}{written}"), flush=True)
        answers.append(
            {
                "path": path,
                "label": label,
                "probability": probability,
                "class": found.explained,
                "heatmap": str(heatmap) if heatmap else None,
                "error": answer.error,
            }
        )
    if not answers:
        raise InputError("no picture was named; give files, folders or patterns")
    if as_json:
        print_json(answers)
    return 1 if any(answer["error"] for answer in answers) else 0


def evaluate(
    bundles: list[Path],
    on: Path | None,
    out: Path | None,
    shape: str | None,
    value_range: str | None,
    as_json: bool,
) -> None:
    """Score a bundle on other labelled pictures, or say which of two is better there."""
    from diptych.bundles.format import refuse_unwritable_folder
    from diptych.bundles.predictor import load
    from diptych.cli.display import printable
    from diptych.sources import read
    from diptych.system.files import write_file
    from diptych.system.progress import shown

    *paths, data = bundles if on is None else [*bundles, on]
    if len(paths) not in (1, 2):
        raise InputError("name a bundle and data, or two bundles and --on DATA")
    if out:
        refuse_unwritable_folder(out)
        refuse_inside(out, data)
    pictures = read(data, shape=shape, value_range=value_range)
    if pictures.note:
        note(pictures.note)
    predictors = [load(path) for path in paths]
    answered = [predictor.evaluate(pictures, track=shown) for predictor in predictors]
    for path, found in zip(paths, answered, strict=True):
        for reason, names in _by_reason(found.dataset).items():
            more = f", … ({len(names) - NAMED:,} more)" if len(names) > NAMED else ""
            named = ", ".join(names[:NAMED])
            note(printable(f"{path}: {len(names):,} set aside, {reason}: {named}{more}"))
    counts = [count for found in answered for count in found.dataset.counts().items()]
    if absent := sorted({label for label, count in counts if not count}):
        note(f"no picture of {', '.join(absent)}: nothing is said of how those are answered")
    if len(paths) == 2:
        from diptych.comparing.bundles import versus

        both = versus((str(paths[0]), str(paths[1])), answered[0], answered[1])
        if out:
            write_file(out / "changed.csv", both.to_csv().encode(errors="surrogateescape"))
            write_file(out / "set_aside.csv", _set_aside_csv(paths, answered))
        if as_json:
            said = both.to_json()
            for one, found in zip(said["bundles"], answered, strict=True):
                one |= _set_aside(found.dataset)
            print_json(said)
            return
        for one in both.changed():
            print(printable(f"{one.name}  {one.label}: {one.first} → {one.second}"))
        print(f"McNemar's exact test: {both.test}")
        print(both.verdict())
        return
    predictions = answered[0]
    scores = predictions.scores()
    if out:
        _write_report(predictors[0], predictions, out)
        write_file(out / "set_aside.csv", _set_aside_csv(paths, answered))
    if as_json:
        facts = {
            "bundle": str(paths[0]),
            "used": len(predictions.dataset),
            "none_of_these": int(predictions.out_of_distribution().sum()),
            "accuracy_in_distribution": predictions.accuracy_in_distribution()._asdict(),
        }
        print_json({**facts, **_set_aside(predictions.dataset), **scores.to_json()})
        return
    print_scores(scores)
    if unknown := int(predictions.out_of_distribution().sum()):
        print(
            f"{unknown:,} of them would be answered 'none of these'; of the others "
            f"{predictions.accuracy_in_distribution()} are answered rightly"
        )
    if out:
        print(f"{out / 'report.html'} shows where it is right and where not")


def _by_reason(dataset: "Dataset") -> dict[str, list[str]]:
    """The names of what was set aside, by the reason."""
    found: dict[str, list[str]] = {}
    for stray in dataset.strays:
        found.setdefault(stray.reason, []).append(stray.name)
    return found


def _set_aside(dataset: "Dataset") -> dict[str, Any]:
    """What was set aside, as plain data: how many for each reason, and every one."""
    return {
        "set_aside": {reason: len(names) for reason, names in _by_reason(dataset).items()},
        "left_out": [stray._asdict() for stray in dataset.strays],
    }


def _set_aside_csv(paths: Sequence[Path], answered: "Sequence[Predictions]") -> bytes:
    """A row for each picture that a bundle was not scored on: bundle, path, reason, detail."""
    import csv

    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["bundle", "path", "reason", "detail"])
    for path, found in zip(paths, answered, strict=True):
        rows.writerows([path, *stray] for stray in found.dataset.strays)
    return text.getvalue().encode(errors="surrogateescape")


def _write_report(predictor: "Predictor", predictions: "Predictions", out: Path) -> None:
    """A page and a table of what a bundle answered, with its pictures made worse as well."""
    from diptych.reporting.bundled import reviewed
    from diptych.reporting.review_page import review_page
    from diptych.system.files import write_file
    from diptych.system.progress import shown

    found = reviewed(predictor, predictions, track=shown)
    title = f"{predictor.bundle.path.name} on {predictions.dataset.root.name}"
    page = review_page(found, title)
    write_file(out / "report.html", page.encode(errors="surrogateescape"))
    write_file(out / "predictions.csv", predictions.to_csv().encode(errors="surrogateescape"))

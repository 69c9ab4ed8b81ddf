"""`diptych evaluate`: score a bundle, or say which of two is better, on other labelled pictures."""

import argparse
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.cli import arguments
from diptych.cli.display import note, print_json, print_line, print_scores, printable
from diptych.cli.preparing import read_pictures, refuse_inside
from diptych.errors import InputError

if TYPE_CHECKING:
    from diptych.bundles.predictor import Predictor
    from diptych.data.dataset import Dataset
    from diptych.metrics.predictions import Predictions

# So many pictures that were set aside for a reason are named; the others are counted.
NAMED = 3


def add(verbs: arguments.Verbs) -> None:
    """Add the verb to the command line."""
    verb = arguments.add_verb(
        verbs, "evaluate", evaluate, "score a bundle, or two, on other labelled pictures"
    )
    verb.add_argument(
        "bundles", nargs="+", type=arguments.place, metavar="BUNDLE",
        help="and DATA, or two and --on DATA",
    )  # fmt: skip
    verb.add_argument(
        "--on", action=_DataOrWorkplace, default=[], metavar="DATA",
        help="labelled pictures that both answer; or who works on them: ray, ray://HEAD:10001",
    )  # fmt: skip
    verb.set_defaults(workplace=None)
    verb.add_argument(
        "--out", type=arguments.path, metavar="FOLDER", help="where to write more about it"
    )
    arguments.add_table(verb)


class _DataOrWorkplace(argparse.Action):
    """`--on` says on which pictures; `--on ray` says by whom. A folder ray is ./ray."""

    def __call__(self, parser: ArgumentParser, options: Namespace, said: Any, *_: Any) -> None:
        from diptych.distributing import is_elsewhere

        name = "workplace" if is_elsewhere(said) else self.dest
        if getattr(options, name):
            parser.error(f"--on {said}: there is another before")
        kind = arguments.workplace if name == "workplace" else arguments.place
        setattr(options, name, kind(said))


def evaluate(options: Namespace) -> None:
    """Score a bundle on other labelled pictures, or say which of two is better there."""
    from diptych.bundles.destinations import refuse_unwritable_folder
    from diptych.bundles.predictor import load
    from diptych.reporting.report_page import refuse_without_reports
    from diptych.system.progress import shown

    *paths, data = [*options.bundles, options.on] if options.on else options.bundles
    if len(paths) not in (1, 2):
        raise InputError("name a bundle and data, or two bundles and --on DATA")
    if options.out:
        refuse_unwritable_folder(options.out)
        refuse_inside(options.out, data)
    if options.out or len(paths) == 2:
        refuse_without_reports()
    predictors = [load(path) for path in paths]
    # What numbers mean is a matter of the bundle; most often it is the same in both.
    formats = dict.fromkeys(predictor.bundle.pixel_format for predictor in predictors)
    pictures = {known: read_pictures(data, options, expected=known) for known in formats}
    answered = [
        predictor.evaluate(pictures[predictor.bundle.pixel_format], track=shown)
        for predictor in predictors
    ]
    _note_what_is_missing(paths, answered)
    if len(paths) == 2:
        _compare(paths, answered, options.out, options.as_json)
    else:
        _score(predictors[0], answered[0], options.out, options.as_json)


def _note_what_is_missing(paths: Sequence[Path], answered: "Sequence[Predictions]") -> None:
    """A word on what was set aside, and on classes without a picture."""
    for path, predictions in zip(paths, answered, strict=True):
        for reason, names in _by_reason(predictions.dataset).items():
            more = f", … ({len(names) - NAMED:,} more)" if len(names) > NAMED else ""
            few = ", ".join(names[:NAMED])
            note(printable(f"{path}: {len(names):,} set aside, {reason}: {few}{more}"))
        if predictions.dataset.caveat:
            note(printable(f"{path}: {predictions.dataset.caveat}"))
    counts = [item for predictions in answered for item in predictions.dataset.counts().items()]
    if absent := sorted({label for label, count in counts if not count}):
        note(f"no picture of {', '.join(absent)}: nothing is said of how those are answered")


def _compare(
    paths: Sequence[Path], answered: "Sequence[Predictions]", out: Path | None, as_json: bool
) -> None:
    """Which of two bundles is better."""
    from diptych.comparing.bundles import compare_bundles
    from diptych.system.files import write_file

    comparison = compare_bundles((str(paths[0]), str(paths[1])), answered[0], answered[1])
    if out:
        write_file(out / "disagreements.csv", comparison.to_csv().encode(errors="surrogateescape"))
        write_file(out / "set_aside.csv", _set_aside_csv(paths, answered))
    if as_json:
        answer = comparison.to_json()
        for scores, predictions in zip(answer["bundles"], answered, strict=True):
            scores |= _set_aside(predictions.dataset)
        print_json(answer)
        return
    for path, label, first, second in comparison.disagreements():
        print_line(f"{path}  {label}: {first} → {second}")
    print(f"McNemar's exact test: {comparison.test}")
    print(comparison.verdict())


def _score(
    predictor: "Predictor", predictions: "Predictions", out: Path | None, as_json: bool
) -> None:
    """How good one bundle is."""
    from diptych.system.files import write_file

    path, scores = predictor.bundle.path, predictions.scores()
    none_of_these = int(predictions.out_of_distribution().sum())
    in_distribution = predictions.accuracy_in_distribution()
    if out:
        _write_report(predictor, predictions, out)
        write_file(out / "set_aside.csv", _set_aside_csv([path], [predictions]))
    if as_json:
        facts = {
            "bundle": str(path),
            "used": len(predictions.dataset),
            "none_of_these": none_of_these,
            "accuracy_in_distribution": in_distribution._asdict(),
        }
        print_json({**facts, **_set_aside(predictions.dataset), **scores.to_json()})
        return
    print_scores(scores)
    if none_of_these:
        print(
            f"{none_of_these:,} of them would be answered 'none of these'; of the others "
            f"{in_distribution} are answered rightly"
        )
    if out:
        print(f"{out / 'report.html'} shows where it is right and where not")


def _by_reason(dataset: "Dataset") -> dict[str, list[str]]:
    """The names of what was set aside, by the reason."""
    names: dict[str, list[str]] = {}
    for stray in dataset.strays:
        names.setdefault(stray.reason, []).append(stray.name)
    return names


def _set_aside(dataset: "Dataset") -> dict[str, Any]:
    """What was set aside, as plain data: how many for each reason, and every one."""
    return {
        "set_aside": {reason: len(names) for reason, names in _by_reason(dataset).items()},
        "left_out": [stray._asdict() for stray in dataset.strays],
        "caveat": dataset.caveat,
    }


def _set_aside_csv(paths: Sequence[Path], answered: "Sequence[Predictions]") -> bytes:
    """A row for each picture that a bundle was not scored on: bundle, path, reason, detail."""
    import csv
    import io

    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["bundle", "path", "reason", "detail"])
    for path, predictions in zip(paths, answered, strict=True):
        rows.writerows([path, *stray] for stray in predictions.dataset.strays)
    return text.getvalue().encode(errors="surrogateescape")


def _write_report(predictor: "Predictor", predictions: "Predictions", out: Path) -> None:
    """A page and a table of what a bundle answered, with its pictures made worse as well."""
    from diptych.reporting.evidence import from_bundle, gather
    from diptych.reporting.report_page import report_page
    from diptych.system.files import write_file
    from diptych.system.progress import shown

    report = gather(from_bundle(predictor), predictions, track=shown)
    title = f"{predictor.bundle.path.name} on {predictions.dataset.root.name}"
    page = report_page(report, title)
    write_file(out / "report.html", page.encode(errors="surrogateescape"))
    write_file(out / "predictions.csv", predictions.to_csv().encode(errors="surrogateescape"))

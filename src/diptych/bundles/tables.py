"""Answers as a table in a file: .csv for spreadsheets, .json and .jsonl for programs."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from diptych.bundles.destinations import refuse_unwritable_file
from diptych.bundles.prediction import Prediction
from diptych.errors import InputError
from diptych.system.files import write_file

KINDS = (".csv", ".json", ".jsonl")


def refuse_table(path: Path, force: bool) -> None:
    """Raise InputError where no table of answers can be written."""
    if path.suffix.lower() not in KINDS:
        raise InputError(f"{path}: a table is called {', '.join(KINDS[:-1])} or {KINDS[-1]}")
    refuse_unwritable_file(path, force)


def write_table(
    path: Path, predictions: Sequence[Prediction], columns: tuple[str, str] | None = None
) -> None:
    """Write a row a picture, in their order, by the ending of the name; aside, then in place.

    With `columns`, titles of the name and of the label, a row has these alone, and the label is a
    class: the nearest where the picture is none of them, "" where it could not be read. Raises
    InputError when it cannot be written.
    """
    rows = [prediction._asdict() for prediction in predictions]
    if columns:
        rows = [dict(zip(columns, (p.path, p.nearest or ""), strict=True)) for p in predictions]
    match path.suffix.lower():
        case ".json":
            text = json.dumps(rows, indent=2)
        case ".jsonl":
            text = "".join(f"{json.dumps(row)}\n" for row in rows)
        case _:
            text = (
                _two_columns(columns, rows) if columns else _csv(predictions, _classes(predictions))
            )
    write_file(path, text.encode(errors="surrogateescape"))


def answers_as_csv(predictions: Sequence[Prediction], classes: Sequence[str]) -> bytes:
    """A table of answers as a file, with a column for each of the classes."""
    return _csv(predictions, classes).encode(errors="surrogateescape")


def _two_columns(columns: tuple[str, str], rows: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _classes(predictions: Iterable[Prediction]) -> list[str]:
    return next((list(one.probabilities) for one in predictions if one.probabilities), [])


def _csv(predictions: Iterable[Prediction], classes: Sequence[str]) -> str:
    """path, label, probability, OOD score, p(class) of each, prediction set, error."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    shares = [f"p({label})" for label in classes]
    rows.writerow(["path", "label", "probability", "ood_score", *shares, "prediction_set", "error"])
    rows.writerows(list(_cells(one, classes)) for one in predictions)
    return text.getvalue()


def _cells(one: Prediction, classes: Sequence[str]) -> Iterator[Any]:
    by_class = one.probabilities or {}
    yield from (one.path, one.label, _number(one.probability), _number(one.ood_score))
    yield from (_number(by_class.get(label)) for label in classes)
    yield from (None if one.error else json.dumps(one.prediction_set), one.error)


def _number(value: float | None) -> str | None:
    """A number as predictions.csv of a bundle has it; an empty cell for none."""
    return None if value is None else f"{value:.6f}"

"""Answers for more pictures than fit into memory: a folder of parts, with a manifest.

`manifest.jsonl` has a line of what the parts are answers of, a line for each part, and a last one
once there are all. A part is written aside and renamed before its line is added, so that a job that
was stopped goes on behind the last line.
"""

import contextlib
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from diptych.bundles.destinations import only_writer
from diptych.bundles.prediction import Prediction
from diptych.bundles.tables import answers_as_csv
from diptych.errors import ImageError, InputError
from diptych.sources import may_hold_pixels
from diptych.sources.inputs import InputPicture
from diptych.system.files import write_file

MANIFEST = "manifest.jsonl"
KINDS = ("parquet", "csv")
ROWS = 10_000  # of a part
_OWN = re.compile(rf"{re.escape(MANIFEST)}|part-\d{{6,}}\.({'|'.join(KINDS)})")

Stream = Callable[[Iterator[InputPicture]], Iterator[Prediction]]


class Part(NamedTuple):
    """A file of answers, as the manifest has it."""

    file: str
    rows: int
    errors: int  # of these: pictures that could not be read
    sha256: str
    pictures_sha256: str  # of their names, in order


class Parts(NamedTuple):
    """All that is in a folder of answers."""

    parts: tuple[Part, ...]
    earlier: int  # of the parts: those that were there before

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    @property
    def errors(self) -> int:
        return sum(part.errors for part in self.parts)


def write_parts(
    folder: Path,
    pictures: Iterable[InputPicture],
    stream: Stream,
    classes: Sequence[str],
    bundle_sha256: str,
    *,
    kind: str = "parquet",
    rows: int = ROWS,
    anew: bool = False,
    log: Callable[[str], None] = lambda line: None,
) -> Parts:
    """Write what `stream` answers for pictures, `rows` to a part, in their order.

    Where parts of the same bundle and pictures are there, it goes on behind them, or deletes them
    where it is to begin anew; `log` is told of each new one. Files of the folder that it wrote are
    no pictures. Raises InputError where they are of others, or cannot be written.
    """
    head = {"format": 1, "bundle_sha256": bundle_sha256, "kind": kind, "rows": rows}
    waiting = map(_one_row, _but_parts(folder, pictures))
    with only_writer(folder):
        if anew:
            _delete(folder)
        parts, complete = _earlier(folder, head)
        for part in parts:
            _skip(folder, part, waiting)
        earlier = len(parts)
        if complete:
            if next(waiting, None):
                raise InputError(
                    f"{folder}: complete, of fewer pictures; name another, or add --force"
                )
            return Parts(tuple(parts), earlier)
        # Nothing may be left where it was stopped before the last line.
        first = next(waiting, None)
        answers = stream(chain([first], waiting)) if first else iter(())
        while some := list(islice(answers, rows)):
            parts.append(_write(folder, len(parts), some, classes, kind))
            _note(folder, parts[-1]._asdict())
            log(f"{folder / parts[-1].file}: {len(some):,} answers")
        written = Parts(tuple(parts), earlier)
        _note(folder, {"complete": True, "rows": written.rows, "errors": written.errors})
        return written


def _but_parts(folder: Path, pictures: Iterable[InputPicture]) -> Iterator[InputPicture]:
    """The pictures but for parts and manifest, whose folder may lie in theirs."""
    folder = folder.resolve()
    for picture in pictures:
        # The name comes first: to look at the disk takes its time.
        if isinstance(picture.content, Path | ImageError):  # parts are no pictures, and say so
            path = Path(picture.name)
            if _OWN.fullmatch(path.name) and path.parent.resolve() == folder:
                continue
        yield picture


def _delete(folder: Path) -> None:
    """Take all parts away, the manifest last, so that what is stopped here can be done again."""
    own = [path for path in folder.glob("*") if _OWN.fullmatch(path.name)]
    for path in sorted(own, key=lambda path: path.name == MANIFEST):
        try:
            path.unlink()
        except OSError as cause:
            raise InputError(f"{path}: cannot be deleted ({cause.strerror})") from cause


def _one_row(picture: InputPicture) -> InputPicture:
    """The picture itself; raises InputError for a table of them, which has no row of its own."""
    if isinstance(picture.content, Path) and may_hold_pixels(picture.content):
        raise InputError(
            f"{picture.name}: a table, of whose rows no parts are written; take --out for it"
        )
    return picture


def _earlier(folder: Path, head: dict[str, Any]) -> tuple[list[Part], bool]:
    """The parts that are there, and whether they are all; begins a manifest where there is none."""
    place = folder / MANIFEST
    if not place.exists():
        write_file(place, (json.dumps(head) + "\n").encode())
        return [], False
    text = place.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]  # the last line may be half, where a job was killed
    lines: list[dict[str, Any]] = []
    with contextlib.suppress(ValueError):
        lines = [json.loads(line) for line in whole.splitlines()]
    if not lines or lines[0] != head:
        raise InputError(
            f"{place}: not of this bundle and these --parts-as; name another folder, or add --force"
        )
    if len(whole) < len(text):
        write_file(place, whole.encode())
    complete = bool(lines[-1].get("complete"))
    parts = [Part(**line) for line in lines[1 : len(lines) - complete]]
    for part in parts:
        if not (folder / part.file).is_file():
            raise InputError(f"{folder / part.file}: gone; add --force to begin anew")
    return parts, complete


def _skip(folder: Path, part: Part, pictures: Iterator[InputPicture]) -> None:
    names = [picture.name for picture in islice(pictures, part.rows)]
    if _sha256_of(names) != part.pictures_sha256:
        raise InputError(
            f"{folder / part.file}: its answers are of other pictures than those named now, or in "
            "another order; name another folder, or add --force"
        )


def _write(
    folder: Path, number: int, answers: Sequence[Prediction], classes: Sequence[str], kind: str
) -> Part:
    name = f"part-{number:06d}.{kind}"
    data = _as_parquet(answers, classes) if kind == "parquet" else answers_as_csv(answers, classes)
    write_file(folder / name, data)
    names = [answer.path for answer in answers]
    errors = sum(1 for answer in answers if answer.error)
    return Part(name, len(answers), errors, hashlib.sha256(data).hexdigest(), _sha256_of(names))


def _as_parquet(answers: Sequence[Prediction], classes: Sequence[str]) -> bytes:
    """The columns of a table in CSV; numbers are whole, and a prediction set is a list."""
    import polars

    shares = {
        f"p({label})": [one.probabilities and one.probabilities[label] for one in answers]
        for label in classes
    }
    columns = {
        # Bytes in names that are no text appear as the sign for such.
        "path": [_text(one.path) for one in answers],
        "label": [one.label for one in answers],
        "probability": [one.probability for one in answers],
        "ood_score": [one.ood_score for one in answers],
        **shares,
        "prediction_set": [one.prediction_set for one in answers],
        "error": [one.error and _text(one.error) for one in answers],
    }
    types = dict.fromkeys(("probability", "ood_score", *shares), polars.Float64)
    texts = dict.fromkeys(("path", "label", "error"), polars.String)
    schema = types | texts | {"prediction_set": polars.List(polars.String)}
    file = io.BytesIO()
    polars.DataFrame(columns, schema_overrides=schema).write_parquet(file)
    return file.getvalue()


def _text(value: str) -> str:
    return value.encode(errors="surrogateescape").decode(errors="replace")


def _sha256_of(names: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(names).encode(errors="surrogateescape")).hexdigest()


def _note(folder: Path, line: dict[str, Any]) -> None:
    """Add a line to the manifest, and wait until it is on disk."""
    try:
        with (folder / MANIFEST).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as cause:
        raise InputError(f"{folder / MANIFEST}: cannot be written ({cause.strerror})") from cause

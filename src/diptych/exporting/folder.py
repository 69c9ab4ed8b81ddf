"""The folder that exports lie in: what is there, and how files come into their place."""

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from diptych.bundles.destinations import refuse_unwritable_folder
from diptych.bundles.format import SEAL, Bundle
from diptych.errors import InputError
from diptych.exporting.examples import example, example_name, has_example
from diptych.exporting.readme import readme
from diptych.exporting.row import Row
from diptych.runtimes.gate import LIMIT, OOD_SCORE_LIMIT
from diptych.system.files import write_file

TABLE, README = "gate.json", "README.md"


def existing_rows(bundle: Bundle, names: Iterable[str], out: Path, force: bool) -> list[Row]:
    """The rows of the files that are there already.

    Raises InputError where files of these names cannot be written, or would replace others without
    `force`, and always where the folder holds exports of another bundle.
    """
    refuse_unwritable_folder(out)
    try:
        rows = checked_rows(bundle, out)
    except InputError as error:
        raise InputError(f"{error}; name another --out") from error
    if not (out / TABLE).exists():
        names = [*names, README]
    there = [name for name in names if (out / name).exists() or (out / name).is_symlink()]
    if there and not force:
        raise InputError(f"{out / there[0]} exists already; name another --out, or add --force")
    return rows


def checked_rows(bundle: Bundle, out: Path) -> list[Row]:
    """What is known of the exports of a bundle in a folder; nothing where there are none.

    Raises InputError where that cannot be read, or the folder holds exports of another bundle.
    """
    table = out / TABLE
    if not table.exists():
        return []
    try:
        plain = json.loads(table.read_text(encoding="utf-8"))
        rows = [Row.from_json(row) for row in plain["files"]]
        owner = plain["bundle_sha256"]
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise InputError(f"{table}: cannot be read") from cause
    if owner != _identity(bundle):
        raise InputError(f"{out} holds exports of another bundle")
    return rows


def put_in_place(
    bundle: Bundle,
    stem: str,
    rows: Sequence[Row],
    before: Sequence[Row],
    reference: str,
    task: Path,
    out: Path,
) -> None:
    """Move the files that passed from the task into the folder, and write what tells of them.

    `before` are the rows of files that are there already; those that are not replaced stay.
    """
    good = [row for row in rows if not row.refusal]
    for row in good:
        main, *others = row.files
        if others:
            # It goes first and comes last, so that it never stands beside those of another export.
            (out / main).unlink(missing_ok=True)
        for name in (*others, main):
            _move(task / name, out / name)
        if has_example(row.format, row.kind):
            text = example(row.format, row.kind, stem, bundle)
            write_file(out / example_name(row.format, row.kind), text.encode())
    replaced = {row.name for row in good} | {row.name for row in before if row.refusal}
    kept = [row for row in before if row.name not in replaced]
    new = {row.name for row in kept}
    every = [*kept, *(row for row in rows if row.name not in new)]
    plain = {
        "bundle": bundle.path.name,
        "bundle_sha256": _identity(bundle),
        "reference": reference,
        "limits": {"probability": LIMIT, "agreement": 1.0, "ood_score": OOD_SCORE_LIMIT},
        "files": [row.to_json() for row in every],
    }
    write_file(out / TABLE, (json.dumps(plain, indent=2) + "\n").encode())
    write_file(out / README, readme(bundle, every, reference).encode(errors="surrogateescape"))


def _identity(bundle: Bundle) -> str:
    """The SHA-256 of bundle.json, which holds those of all members."""
    return bundle.read(SEAL).decode().split()[0]


def _move(source: Path, place: Path) -> None:
    """Rename a file or folder into place; an old one goes only after that."""
    for file in [source, *source.rglob("*")]:
        if file.is_file():
            with file.open("rb") as synced:
                os.fsync(synced.fileno())
    if place.is_dir() and not place.is_symlink():
        old = place.with_name(f".{uuid.uuid4().hex[:8]}.old")
        place.rename(old)
        source.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    else:
        source.replace(place)

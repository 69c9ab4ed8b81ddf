"""A process for each framework, seen from outside: jobs go in, rows come out."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from diptych.exporting.formats import FORMATS
from diptych.exporting.process import FOLDER, TASK
from diptych.exporting.row import Row
from diptych.system.child_process import ChildProcessFailed, run_child


class Job(NamedTuple):
    """One thing to do with a file: "make" or "check" it."""

    does: str
    format: str
    kind: str


def rows_of(
    jobs: Sequence[Job], settings: Mapping[str, Any], folder: Path, log: Callable[[str], object]
) -> Iterator[Row]:
    """Do jobs in a process of their own; yields a row for every file that is checked or refused.

    Files are made in the folder. `settings` are what the process must know besides (see
    `exporting.process`). Files that it did not come to are refused. Raises what it complains of,
    and KeyboardInterrupt where it was stopped.
    """
    # Not in that folder: where its disk is full, the process could not even say so.
    with tempfile.TemporaryDirectory(prefix="diptych-") as passing:
        task = Path(passing)
        facts = {**settings, FOLDER: str(folder.absolute()), "jobs": jobs}
        (task / TASK).write_text(json.dumps(facts), encoding="utf-8")
        yield from _rows(jobs, settings["stem"], task, log)


def _rows(
    jobs: Sequence[Job], stem: str, task: Path, log: Callable[[str], object]
) -> Iterator[Row]:
    left = list(jobs)
    try:
        for line in run_child("diptych.exporting.process", task):
            job, plain = left.pop(0), json.loads(line)
            if plain is None:
                log(f"{job.format}, {job.kind}: made")
                continue
            row = Row.from_json(plain)
            if row.refusal:
                left = [other for other in left if other[1:] != job[1:]]
            yield row
    except ChildProcessFailed as error:
        why = f"{error} ({error.last_line})" if error.last_line else str(error)
        for format, kind in dict.fromkeys(job[1:] for job in left):
            yield Row(format, kind, FORMATS[format].files(stem, kind), why)

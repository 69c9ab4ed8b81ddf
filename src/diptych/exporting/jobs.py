"""A process for each framework, seen from outside: jobs go in, rows come out."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from diptych.exporting.formats import FORMATS
from diptych.exporting.judging import Row
from diptych.exporting.process import TASK
from diptych.system.child_process import Ended, told


class Job(NamedTuple):
    """One thing to do with a file: "make" or "judge" it."""

    does: str
    format: str
    kind: str


def done(
    jobs: Sequence[Job], given: Mapping[str, Any], task: Path, tell: Callable[[str], object]
) -> Iterator[Row]:
    """Do jobs in a process of their own; yields a row for every file that is judged or refused.

    `given` is what the process must know besides (see `one_process`). Files that it did not come to
    are refused. Raises what it complains of, and KeyboardInterrupt where it was stopped.
    """
    (task / TASK).write_text(json.dumps({**given, "jobs": jobs}), encoding="utf-8")
    left = list(jobs)
    try:
        for line in told("diptych.exporting.process", task):
            job, found = left.pop(0), json.loads(line)
            if found is None:
                tell(f"{job.format}, {job.kind}: made")
                continue
            row = Row.from_json(found)
            if row.refusal:
                left = [other for other in left if other[1:] != job[1:]]
            yield row
    except Ended as error:
        for format, kind in dict.fromkeys(job[1:] for job in left):
            yield Row(format, kind, FORMATS[format].files(given["stem"], kind), str(error))

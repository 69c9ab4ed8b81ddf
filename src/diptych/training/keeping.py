"""Trained weights outlive an export that is refused."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from diptych.errors import GateError
from diptych.images import cache


@contextlib.contextmanager
def kept_where_refused(run: Path, passing: bool) -> Iterator[None]:
    """A GateError says where the checkpoints are; those of a `passing` folder are copied first."""
    try:
        yield
    except GateError as error:
        place = run
        if passing:
            place = cache.folder() / "runs" / run.parent.name / run.name
            try:
                shutil.rmtree(place, ignore_errors=True)
                shutil.copytree(run, place)
            except OSError:  # the cache is full, or cannot be written
                place = Path(tempfile.mkdtemp(prefix="diptych-")) / run.name
                shutil.copytree(run, place)
        raise GateError(f"{error}; the trained weights are kept in {place}") from error

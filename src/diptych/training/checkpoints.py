"""The folder of a run's checkpoints, which one run at a time works in."""

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from diptych.data.dataset import Dataset
from diptych.errors import InputError, shortened
from diptych.images.cache import unwritable
from diptych.networks.earlier import weights_hash
from diptych.recipe import Recipe
from diptych.system.locks import Taken, locked
from diptych.training.interrupted import NOTE, RunNote, stopped_run


@contextlib.contextmanager
def run_folder(
    keep: Path | None,
    recipe: Recipe,
    train: Dataset,
    valid: Dataset,
    *,
    name: str = "",
    resume: bool = False,
) -> Iterator[Path]:
    """Where checkpoints of exactly this recipe on exactly these pictures lie, for one run alone.

    Without `keep`, a folder that is gone afterwards. `name` says what the run is for. Raises
    InputError where it is to `resume` one that was stopped and there is none.
    """
    if keep is None:
        if resume:
            raise InputError("fit(resume=True) needs the folder that runs are kept in: keep=…")
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    note = RunNote.of(name, recipe, weights_hash(recipe.weights), train, valid)
    run = keep / note.run
    with alone_in(run):
        if not (run / NOTE).exists():
            _say_what_differs(note, keep, resume)
        with unwritable(run):
            note.write(run)
        yield run


def _say_what_differs(now: RunNote, keep: Path, resume: bool) -> None:
    """A word on a run that was stopped for the same bundle, and is another than this one.

    Raises InputError where that is the one to `resume`.
    """
    before, bundle = stopped_run(keep, now.name), now.name or "these pictures"
    if before is None:
        if resume:
            raise InputError(
                f"no training for {bundle} was stopped; to start one, leave out --resume"
            )
        return
    differences = shortened(list(before.differences(now)))
    if resume:
        raise InputError(
            f"this is not the training for {bundle} that was stopped: {differences}; say it as "
            "before, or leave out --resume to start anew"
        )
    logging.getLogger(__name__).warning(
        "starts anew: another training for %s was stopped, this one has %s", bundle, differences
    )


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Work in a folder of checkpoints that no other run works in meanwhile.

    Waits for one that does: it trains the same, and what it leaves there need not be trained again.
    """
    lock = _lock_of(folder)
    with contextlib.ExitStack() as stack:
        with unwritable(folder):
            try:
                stack.enter_context(locked(lock, wait=False))
            except Taken:
                logging.getLogger(__name__).warning(
                    "another run trains the same at the moment; waiting for what it comes to"
                )
                stack.enter_context(locked(lock))
        yield


def forget(folder: Path) -> None:
    """Delete a folder of checkpoints, unless another run works in it: that one will."""
    with contextlib.suppress(Taken), locked(_lock_of(folder), wait=False):
        shutil.rmtree(folder, ignore_errors=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")

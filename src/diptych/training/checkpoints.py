"""The folder of a run's checkpoints, which one run at a time works in."""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

from diptych.images.cache import unwritable
from diptych.system.locks import Taken, locked


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

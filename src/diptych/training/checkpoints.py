"""The folder of a run's checkpoints, which one run at a time works in."""

import contextlib
import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from diptych.data.dataset import Dataset
from diptych.images.cache import unwritable
from diptych.networks.earlier import weights_hash
from diptych.recipe import Recipe
from diptych.system.locks import Taken, locked


@contextlib.contextmanager
def run_folder(keep: Path | None, recipe: Recipe, train: Dataset, valid: Dataset) -> Iterator[Path]:
    """Where checkpoints of exactly this recipe on exactly these pictures lie, for one run alone.

    Without `keep`, a folder that is gone afterwards.
    """
    if keep is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    start = weights_hash(recipe.weights)
    pictures = [train.fingerprint(), valid.fingerprint(), train.bits]
    choices = json.dumps([asdict(recipe), start, *pictures])
    run = keep / hashlib.sha256(choices.encode()).hexdigest()[:16]
    with alone_in(run):
        yield run


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

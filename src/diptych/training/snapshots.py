"""Checkpoints on disk: written aside, synced, renamed into place, and checked before they are used.

A checkpoint is a folder: what the engine saves, and `checkpoint.json` with the progress and a
checksum of each file. `lowered.json` beside them tells from which epochs on the rate was lowered.
"""

import json
import logging
import shutil
import zlib
from pathlib import Path
from typing import Any, Protocol

from safetensors import SafetensorError

from diptych.engines.contract import Engine
from diptych.errors import InputError
from diptych.system.files import sync, write_synced
from diptych.training.progress import Progress, checkpoint_name

FORMAT = 1
FACTS = "checkpoint.json"
LOWERED = "lowered.json"


class Keeper(Protocol):
    """What keeps the checkpoints of one training."""

    def resume(self, engine: Engine) -> Progress:
        """Take up the last checkpoint; without one, all is still to do."""
        ...

    def save(self, engine: Engine, progress: Progress) -> None:
        """Keep a checkpoint."""
        ...

    def load_best(self, engine: Engine, progress: Progress) -> None:
        """Give the engine the weights of the best epoch."""
        ...

    def go_back(self, engine: Engine, progress: Progress, reason: str) -> Progress:
        """Take up the best epoch again, or the start, to go on with a lower rate."""
        ...


class Snapshots:
    """The checkpoints of one training: its last two, and the best epoch of each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._last: set[Path] = set()  # the last one, and that of the best epoch until then

    def resume(self, engine: Engine) -> Progress:
        """Take up the last checkpoint that is whole; without one, all is still to do."""
        for place in sorted(self.folder.glob("epoch-*"), reverse=True):
            progress = self._whole(place)
            if progress and (not progress.best or self._whole(self._of_epoch(progress.best))):
                engine.load(place)
                self._last = {place, self._of_epoch(progress.best)}
                progress.lowered = len(self._lowerings())
                return progress
        return Progress(lowered=len(self._lowerings()))

    def save(self, engine: Engine, progress: Progress) -> None:
        """Write a checkpoint, and drop those that are no longer needed.

        Raises InputError where it cannot be written; those before it stay.
        """
        aside, place = self.folder / "writing", self.folder / progress.name
        shutil.rmtree(aside, ignore_errors=True)
        try:
            aside.mkdir(parents=True)
            engine.save(aside)
            files = {path.name: _checksum(path) for path in aside.iterdir()}
            for name in files:
                sync(aside / name)
            facts = {"format": FORMAT, "files": files, "progress": progress.to_json()}
            write_synced(aside / FACTS, json.dumps(facts).encode())
            sync(aside)
            shutil.rmtree(place, ignore_errors=True)  # one that was given up
            aside.rename(place)
            sync(self.folder)
        except (OSError, SafetensorError) as cause:
            shutil.rmtree(aside, ignore_errors=True)
            raise InputError(
                f"{self.folder}: no checkpoint can be written ({cause}); free some space or set "
                "DIPTYCH_CACHE to a folder with more, and the same command goes on"
            ) from cause
        this = {place, self._of_epoch(progress.best)}
        self._drop_all_but(this | self._last)
        self._last = this

    def load_best(self, engine: Engine, progress: Progress) -> None:
        """Give the engine the weights of the best epoch."""
        engine.load(self._of_epoch(progress.best))

    def go_back(self, engine: Engine, progress: Progress, reason: str) -> Progress:
        """Take up the best epoch again, or the start, to go on with a lower rate.

        Never a checkpoint in between: when those are written depends on the clock.
        """
        best = self._of_epoch(progress.best)
        lowerings = [*self._lowerings(), {"epoch": progress.best, "reason": reason}]
        # From here on all later checkpoints count for nothing, whatever stops us.
        aside = self.folder / f"{LOWERED}.writing"
        write_synced(aside, json.dumps(lowerings).encode())
        aside.replace(self.folder / LOWERED)
        self._drop_all_but({best})
        earlier = self._whole(best)
        if earlier is None:
            raise InputError(f"{best}: the checkpoint is damaged; the same command starts anew")
        engine.load(best)
        self._last = {best}
        earlier.lowered = len(lowerings)
        return earlier

    def _whole(self, place: Path) -> Progress | None:
        """The progress of a checkpoint that is complete and counts; else None."""
        try:
            facts = json.loads((place / FACTS).read_text(encoding="utf-8"))
            if facts["format"] != FORMAT:
                _ignored(place, "it is of another version of Diptych")
                return None
            torn = [n for n, expected in facts["files"].items() if _checksum(place / n) != expected]
            progress = Progress.from_json(facts["progress"])
        except (OSError, ValueError, KeyError, TypeError) as cause:
            _ignored(place, f"it is incomplete: {cause}")
            return None
        if torn:
            _ignored(place, f"{torn[0]} is damaged")
            return None
        lowerings = self._lowerings()
        given_up = lowerings and progress.lowered < len(lowerings)
        if given_up and place != self._of_epoch(lowerings[-1]["epoch"]):
            return None
        return progress

    def _lowerings(self) -> list[dict[str, Any]]:
        path = self.folder / LOWERED
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []

    def _of_epoch(self, number: int) -> Path:
        return self.folder / checkpoint_name(number)

    def _drop_all_but(self, needed: set[Path]) -> None:
        for old in set(self.folder.glob("epoch-*")) - needed:
            shutil.rmtree(old, ignore_errors=True)


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(2**20):
            checksum = zlib.crc32(block, checksum)
    return checksum


def _ignored(place: Path, reason: str) -> None:
    logging.getLogger(__name__).warning(
        "%s: this checkpoint is not used (%s); training goes on from the one before", place, reason
    )

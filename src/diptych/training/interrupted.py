"""What a run trains, noted beside its checkpoints: to say how another one differs."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from diptych.data.dataset import Dataset
from diptych.recipe import Recipe
from diptych.system.files import write_file

NOTE = "run.json"
# What changes nothing of what was trained until now.
LATER = ("on_nan",)


class RunNote(NamedTuple):
    """What a run is for, and all that its result depends on."""

    name: str  # the bundle that it is for
    recipe: Mapping[str, Any]
    weights: str | None  # a hash of the file that it starts from
    bits: int
    pictures: Mapping[str, list[str]]  # of each part, in order: a hash of label and content

    @classmethod
    def of(
        cls, name: str, recipe: Recipe, weights: str | None, train: Dataset, valid: Dataset
    ) -> "RunNote":
        pictures = {"train": _hashes(train), "valid": _hashes(valid)}
        choices = {key: value for key, value in asdict(recipe).items() if key not in LATER}
        return cls(name, choices, weights, train.bits, pictures)

    @property
    def run(self) -> str:
        """What is the same for runs that come to the same, whatever they are for."""
        text = json.dumps(self._replace(name=""))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def write(self, run: Path) -> None:
        """Write it beside the checkpoints of a run."""
        write_file(run / NOTE, json.dumps(self._asdict()).encode())

    def differences(self, now: "RunNote") -> Iterator[str]:
        """How another run differs from this one, in words."""
        for key, value in now.recipe.items():
            if key not in self.recipe:
                yield f"{key} = {value} (it knew no such choice)"
            elif self.recipe[key] != value:
                yield f"{key} = {value} (it had {self.recipe[key]})"
        for key in self.recipe.keys() - now.recipe.keys():
            yield f"no {key} (it had {self.recipe[key]})"
        if self.weights != now.weights and self.recipe.get("weights") == now.recipe["weights"]:
            yield "other weights in the file that it starts from"
        yield from _changes(self, now)
        if self.bits != now.bits:
            yield f"pictures of {now.bits} bits (it had {self.bits})"


def stopped_run(keep: Path, name: str) -> RunNote | None:
    """What was last being trained for a bundle of this name and was stopped, if anything was."""
    notes = sorted(keep.glob(f"*/{NOTE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in notes:
        try:
            note = RunNote(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            continue  # gone by now, or of another version
        if note.name == name:
            return note
    return None


def _changes(before: RunNote, now: RunNote) -> Iterator[str]:
    """How many pictures are new, gone, or moved to another part."""
    part_before, part_now = (
        {picture: part for part, some in note.pictures.items() for picture in some}
        for note in (before, now)
    )
    new, gone = part_now.keys() - part_before.keys(), part_before.keys() - part_now.keys()
    moved = [p for p in part_now.keys() & part_before.keys() if part_now[p] != part_before[p]]
    counts = ((new, "new"), (gone, "gone"), (moved, "in another part"))
    for pictures, what in counts:
        if pictures:
            n = len(pictures)
            yield f"{n:,} picture{'s'[: n != 1]} {what}"
    if part_now == part_before and now.pictures != before.pictures:
        yield "the pictures in another order, as other names give them"


def _hashes(part: Dataset) -> list[str]:
    return [
        hashlib.sha256(f"{s.label}\0{s.digest}".encode(errors="surrogateescape")).hexdigest()[:16]
        for s in part.samples
    ]

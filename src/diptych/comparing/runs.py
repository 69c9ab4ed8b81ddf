"""The bundles below a folder side by side: what each was made of, and what came of it."""

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from diptych.bundles.format import BUNDLE_JSON, HISTORY, Bundle, open_facts
from diptych.data.dataset import pictures_hash
from diptych.errors import DiptychError, InputError, first_line, nearest
from diptych.metrics import Score
from diptych.networks.choosing import way_to_train

# What a table is sorted by, and whether the largest comes first.
COLUMNS: Mapping[str, bool] = {
    "name": False,
    "engine": False,
    "network": False,
    "train": False,
    "accuracy": True,
    "log_loss": False,
    "pictures": True,
    "created": True,
    "seconds": False,
}


class Run(NamedTuple):
    """What a bundle says of the training that it came from."""

    name: str  # its path below the folder
    engine: str
    network: str
    train: str  # "head" or "all"
    accuracy: Score
    log_loss: Score
    pictures: int
    test_pictures: int
    created: str  # ISO 8601
    seconds: float  # of its epochs
    data: str  # the same letter: the same pictures and the same test part
    recipe: Mapping[str, Any]
    content_sha256: str


class Unreadable(NamedTuple):
    """A bundle of which nothing can be said, and why."""

    name: str
    error: str


class Runs(NamedTuple):
    """The bundles below a folder, and those that cannot be read."""

    runs: tuple[Run, ...]
    unreadable: tuple[Unreadable, ...]

    def differing(self) -> list[str]:
        """The choices of recipes that are not the same in all, but for those with a column."""
        every = dict.fromkeys(key for run in self.runs for key in run.recipe)
        return [
            key
            for key in every
            if key not in COLUMNS and len({repr(run.recipe.get(key)) for run in self.runs}) > 1
        ]

    def sorted_by(self, column: str, *, reverse: bool = False) -> "Runs":
        """The same in another order: the best, the most or the newest first.

        Raises InputError for a column that there is not.
        """
        if column not in COLUMNS:
            raise InputError(f"--sort has no '{column}'{nearest(column, COLUMNS)}")
        runs = sorted(self.runs, key=lambda run: run.name)
        runs.sort(key=lambda run: getattr(run, column), reverse=COLUMNS[column] != reverse)
        return self._replace(runs=tuple(runs))

    def caveat(self) -> str:
        """Which of them cannot be compared by their scores; "" where all can."""
        by_data: dict[str, list[str]] = {}
        for run in self.runs:
            by_data.setdefault(run.data, []).append(run.name)
        if len(by_data) < 2:
            return ""
        groups = "; ".join(f"{data}: {', '.join(by_data[data])}" for data in sorted(by_data))
        return (
            "scores are comparable only within the same letter, which has the same pictures and "
            f"the same test part ({groups}); evaluate BUNDLE BUNDLE --on DATA compares any two"
        )


def runs_below(folder: Path) -> Runs:
    """Every bundle below a folder; raises InputError where there is none."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    places = sorted(_bundles(folder))
    if not places:
        raise InputError(f"{folder}: there is no bundle in it; diptych train makes one")
    letters: dict[str, str] = {}
    runs, unreadable = list[Run](), list[Unreadable]()
    for place in places:
        name = place.name if place == folder else str(place.relative_to(folder))
        try:
            runs.append(_run(name, open_facts(place), letters))
        except DiptychError as error:
            unreadable.append(Unreadable(name, str(error).removeprefix(f"{place}: ")))
        except (OSError, KeyError, TypeError, ValueError) as error:
            unreadable.append(Unreadable(name, f"is damaged ({first_line(error)}); copy it anew"))
    return Runs(tuple(runs), tuple(unreadable))


def _bundles(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        if BUNDLE_JSON in files:
            folders.clear()  # there is none in another
            yield Path(root)
        # Those are being written, or were when a run was killed.
        folders[:] = [name for name in folders if not name.startswith(".")]


def _run(name: str, bundle: Bundle, letters: dict[str, str]) -> Run:
    facts, recipe = bundle.facts, bundle.facts["recipe"]
    data = facts["data"]
    test = json.dumps([data["fingerprint"], _test_part(bundle)])
    return Run(
        name,
        recipe["engine"],
        recipe["network"],
        way_to_train(bundle.recipe()),
        Score(**facts["test"]["accuracy"]),
        Score(**facts["test"]["log_loss"]),
        sum(data[part] for part in ("train", "valid", "test")),
        data["test"],
        facts["created"],
        _seconds(bundle),
        letters.setdefault(test, _letter(len(letters))),
        recipe,
        bundle.content_sha256,
    )


def _test_part(bundle: Bundle) -> str:
    return pictures_hash(s.digest for s in bundle.every_picture() if s.part == "test")


def _seconds(bundle: Bundle) -> float:
    rows = csv.DictReader(io.StringIO(bundle.read(HISTORY).decode()))
    return sum(float(row["seconds"]) for row in rows)


def _letter(number: int) -> str:
    """A, B, … Z, AA, AB, …"""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters

"""Trials of a search by the processes of a workplace; the study lies in a folder that all see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from diptych.errors import InputError
from diptych.networks.choosing import way_to_train
from diptych.recipe import Recipe
from diptych.system.workplace import Workplace
from diptych.tuning.clock import Clock
from diptych.tuning.material import Material
from diptych.tuning.space import Space, Value
from diptych.tuning.study import JOURNAL, Study
from diptych.tuning.worker import Log, Worker


@dataclass(frozen=True)
class Search:
    """What a process has to know to take part in a search."""

    folder: Path
    facts: Mapping[str, Any]
    space: Space
    default: Mapping[str, Value]
    recipe: Recipe
    folds: int
    material: Material  # with the features that trials need

    def study(self) -> Study:
        """The study, opened."""
        return Study(self.folder, self.facts, self.space, self.default, self.recipe.seed)

    def worker(self, study: Study, clock: Clock, log: Log, first_look: float = 0.0) -> Worker:
        """One process's share of it; `first_look` is that of another process."""
        of_all = study, self.material, self.recipe, self.space, self.folds
        return Worker(*of_all, clock, log, first_look)

    def of_features(self) -> bool:
        """Whether all trials fit a head to features: others need the pixels of this machine."""
        ways = {"train": self.recipe.train} | dict(self.default)
        tried = [self.recipe.replace(**ways)]
        for dimension in self.space.dimensions:
            if dimension.key in ("train", "network"):
                tried += [
                    one.replace(**{dimension.key: choice})
                    for one in tried
                    for choice in dimension.choices
                ]
        return all(way_to_train(recipe) == "head" for recipe in tried)


def trials_elsewhere(
    place: Workplace, search: Search, trials: int, clock: Clock, first_look: float, log: Log
) -> None:
    """Have trials done there until there are so many, or time is up.

    Whoever comes late has what is left of the time, and none looks again at what a trial takes.
    Raises InputError where a process there does not see the folder of the search.
    """
    make = partial(_one_by_one, search, trials, clock.time_of_day, first_look)
    for lines in place.map(make, ([slot] for slot in range(trials)), _lost):
        for line in lines:
            log(line)


def _one_by_one(
    search: Search, trials: int, time_of_day: float | None, first_look: float
) -> Callable[[Sequence[int]], list[list[str]]]:
    """What does a trial for each slot, where a worker is; each gives what there is to say of it."""
    if not (search.folder / JOURNAL).exists():
        raise InputError(
            f"{search.folder}: a worker does not see it; mount the folder on every node, at the "
            "same place"
        )
    clock = Clock.until(time_of_day)

    def trial() -> list[str]:
        lines: list[str] = []
        with search.study() as study:
            search.worker(study, clock, lines.append, first_look).one(trials)
        return lines

    return lambda slots: [trial() for _ in slots]


def _lost(slot: int, reason: str) -> list[str]:
    return [f"a trial is left to this machine: {reason}"]

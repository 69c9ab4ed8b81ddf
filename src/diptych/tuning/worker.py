"""One process's share of a search: trials until there are enough, then a verdict on the winner."""

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from diptych.errors import InputError, first_line
from diptych.metrics.intervals import percent
from diptych.networks.choosing import way_to_train
from diptych.recipe import Recipe
from diptych.system.locks import locked
from diptych.system.progress import Track
from diptych.tuning.clock import Clock
from diptych.tuning.costs import Costs
from diptych.tuning.judgement import Judgement
from diptych.tuning.judging import TENTHS, judge
from diptych.tuning.material import Material
from diptych.tuning.space import Space
from diptych.tuning.study import Proposal, Row, Study
from diptych.tuning.tuned import Tuned
from diptych.tuning.verdict import SEEDS, Verdict, unseen_seeds, verdict

# Of the first fold, before a trial is stopped for being worse than others: tenths.
WARMUP = 4
POLL = 0.5  # seconds
# What the features of a picture depend on, of what may be searched.
OF_FEATURES = ("network", "views")
RUNNING = "running"  # the folder of checkpoints

Log = Callable[[str], None]


class _Pruned(Exception):
    """A trial is worse than half of the others."""


class _OutOfTime(Exception):
    """A trial would not end in time."""


class Worker:
    """One process's share of a search."""

    def __init__(
        self,
        study: Study,
        material: Material,
        default: Recipe,
        space: Space,
        folds: int,
        clock: Clock,
        log: Log,
        first_look: float = 0.0,  # of a process that had one
    ) -> None:
        self._study, self._material, self._default = study, material, default
        self._space, self._folds, self._clock, self._log = space, folds, clock, log
        self._costs = Costs(default, material, folds, first_look)

    @property
    def first_look(self) -> float:
        """Seconds of an epoch in a fold, before any trial told more; 0 where nobody has looked."""
        return self._costs.first_look

    def prepare(self) -> None:
        """Compute all features that trials need, once for all processes.

        Raises InputError where that does not fit into the time.
        """
        recipes = [self._default]
        for key, *_, choices in self._space.dimensions:
            if key in OF_FEATURES:
                recipes += [one.replace(**{key: choice}) for one in recipes for choice in choices]
        for recipe in recipes:
            if way_to_train(recipe) == "head":
                with locked(self._study.folder / "features.lock"):
                    self._material.features(recipe)
        if self._clock.has_deadline and not self._complete():
            self._costs.look()

    def run(self, trials: int) -> None:
        """Do trials until there are so many, by whatever process, or time is up."""
        waiting = False
        while True:
            proposal = self._study.ask(trials)
            if proposal and not (self._fits(proposal) and self._tried(proposal)):
                self._study.give_back(proposal)
                self._log("there is no time for another trial; the same command goes on")
                return
            if not proposal:
                if self._study.is_finished():
                    return
                if not waiting:
                    self._log("waiting for the trials of other processes")
                waiting = True
                time.sleep(POLL)

    def one(self, trials: int) -> None:
        """Do a trial, if there are not so many yet, and time for it."""
        proposal = self._study.ask(trials)
        if proposal and not (self._fits(proposal) and self._tried(proposal)):
            self._study.give_back(proposal)

    def end(self, track: Track) -> Tuned:
        """Judge the winner anew, and write what the search came to.

        Raises InputError where there is none, or no time for it.
        """
        if not self._complete():
            raise InputError(
                f"{self._study.folder}: no trial has come to an end; the same command goes on"
            )
        with locked(self._study.folder / "verdict.lock"):
            tuned = self._tuned(self._verdict(track))
            tuned.write()
        with contextlib.suppress(OSError):  # a trial that was given back goes on from there
            (self._study.folder / RUNNING).rmdir()
        return tuned

    def _fits(self, proposal: Proposal) -> bool:
        """Whether a trial ends in time, and the verdict after it.

        Raises InputError where not even the default, another and their verdict do.
        """
        recipe = self._recipe(proposal)
        if not self._clock.has_deadline:
            return True
        trial, reserve = self._costs.trial(recipe, self._complete()), self._reserve(recipe)
        if proposal.number:
            return trial + reserve <= self._clock.left
        self._clock.require(2 * trial + reserve, "the default, a trial, and a verdict on both")
        return True

    def _tried(self, proposal: Proposal) -> bool:
        """Do a trial of ours; whether it came to an end before the time was up."""
        recipe, number = self._recipe(proposal), proposal.number
        same = [row for row in self._complete() if row.values == proposal.values]
        if same and number:
            self._study.complete(proposal, same[0].log_loss or 0.0, same[0].accuracy or 0.0)
            self._log(f"trial {number}: the same as trial {same[0].number}")
            return True
        watch = partial(self._watch, proposal)
        try:
            result = judge(recipe, self._material, recipe.seed, self._keep(recipe), watch)
        except _OutOfTime:
            return False
        except _Pruned as why:
            self._prune(proposal, str(why))
        except InputError as error:
            # A rate that is too high, a batch that does not fit: others may be better.
            if not number:
                raise
            self._prune(proposal, first_line(error))
        else:
            self._study.complete(proposal, result.log_loss, result.accuracy)
            self._log(self._told(proposal, result))
        return True

    def _prune(self, proposal: Proposal, reason: str) -> None:
        if keep := self._keep(self._recipe(proposal)):
            shutil.rmtree(keep, ignore_errors=True)
        self._study.prune(proposal, reason)
        self._log(f"trial {proposal.number}: stopped, {reason}")

    def _watch(self, proposal: Proposal, tenths: int, error: float) -> None:
        """Stop a trial that is worse than others were, or late."""
        whole = TENTHS * self._folds
        if tenths >= whole:
            return
        worse = self._study.report(proposal, tenths, error)
        if worse and tenths >= WARMUP:
            raise _Pruned(f"worse than half of the others {tenths / whole:.0%} of the way")
        if proposal.number and self._clock.left < self._reserve(self._recipe(proposal)):
            raise _OutOfTime

    def _verdict(self, track: Track) -> Verdict | None:
        """The winner against the default; as noted, where it was judged already."""
        tuned = self._tuned(None)
        winner = tuned.winner
        if not winner.number:
            return None
        seeds = unseen_seeds(self._default.seed, len(tuned.rows))
        noted = self._study.noted("verdict")
        if noted and (noted["winner"], tuple(noted["seeds"])) == (winner.number, seeds):
            return Verdict.from_json(noted)
        recipes = (tuned.recipe_of(winner), self._default)
        self._clock.require(self._reserve(recipes[0]), "a verdict on the winner")
        todo = [(recipe, seed) for recipe in recipes for seed in seeds]
        judged = list(track((self._judged(*one) for one in todo), "judging anew", len(todo)))
        result = verdict(
            winner.number, seeds, judged[:SEEDS], judged[SEEDS:], self._material.groups
        )
        self._study.note("verdict", result.to_json())
        return result

    def _judged(self, recipe: Recipe, seed: int) -> Judgement:
        return judge(recipe, self._material, seed, self._keep(recipe.replace(seed=seed)))

    def _tuned(self, result: Verdict | None) -> Tuned:
        return Tuned(
            self._study.folder,
            self._default,
            self._space,
            self._folds,
            len(self._material.data),
            tuple(self._study.rows()),
            self._study.importance(),
            result,
        )

    def _recipe(self, proposal: Proposal) -> Recipe:
        return self._default.replace(**proposal.values) if proposal.number else self._default

    def _keep(self, recipe: Recipe) -> Path | None:
        """Where the checkpoints of a trial are, which is the same for whoever takes it over."""
        if way_to_train(recipe) == "head":
            return None
        name = hashlib.sha256(json.dumps(asdict(recipe)).encode()).hexdigest()[:16]
        return self._study.folder / RUNNING / name

    def _complete(self) -> list[Row]:
        return [row for row in self._study.rows() if row.log_loss is not None]

    def _told(self, proposal: Proposal, result: Judgement) -> str:
        best = min((row.log_loss or 0.0, row.number) for row in self._complete())
        place = "the best until now" if best[1] == proposal.number else f"best {best[0]:.4f}"
        return (
            f"trial {proposal.number}{'' if proposal.number else ', the default'}: log loss "
            f"{result.log_loss:.4f}, {percent(result.accuracy)} right ({place})"
        )

    def _reserve(self, recipe: Recipe) -> float:
        """Seconds of a verdict, should this recipe or the best until now be the winner."""
        if not self._clock.has_deadline:
            return 0.0
        complete = self._complete()
        best = min(complete, key=lambda row: row.log_loss or 0.0, default=None)
        winners = [recipe, *([self._default.replace(**best.values)] if best else [])]
        most = max(self._costs.trial(winner, complete) for winner in winners)
        return SEEDS * (self._costs.trial(self._default, complete) + most)

"""Study: the trials of a search in a folder, shared by processes, whichever of them dies.

Optuna proposes and keeps the journal; nobody else here knows of it. Who takes a trial writes its
name into it and holds the lock of that name: a trial that runs though its lock is free belongs to
a process that is no more, and is given to another.
"""

import contextlib
import itertools
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from diptych.errors import InputError, MissingExtra
from diptych.system.locks import Taken, locked
from diptych.system.silence import quiet
from diptych.tuning.space import Dimension, Space, Value

JOURNAL = "study.journal"
NAME = "diptych"
STARTUP = 8  # trials by chance, and trials that are not stopped early
# Of complete trials, the best share is what importance is told by.
BEST_SHARE = 0.25


class Proposal(NamedTuple):
    """What a trial is to try."""

    number: int  # stays the same whoever takes the trial over; 0 is the default
    values: Mapping[str, Value]
    trial: Any  # Optuna's


class Row(NamedTuple):
    """What came of a trial."""

    number: int
    state: str  # "complete", "pruned", "running"
    log_loss: float | None  # out of fold, of a complete one
    accuracy: float | None
    values: Mapping[str, Value]
    seconds: float
    reason: str  # why it was stopped


class Study:
    """A search in a folder; to be used in `with`, which holds the lock of its worker."""

    def __init__(
        self,
        folder: Path,
        facts: Mapping[str, Any],
        space: Space,
        default: Mapping[str, Value],
        seed: int,
    ) -> None:
        """Open or begin a study, whose first trial is the `default`.

        `facts` are what must be the same each time: {name: {key: value}}. Raises InputError where
        they are not, with the first that differs; MissingExtra without Optuna.
        """
        self._optuna = load_optuna()
        self.folder, self._seed, self._worker = folder, seed, uuid.uuid4().hex
        self._space, self._default = space, default
        self._states = self._optuna.trial.TrialState
        folder.mkdir(parents=True, exist_ok=True)
        self._held = contextlib.ExitStack()
        with locked(folder / "study.lock"):
            self._study = self._opened(folder / JOURNAL)
            if (before := self._study.user_attrs.get("facts")) is not None:
                _refuse_other(folder, before, facts)
                return
            # Facts are written last: where we are killed before, another begins anew.
            if not self._trials():
                held = {d.key: default[d.key] for d in space.dimensions if d.holds(default[d.key])}
                self._study.enqueue_trial(held, user_attrs={"number": 0})
            self._study.set_user_attr("facts", dict(facts))

    def __enter__(self) -> "Study":
        for left in self.folder.glob("worker-*.lock"):
            _is_held(left)  # what a killed process left is gone then
        self._held.enter_context(locked(self._alive(self._worker)))
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def ask(self, trials: int) -> Proposal | None:
        """The next trial, which is ours now; None where there are `trials`.

        The sampler is made anew from the seed and the trial's number, so that a search that goes on
        proposes what it would have proposed.
        """
        with locked(self.folder / "study.lock"):
            self._requeue_dead()
            numbers = {t.user_attrs.get("number") for t in self._started()}
            if len(numbers) >= trials:
                return None
            unused = next(number for number in itertools.count() if number not in numbers)
            self._study.sampler = self._sampler(unused)
            trial = self._study.ask()
            trial.set_user_attr("worker", self._worker)
            number = trial.user_attrs.get("number", unused)
            trial.set_user_attr("number", number)
            values = self._chosen(trial, number)
            trial.set_user_attr("values", values)
            return Proposal(number, values, trial)

    def report(self, proposal: Proposal, step: int, error: float) -> bool:
        """Note how far a trial is off at a step; whether it is so bad that it should stop.

        That is where it is worse than half of the complete ones were at that step (the median rule
        of Golovin et al., "Google Vizier", 2017). Steps may differ in what is measured, which
        Optuna's own pruner has no notion of.
        """
        proposal.trial.report(error, step)
        others = [t.intermediate_values for t in self._trials(self._states.COMPLETE)]
        errors = [values[step] for values in others if step in values]
        return proposal.number > 0 and len(errors) >= STARTUP and error > float(np.median(errors))

    def complete(self, proposal: Proposal, log_loss: float, accuracy: float) -> None:
        """Note the score of a trial."""
        proposal.trial.set_user_attr("accuracy", accuracy)
        self._study.tell(proposal.trial, log_loss)

    def prune(self, proposal: Proposal, reason: str) -> None:
        """Note why a trial was stopped."""
        proposal.trial.set_user_attr("reason", reason)
        self._study.tell(proposal.trial, state=self._states.PRUNED)

    def give_back(self, proposal: Proposal) -> None:
        """Let another process, or this one another time, do a trial of ours."""
        with locked(self.folder / "study.lock"):
            self._requeue(proposal.trial)

    def is_finished(self) -> bool:
        """Whether no living process has a trial."""
        with locked(self.folder / "study.lock"):
            self._requeue_dead()
            return not self._trials(self._states.RUNNING)

    def rows(self) -> list[Row]:
        """All trials that have begun, by their numbers."""
        ours = [trial for trial in self._started() if "values" in trial.user_attrs]
        return sorted(map(_row, ours), key=lambda row: row.number)

    def importance(self) -> dict[str, float]:
        """How much each choice sets the best trials apart, in shares of one; none for few trials.

        By PED-ANOVA (Watanabe et al., IJCAI 2023).
        """
        complete = [t for t in self._trials(self._states.COMPLETE) if t.params]
        keys = set.intersection(*(set(t.params) for t in complete)) if complete else set()
        if len(complete) < STARTUP or not keys:
            return {}
        # Compared with all that is open, not with what was tried: most of that is like the best.
        evaluator = self._optuna.importance.PedAnovaImportanceEvaluator(
            target_quantile=BEST_SHARE, evaluate_on_local=False
        )
        shares = self._optuna.importance.get_param_importances(
            self._study, evaluator=evaluator, params=sorted(keys)
        )
        return {key: float(share) for key, share in shares.items()}

    def note(self, name: str, value: Any) -> None:
        """Keep something of the whole study, as JSON can hold it."""
        self._study.set_user_attr(name, value)

    def noted(self, name: str) -> Any:
        """What was kept; None where nothing was."""
        return self._study.user_attrs.get(name)

    def _opened(self, journal: Path) -> Any:
        storages = self._optuna.storages
        lock = JournalLock(journal)
        lock.acquire()  # what a killed writer left half is cut before anybody reads it
        lock.release()
        backend = storages.journal.JournalFileBackend(str(journal), lock_obj=lock)
        return self._optuna.create_study(
            storage=storages.JournalStorage(backend), study_name=NAME, load_if_exists=True
        )

    def _chosen(self, trial: Any, number: int) -> dict[str, Value]:
        """The values of a trial. Of the default, those that the space holds are told to Optuna."""
        if number:
            return {d.key: d.rounded(_suggested(trial, d)) for d in self._space.dimensions}
        for dimension in self._space.dimensions:
            if dimension.holds(self._default[dimension.key]):
                _suggested(trial, dimension)
        return dict(self._default)

    def _requeue_dead(self) -> None:
        """Queue the trials of processes that are no more again."""
        for trial in self._trials(self._states.RUNNING):
            worker = trial.user_attrs.get("worker", "")
            if worker != self._worker and not (worker and _is_held(self._alive(worker))):
                self._requeue(trial)

    def _requeue(self, trial: Any) -> None:
        number = trial.user_attrs.get("number")
        waiting = {t.user_attrs.get("number") for t in self._trials(self._states.WAITING)}
        # Queued first, then given up: where we are killed in between, it is not lost.
        if number is not None and number not in waiting:
            self._study.enqueue_trial(dict(trial.params), user_attrs={"number": number})
        self._study.tell(trial.number, state=self._states.FAIL)

    def _started(self) -> list[Any]:
        states = self._states
        return self._trials(states.RUNNING, states.COMPLETE, states.PRUNED)

    def _trials(self, *states: Any) -> list[Any]:
        trials: list[Any] = self._study.get_trials(deepcopy=False, states=states or None)
        return trials

    def _sampler(self, number: int) -> Any:
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        return self._optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=STARTUP, constant_liar=True
        )

    def _alive(self, worker: str) -> Path:
        return self.folder / f"worker-{worker}.lock"


class JournalLock:
    """Optuna's lock by the system's, which ends with its process; Optuna's own outlives it."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._held = contextlib.ExitStack()

    def acquire(self) -> bool:
        """Wait for the lock. What a writer left that was killed in the middle of a line is cut."""
        self._held.enter_context(locked(self._journal.with_name("journal.lock")))
        self._cut()
        return True

    def release(self) -> None:
        """Let others write."""
        self._held.close()

    def _cut(self) -> None:
        if not self._journal.exists() or not self._journal.stat().st_size:
            return
        with self._journal.open("r+b") as file:
            file.seek(-1, 2)
            if file.read() != b"\n":
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)


def is_study(folder: Path) -> bool:
    """Whether a folder holds one."""
    return (folder / JOURNAL).is_file()


def load_optuna() -> Any:
    """Optuna, silent; raises MissingExtra where it is not installed."""
    try:
        with quiet("optuna"):
            import optuna
            import optuna.storages.journal
    except ModuleNotFoundError as cause:
        raise MissingExtra("Optuna", "tune") from cause
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _suggested(trial: Any, dimension: Dimension) -> Value:
    key, low, high, log, choices = dimension
    if choices:
        value: Value = trial.suggest_categorical(key, list(choices))
        return value
    if dimension.whole:
        return int(trial.suggest_int(key, int(low), int(high), log=log))
    return float(trial.suggest_float(key, low, high, log=log))


def _row(trial: Any) -> Row:
    attributes, state = trial.user_attrs, trial.state.name.lower()
    return Row(
        attributes["number"],
        state,
        trial.value if state == "complete" else None,
        attributes.get("accuracy"),
        attributes["values"],
        trial.duration.total_seconds() if trial.duration else 0.0,
        attributes.get("reason", ""),
    )


def _is_held(path: Path) -> bool:
    try:
        with locked(path, wait=False):
            return False
    except Taken:
        return True


def _refuse_other(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise InputError for the first fact that is not what it was."""
    for name, own in now.items():
        had = before.get(name, {})
        if differing := [key for key in {**had, **own} if had.get(key) != own.get(key)]:
            key = differing[0]
            told = f": {key} = {own.get(key)} (it had {had.get(key)})" if name != "pictures" else ""
            raise InputError(
                f"{folder} is a study of {'' if name == 'pictures' else 'an'}other {name}{told}; "
                "name another --out, or go on with the same"
            )

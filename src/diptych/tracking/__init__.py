"""Trackers are told how a training goes: TensorBoard's event files, an MLflow server.

A tracker that fails is left out from then on, with one line: it never stops a training. Each run of
a training that is stopped and taken up again is one run to a tracker.
"""

import contextlib
import importlib.util
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from diptych.errors import InputError, MissingExtra, first_line, nearest
from diptych.system.files import write_file
from diptych.system.progress import Track

T = TypeVar("T")

KINDS = {"tensorboard": "TensorBoard", "mlflow": "MLflow"}  # and their packages
# Beside the checkpoints of a run: what each tracker calls it, and the epochs that it was told.
NOTE = "tracking.json"
# What is told of an epoch; its number is the step.
SCALARS = (
    "loss",
    "valid_loss",
    "valid_accuracy",
    "learning_rate",
    "seconds",
)


class Tracker(Protocol):
    """One kind of tracking, of one run."""

    def open(self, identity: str) -> str:
        """Go on with a run by what it is called there, or with "" begin one; returns its name."""
        ...

    def params(self, params: Mapping[str, Any]) -> None:
        """Tell what the run was made with."""
        ...

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Tell the values of a step."""
        ...

    def end(self, scores: Mapping[str, float], bundle: Path, content: str) -> None:
        """Tell what the run came to: scores, a bundle, and the hash of its content."""
        ...


class _Told(NamedTuple):
    """A tracker, and what it was told already."""

    spec: str
    tracker: Tracker
    identity: str
    epochs: list[list[float]]


class Tracking:
    """Tells every tracker of a training."""

    def __init__(self, specs: Sequence[str], name: str) -> None:
        """`specs` such as "mlflow" or "tensorboard:logs"; `name` is the bundle that is made.

        Raises InputError for another, MissingExtra where a package is missing.
        """
        specs = [specs] if isinstance(specs, str) else specs
        refuse_unknown(specs)
        self._trackers = {spec: _tracker(spec, name) for spec in specs}
        self._told = list[_Told]()
        self._note: Path | None = None

    def begin(self, run: Path, params: Mapping[str, Any]) -> None:
        """Go on with what was told of a folder of checkpoints before, or begin."""
        self._note = run / NOTE
        before = _read(self._note)
        for spec, tracker in self._trackers.items():
            known = before.get(spec, {"identity": "", "epochs": []})
            self._told.append(_Told(spec, tracker, known["identity"], known["epochs"]))
        self._tell(lambda told: told._replace(identity=told.tracker.open(told.identity)))
        self._write()
        new = [told for told in self._told if not told.epochs]
        self._tell(lambda told: told.tracker.params(params) if told in new else None)

    def watch(self, track: Track) -> Track:
        """A Track that also tells of every epoch of a training that it passes on."""

        def watched(items: Iterable[T], doing: str, total: int) -> Iterable[T]:
            for item in track(items, doing, total):
                if hasattr(item, "valid_loss"):
                    self._epoch(doing, item)
                yield item

        return watched if self._trackers else track

    def end(self, scores: Mapping[str, Any], bundle: Path, content: str) -> None:
        """Tell what came of it."""
        values = dict(_flat(scores))
        self._tell(lambda told: told.tracker.end(values, bundle, content))
        self._told = []

    def _epoch(self, doing: str, epoch: Any) -> None:
        # Of several trainings in one run each has values of its own.
        above = "" if doing == "training" else f"{doing}/"
        values = {f"{above}{name}": float(getattr(epoch, name)) for name in SCALARS}
        # Those of a run that is taken up again come once more.
        this = [epoch.number, epoch.valid_loss, epoch.learning_rate]

        def tell(told: _Told) -> None:
            if this not in told.epochs:
                told.tracker.scalars(epoch.number, values)
                told.epochs.append(this)

        self._tell(tell)
        self._write()

    def _tell(self, action: Callable[[_Told], _Told | None]) -> None:
        """Do something with each tracker, without those that fail from then on."""
        going = list[_Told]()
        for told in self._told:
            try:
                going.append(action(told) or told)
            except Exception as cause:
                # Whatever a tracker stumbles over: the training is worth more.
                logging.getLogger(__name__).warning(
                    "%s is told no more (%s); the training goes on", told.spec, first_line(cause)
                )
        self._told = going

    def _write(self) -> None:
        if self._note and self._told:
            facts = {t.spec: {"identity": t.identity, "epochs": t.epochs} for t in self._told}
            with contextlib.suppress(InputError):  # a full disk: the next checkpoint says so
                write_file(self._note, json.dumps(facts).encode())


def refuse_unknown(specs: Sequence[str]) -> None:
    """Raise InputError for a tracker that there is not, MissingExtra where its package is missing.

    Nothing is imported, which takes seconds.
    """
    for spec in specs:
        kind = spec.partition(":")[0]
        if kind not in KINDS:
            raise InputError(f"no tracker '{kind}'{nearest(kind, KINDS)}")
        if importlib.util.find_spec(kind) is None:
            raise MissingExtra(KINDS[kind], "track")


def _tracker(spec: str, name: str) -> Tracker:
    kind, _, place = spec.partition(":")
    if kind == "tensorboard":
        from diptych.tracking.tensorboard import TensorBoard

        return TensorBoard(place, name)
    from diptych.tracking.mlflow import MLflow

    return MLflow(place, name)


def _read(note: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return facts


def _flat(scores: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    """Each score by its name, with the ends of its interval."""
    for name, score in scores.items():
        if isinstance(score, Mapping) and {"value", "low", "high"} <= score.keys():
            yield f"test_{name}", float(score["value"])
            yield f"test_{name}_low", float(score["low"])
            yield f"test_{name}_high", float(score["high"])

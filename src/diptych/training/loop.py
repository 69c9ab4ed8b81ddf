"""The one training loop: `fit` yields epochs, whatever engine is in it."""

import itertools
import json
import math
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError

from diptych.engines.contract import Engine
from diptych.errors import InputError
from diptych.images.rows import Rows, map_batches
from diptych.metrics.probabilities import Logits, log_softmax
from diptych.training.batches import Batches

# A checkpoint costs a few hundredths of a second, and an epoch may cost less.
CHECKPOINT_SECONDS = 5.0


class EpochResult(NamedTuple):
    """One pass over the training part. Losses are cross-entropy in nats per picture."""

    number: int
    learning_rate: float
    loss: float
    valid_loss: float
    valid_accuracy: float
    train_seconds: float  # without those of the validation part
    seconds: float
    best: bool  # no earlier epoch had a lower validation loss

    def describe(self) -> str:
        """The epoch in a line."""
        return (
            f"epoch {self.number}, loss {self.loss:.3f}, "
            f"valid {self.valid_loss:.3f} ({self.valid_accuracy:.1%} right)"
        )


class Schedule(NamedTuple):
    """How long to train, and how fast."""

    epochs: int
    patience: int  # epochs without a lower validation loss, after which it is enough
    learning_rate: float  # the peak
    warmup: float  # the share of steps that climb to it


def fit(
    engine: Engine,
    train: Batches,
    valid: Rows,
    valid_labels: Sequence[int],
    schedule: Schedule,
    checkpoints: Path,
) -> Iterator[EpochResult]:
    """Train; yields each epoch. At the end the engine has the weights of the best one.

    `checkpoints` is a folder. Where it has some, because a run was killed, those epochs are yielded
    from there, and training goes on to the result it would have had.
    """
    history = _resumed(engine, checkpoints)
    yield from history
    rates = learning_rates(schedule, len(train))
    saved = time.monotonic()
    while not _enough(history, schedule):
        started = time.monotonic()
        number = len(history) + 1
        own_rates = rates[(number - 1) * len(train) : number * len(train)]
        loss = engine.train(train.epoch(number, own_rates))
        train_seconds = time.monotonic() - started
        valid_loss, accuracy = _scores(predict_rows(engine, valid), valid_labels)
        if not math.isfinite(valid_loss):
            raise InputError(
                f"the loss is no longer a number in epoch {number}; try a lower learning_rate"
            )
        best = all(valid_loss < epoch.valid_loss for epoch in history)
        seconds = time.monotonic() - started
        history.append(
            EpochResult(
                number, own_rates[-1], loss, valid_loss, accuracy, train_seconds, seconds, best
            )
        )
        if best or time.monotonic() - saved > CHECKPOINT_SECONDS:
            _save(engine, history, checkpoints)
            saved = time.monotonic()
        yield history[-1]
    engine.load(_checkpoint(checkpoints, _best(history)))


def learning_rates(schedule: Schedule, steps: int) -> list[float]:
    """The rate of each step: linearly up to the peak, then along a cosine to zero."""
    total = schedule.epochs * steps
    climb = round(schedule.warmup * total)
    rising = [(i + 1) / (climb + 1) for i in range(climb)]
    left = total - climb
    falling = [(1 + math.cos(math.pi * i / left)) / 2 for i in range(left)]
    return [schedule.learning_rate * share for share in (*rising, *falling)]


def predict_rows(engine: Engine, rows: Rows, size: int = 256) -> Logits:
    """The engine's logits (N, K) for rows that may not fit into memory at once."""
    return map_batches(engine.predict, rows, size)


def _enough(history: list[EpochResult], schedule: Schedule) -> bool:
    stale = len(history) - _best(history)
    return len(history) >= schedule.epochs or (bool(history) and stale >= schedule.patience)


def _best(history: list[EpochResult]) -> int:
    """The number of the best epoch; 0 before the first."""
    return max((epoch.number for epoch in history if epoch.best), default=0)


def _scores(logits_NK: Logits, labels: Sequence[int]) -> tuple[float, float]:
    log_p_NK = log_softmax(logits_NK)
    loss = -float(log_p_NK[np.arange(len(labels)), labels].mean())
    return loss, float((logits_NK.argmax(1) == labels).mean())


def _save(engine: Engine, history: list[EpochResult], checkpoints: Path) -> None:
    """Write a checkpoint aside, put it in place, drop those that are no longer needed.

    Raises InputError where it cannot be written; those before it stay.
    """
    aside = checkpoints / "writing"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        engine.save(aside)
        (aside / "history.json").write_text(json.dumps(history), encoding="utf-8")
        aside.rename(_checkpoint(checkpoints, len(history)))
    except (OSError, SafetensorError) as cause:
        shutil.rmtree(aside, ignore_errors=True)
        raise InputError(
            f"{checkpoints}: no checkpoint can be written ({cause}); "
            "free some space or set DIPTYCH_CACHE to a folder with more"
        ) from cause
    needed = {_checkpoint(checkpoints, _best(history)), _checkpoint(checkpoints, len(history))}
    for old in set(checkpoints.glob("epoch-*")) - needed:
        shutil.rmtree(old)


def _resumed(engine: Engine, checkpoints: Path) -> list[EpochResult]:
    last = max(checkpoints.glob("epoch-*"), default=None)
    if last is None:
        return []
    engine.load(last)
    rows = json.loads((last / "history.json").read_text(encoding="utf-8"))
    return list(itertools.starmap(EpochResult, rows))


def _checkpoint(checkpoints: Path, number: int) -> Path:
    return checkpoints / f"epoch-{number:05d}"

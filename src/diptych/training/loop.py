"""The one training loop: `fit` yields epochs, whatever engine is in it."""

import logging
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.engines.contract import Engine
from diptych.errors import InputError, shortened
from diptych.images.rows import Rows, map_batches
from diptych.metrics.probabilities import Logits, log_softmax
from diptych.training.batches import Batches
from diptych.training.pace import Pace
from diptych.training.progress import EpochResult as EpochResult
from diptych.training.progress import Progress
from diptych.training.snapshots import Keeper, Snapshots

# A checkpoint costs a few hundredths of a second, and an epoch may cost less.
CHECKPOINT_SECONDS = 10.0

# A rate that is ten times too high is low enough after two; from the highest to a usual one it
# takes six.
LOWER, MOST_LOWERINGS = 0.25, 6
# Pictures of a step that are named.
NAMED = 32


class Schedule(NamedTuple):
    """How long to train, and how fast."""

    epochs: int
    patience: int  # epochs without a lower validation loss, after which it is enough
    learning_rate: float  # the peak
    warmup: float  # the share of steps that climb to it
    # Whether to go on from the best epoch with a quarter of the rate where a loss is no number.
    lower_rate: bool = False
    seconds: float = 0.0  # no epoch begins that would end later; 0: as long as it takes


class LossNotFinite(InputError):
    """A loss is no number: the rate was too high."""


def fit(
    engine: Engine,
    train: Batches,
    valid: Rows,
    valid_labels: Sequence[int],
    schedule: Schedule,
    checkpoints: Path | Keeper,
    valid_weights_N: npt.NDArray[np.float32] | None = None,
) -> Iterator[EpochResult]:
    """Train; yields each epoch. At the end the engine has the weights of the best one.

    `checkpoints` is a folder, or what keeps them elsewhere. Where it has some, because a run was
    killed, those epochs are yielded from there, and training goes on to the result it would have
    had. An epoch that comes again, since the rate was lowered, takes the place of the one before.
    Raises LossNotFinite where a loss is no number, whatever the rate. With `valid_weights_N`
    the validation loss is a weighted mean.
    """
    snapshots = Snapshots(checkpoints) if isinstance(checkpoints, Path) else checkpoints
    pace = Pace(CHECKPOINT_SECONDS)
    progress = snapshots.resume(engine)
    if (progress.history or progress.losses) and not _enough(progress, schedule):
        _say(f"goes on from epoch {len(progress.history) + 1}, step {len(progress.losses) + 1}")
    yield from progress.history
    rates = learning_rates(schedule, len(train))
    if not (progress.history or progress.losses):
        snapshots.save(engine, progress)  # to go back to
    while not _enough(progress, schedule):
        first = len(progress.history) * len(train)
        scale = LOWER**progress.lowered
        own_rates = [rate * scale for rate in rates[first : first + len(train)]]
        try:
            _train_epoch(engine, train, own_rates, progress, pace, snapshots)
            started = time.monotonic()
            scores = _scores(predict_rows(engine, valid), valid_labels, valid_weights_N)
            result = _result(train, scores, own_rates, progress, started)
        except LossNotFinite as error:
            if not schedule.lower_rate or progress.lowered == MOST_LOWERINGS:
                raise
            progress = snapshots.go_back(engine, progress, str(error))
            _say(f"{error}; goes on after epoch {progress.best} with a quarter of the rate")
            continue
        progress.end_epoch(result._replace(rate_scale=scale))
        if result.best or pace.is_due() or _enough(progress, schedule):
            _save(engine, progress, pace, snapshots)
        yield progress.history[-1]
    snapshots.load_best(engine, progress)


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


def _train_epoch(
    engine: Engine,
    train: Batches,
    rates: Sequence[float],
    progress: Progress,
    pace: Pace,
    snapshots: Keeper,
) -> None:
    """Take the steps that are left of an epoch, with a checkpoint now and then."""
    number = len(progress.history) + 1
    while (first := len(progress.losses)) < len(train):
        steps = pace.steps(len(train) - first)
        started = time.monotonic()
        losses_S = engine.train(train.epoch(number, rates[first : first + steps], first))
        seconds = time.monotonic() - started
        if len(odd := np.flatnonzero(~np.isfinite(losses_S))):
            step = first + int(odd[0])
            what = f"the loss is no longer a number ({losses_S[odd[0]]})"
            raise _not_finite(what, train, number, step, rates[step])
        progress.losses += losses_S.tolist()
        progress.train_seconds += seconds
        progress.seconds += seconds
        pace.took(steps, seconds)
        if len(progress.losses) < len(train) and pace.is_due():
            _save(engine, progress, pace, snapshots)


def _result(
    train: Batches,
    scores: tuple[float, float],
    rates: Sequence[float],
    progress: Progress,
    started: float,
) -> EpochResult:
    """What came of an epoch whose steps are taken; `started` is when scoring it began."""
    number, (valid_loss, accuracy) = len(progress.history) + 1, scores
    if not math.isfinite(valid_loss):
        what = "the loss on validation pictures is no longer a number"
        raise _not_finite(what, train, number, len(train) - 1, rates[-1])
    pictures = [len(rows) for rows in train.rows_of(number)]
    return EpochResult(
        number,
        rates[-1],
        float(np.average(np.array(progress.losses), weights=pictures)),
        valid_loss,
        accuracy,
        progress.train_seconds,
        progress.seconds + time.monotonic() - started,
        all(valid_loss < epoch.valid_loss for epoch in progress.history),
    )


def _not_finite(what: str, train: Batches, number: int, step: int, rate: float) -> LossNotFinite:
    """The error for a loss that is no number, at a step from 0 on."""
    names = [train.names[i] for i in train.rows_of(number)[step]] if train.names else []
    pictures = f", after the pictures {shortened(names, NAMED)}" if names else ""
    return LossNotFinite(
        f"{what} in epoch {number}, step {step + 1} of {len(train)}, at a rate of {rate:.3g}"
        f"{pictures}; try a lower learning_rate, or --on-nan lower-rate"
    )


def _save(engine: Engine, progress: Progress, pace: Pace, snapshots: Keeper) -> None:
    started = time.monotonic()
    snapshots.save(engine, progress)
    pace.saved(time.monotonic() - started)


def _enough(progress: Progress, schedule: Schedule) -> bool:
    count = len(progress.history)
    stale = count - progress.best
    if schedule.seconds and count and _ends_late(progress, schedule.seconds):
        return True
    return count >= schedule.epochs or (bool(count) and stale >= schedule.patience)


def _ends_late(progress: Progress, seconds: float) -> bool:
    """Whether one more epoch like the last would end after so many seconds of training."""
    history = progress.history
    return sum(epoch.seconds for epoch in history) + history[-1].seconds > seconds


def _scores(
    logits_NK: Logits, labels: Sequence[int], weight_N: npt.NDArray[np.float32] | None
) -> tuple[float, float]:
    """The loss, a weighted mean, and the share that is right."""
    log_p_NK = log_softmax(logits_NK)
    loss_N = -log_p_NK[np.arange(len(labels)), labels]
    loss = float(loss_N.mean() if weight_N is None else np.average(loss_N, weights=weight_N))
    return loss, float((logits_NK.argmax(1) == labels).mean())


def _say(text: str) -> None:
    logging.getLogger(__name__).warning(text)

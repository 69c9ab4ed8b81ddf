"""The best epoch kept in memory is the one that would have been kept on disk."""

from pathlib import Path

import numpy as np
import pytest

from diptych import engines
from diptych.engines.contract import Engine, Optimiser
from diptych.networks.initialisation import initial
from diptych.networks.zoo import ZOO
from diptych.training.batches import Batches, one_hot
from diptych.training.in_memory import InMemory
from diptych.training.loop import EpochResult, LossNotFinite, Schedule, fit
from diptych.training.snapshots import Keeper

RNG = np.random.default_rng(0)
PIXELS, LABELS = RNG.integers(0, 256, (40, 8, 8, 3), np.uint8), RNG.integers(0, 2, 40).tolist()


def trained(keeper: Path | Keeper, schedule: Schedule) -> tuple[Engine, list[EpochResult]]:
    network = ZOO["linear"]((8, 8, 3), 2, 0.0)
    optimiser = Optimiser("sgd", 0.0, 1, average_decay=0.5)
    engine = engines.build("linear", network, initial(network, 0), optimiser, 0)
    batches = Batches(PIXELS[:30], one_hot(LABELS[:30], 2), 8, seed=0)
    return engine, list(fit(engine, batches, PIXELS[30:], LABELS[30:], schedule, keeper))


@pytest.mark.parametrize(
    "schedule",
    [Schedule(8, 3, 0.5, 0.1), Schedule(6, 6, 1e38, 0.1, lower_rate=True)],
    ids=["goes stale", "lowers its rate"],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_same_epoch_answers_as_from_checkpoints_on_disk(
    schedule: Schedule, tmp_path: Path
) -> None:
    ends: list[object] = []
    for keeper in (tmp_path, InMemory()):
        try:
            engine, history = trained(keeper, schedule)
        except LossNotFinite as error:
            ends.append(str(error))
            continue
        best = min(epoch.valid_loss for epoch in history)
        ends.append((best, len(history), engine.weights()["classifier.weight"].tobytes()))
    assert ends[0] == ends[1]

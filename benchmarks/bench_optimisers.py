"""What is each way of following the gradient worth? An ablation, row by row.

5,000 pictures of CIFAR-10 and `cnn` from scratch, flipped and shifted, 8 epochs; each row changes
one choice of the recipe and is trained with each seed, then judged on 3,000 pictures of the test
part, which nothing is chosen with. The interval is that of the paired difference from the first
row, over the same pictures and seeds. Rates are those at which an optimiser did best.

What is done is kept in optimisers.jsonl ($OPTIMISERS), so that the same command goes on where it
was. `bench_optimisers.py` trains and prints the table; `--only muon` the rows so named, `--engine
tensorflow` in the other engine, `--network` with another network.
"""

import argparse
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from measuring import machine, some_of_cifar

from diptych import engines
from diptych.images.augmentation import AugmentationPolicy
from diptych.metrics.paired import difference
from diptych.networks import choosing
from diptych.recipe import Recipe
from diptych.training.batches import Batches, one_hot
from diptych.training.loop import learning_rates, predict_rows
from diptych.training.ways.task import decay_over, from_scratch

DONE = Path(os.environ.get("OPTIMISERS", "optimisers.jsonl"))
TRAIN, TEST = 5000, 3000

BASE = Recipe(
    network="cnn", train="all", weights="none", epochs=8, batch_size=128, learning_rate=0.003,
    weight_decay=0.02, label_smoothing=0.0, flip=0.5, shift=0.1,
)  # fmt: skip
ROWS: Mapping[str, Mapping[str, Any]] = {
    "adamw": {},
    "adamw 0.006": {"learning_rate": 0.006},
    "sgd 0.1": {"optimiser": "sgd", "learning_rate": 0.1, "weight_decay": 5e-4},
    "sgd 0.3": {"optimiser": "sgd", "learning_rate": 0.3, "weight_decay": 5e-4},
    "muon 0.003": {"optimiser": "muon"},
    "muon": {"optimiser": "muon", "learning_rate": 0.006},
    "muon 0.012": {"optimiser": "muon", "learning_rate": 0.012},
    "ema 1": {"ema": 1.0},
    "ema 3": {"ema": 3.0},
    "muon ema 1": {"optimiser": "muon", "learning_rate": 0.006, "ema": 1.0},
    "clip 1": {"clip": 1.0},
    "clip 0.25": {"clip": 0.25},
    "one cycle": {"warmup": 0.3},
    "muon one cycle": {"optimiser": "muon", "learning_rate": 0.006, "warmup": 0.3},
}
Pixels = npt.NDArray[np.uint8]


class Data(NamedTuple):
    """Pictures to train on and to judge by."""

    train: Pixels
    labels: list[int]
    test: Pixels
    expected: npt.NDArray[np.intp]
    classes: tuple[str, ...]


def cifar() -> Data:
    train, test = some_of_cifar("train", TRAIN), some_of_cifar("test", TEST)
    return Data(train.pixels, train.labels, test.pixels, np.array(test.labels), train.classes)


def right(data: Data, recipe: Recipe) -> npt.NDArray[np.bool_]:
    """Which test pictures (N,) a network answers rightly after the last epoch."""
    start = choosing.start(recipe, data.train.shape[1:], data.classes)
    policy = AugmentationPolicy(*(getattr(recipe, name) for name in AugmentationPolicy._fields))
    targets_NK = one_hot(data.labels, len(data.classes), recipe.label_smoothing)
    batches = Batches(data.train, targets_NK, recipe.batch_size, recipe.seed, policy)
    optimiser, schedule = from_scratch(recipe)
    decay = decay_over(recipe.ema, len(batches))
    optimiser = optimiser._replace(clip=recipe.clip, average_decay=decay)
    engine = engines.build(recipe.engine, start.network, start.weights, optimiser, recipe.seed)
    rates, steps = learning_rates(schedule, len(batches)), len(batches)
    for epoch in range(recipe.epochs):
        engine.train(batches.epoch(epoch + 1, rates[epoch * steps : (epoch + 1) * steps]))
    return np.asarray(predict_rows(engine, data.test).argmax(1) == data.expected)


def done(base: Recipe) -> dict[tuple[str, int], dict[str, Any]]:
    """What was trained, by row and seed."""
    lines = DONE.read_text(encoding="utf-8").splitlines() if DONE.exists() else []
    rows = map(json.loads, lines)
    return {(row["row"], row["seed"]): row for row in rows if row["base"] == base.to_toml()}


def train(base: Recipe, wanted: list[str], seeds: int) -> None:
    """Train what is not done yet, seed by seed."""
    data = cifar()
    for seed in range(seeds):
        for row in wanted:
            if (row, seed) in done(base):
                continue
            started = time.process_time()
            right_N = right(data, base.replace(**ROWS[row], seed=seed))
            seconds = round(time.process_time() - started, 1)
            line = {"base": base.to_toml(), "row": row, "seed": seed, "seconds": seconds}
            with DONE.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**line, "right": right_N.astype(int).tolist()}) + "\n")
            print(row, seed, f"{right_N.mean():.2%} right after {seconds} s", flush=True)


def table(base: Recipe, wanted: list[str], seeds: int) -> None:
    """A line a row: accuracy, processor seconds, and the difference from the first row."""
    known, names = done(base), [str(i) for i in range(TEST)]
    right_SN = {
        row: np.array([known[row, seed]["right"] for seed in range(seeds)], bool) for row in wanted
    }
    for row in wanted:
        worth = difference(right_SN[row], right_SN[wanted[0]], names)
        seconds = np.mean([known[row, seed]["seconds"] for seed in range(seeds)])
        print(
            f"| {row} | {right_SN[row].mean():.1%} | {100 * worth.value:+.1f} | {worth.reach} | "
            f"{seconds:.0f} s |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=ROWS)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--engine", default=BASE.engine)
    parser.add_argument("--network", default=BASE.network)
    parser.add_argument("--epochs", type=int, default=BASE.epochs)
    options = parser.parse_args()
    base = BASE.replace(engine=options.engine, network=options.network, epochs=options.epochs)
    wanted = [row for row in ROWS if row in (options.only or ROWS)]
    train(base, wanted, options.seeds)
    table(base, wanted, options.seeds)
    print(machine())


main()

"""Is a step of training faster in bfloat16 than in float32, on this processor?

All layers of EfficientNet-Lite0 on pictures of 96 pixels, and `cnn` on 32 pixels, batches of 32,
in either framework: processor time of a step in both, in turns, and the ratio of the medians.
"""

import argparse
import importlib
import time
from typing import Any

import numpy as np
from measuring import machine

from diptych import engines
from diptych.engines.contract import Optimiser
from diptych.networks import zoo
from diptych.networks.initialisation import initial
from diptych.training.batches import Batches

CLASSES, BATCH, STEPS = 10, 32, 4
NETWORKS = {"efficientnet_lite0": 96, "cnn": 32}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", nargs="+", default=["torch", "tensorflow"])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for engine in options.engines:
        for name, side in NETWORKS.items():
            rounds = [
                [seconds(engine, name, side, short=short) for short in (True, False)]
                for _ in range(options.rounds)
            ]
            short, full = np.median(rounds, axis=0)
            print(
                f"{engine}, {name} at {side} pixels: {1000 * short:.0f} ms a step in bfloat16, "
                f"{1000 * full:.0f} in float32 ({short / full:.2f} times)",
                flush=True,
            )
    print(machine())


def seconds(engine: str, name: str, side: int, *, short: bool) -> float:
    """Processor time of a step, after an epoch that makes everything ready."""
    precision: Any = importlib.import_module(f"diptych.engines.{engine}.precision")
    precision.has_bfloat16 = lambda *_: short
    shape = (side, side, 3)
    network = zoo.build(name, shape, CLASSES, 0.2)
    optimiser = Optimiser("adamw", 0.01, 0.1, frozen_norms=True)
    built = engines.build(engine, network, initial(network, 0), optimiser)
    count = BATCH * STEPS
    pixels = np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)
    targets_NK = np.eye(CLASSES, dtype=np.float32)[np.arange(count) % CLASSES]
    batches = Batches(pixels, targets_NK, BATCH, seed=0)
    built.train(batches.epoch(1, [0.001] * STEPS))
    started = time.process_time()
    built.train(batches.epoch(2, [0.001] * STEPS))
    return (time.process_time() - started) / STEPS


if __name__ == "__main__":
    main()

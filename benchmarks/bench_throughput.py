"""Does an engine train as fast as the plain loop that a tutorial would write?

The network, the pictures, the batch and the threads are the same; runs alternate; nothing is
augmented. Beside PyTorch: a DataLoader over a TensorDataset of float32 pictures, and a loop in
float32. Beside Keras: `model.fit` on float32 arrays, in float32, with its own defaults.
`bench_throughput.py torch` or `tensorflow`; without a name both, each in a process of its own.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from measuring import machine

from diptych import engines
from diptych.engines.contract import Optimiser
from diptych.networks.initialisation import initial
from diptych.networks.zoo import cnn
from diptych.training.batches import Batches, one_hot

BATCH, COUNT, ROUNDS = 128, 6400, 5
NETWORK = cnn((28, 28, 1), 10, dropout=0.0)
rng = np.random.default_rng(0)
PIXELS = rng.integers(0, 256, (COUNT, 28, 28, 1), np.uint8)
LABELS = rng.integers(0, 10, COUNT)


def ours(engine: str) -> Callable[[], object]:
    built = engines.build(engine, NETWORK, initial(NETWORK, 0), Optimiser("adamw", 0.01, 1.0), 0)
    batches = Batches(PIXELS, one_hot(LABELS.tolist(), 10), BATCH, 0)
    return lambda: built.train(batches.epoch(1, [0.001] * len(batches)))


def plain_torch() -> Callable[[], object]:
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    from diptych.engines.torch.modules import module_of_network

    network = module_of_network(NETWORK)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.001)
    pictures = torch.from_numpy(PIXELS.astype(np.float32))
    dataset = TensorDataset(pictures, torch.from_numpy(LABELS))
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True)

    def epoch() -> None:
        network.train()
        for inputs, labels in loader:
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(inputs), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()

    return epoch


def plain_keras() -> Callable[[], object]:
    import keras

    from diptych.engines.tensorflow.layers import model_of_network

    network = model_of_network(NETWORK, pixels="float32")
    network.compile(
        optimizer=keras.optimizers.AdamW(0.001),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    pictures = PIXELS.astype(np.float32)
    return lambda: network.fit(pictures, LABELS, batch_size=BATCH, verbose=0)


def main(engine: str) -> None:
    runs = [ours(engine), plain_torch() if engine == "torch" else plain_keras()]
    rates: list[list[float]] = [[], []]
    for turn in range(ROUNDS + 1):
        for run, measured in zip(runs, rates, strict=True):
            started = time.monotonic()
            run()
            if turn:  # the first compiles
                measured.append(COUNT / (time.monotonic() - started))
    ratios = [one / other for one, other in zip(*rates, strict=True)]
    print(
        f"{engine}: {statistics.median(rates[0]):,.0f} pictures/s, the plain way "
        f"{statistics.median(rates[1]):,.0f}; median ratio {statistics.median(ratios):.2f} "
        f"({min(ratios):.2f}–{max(ratios):.2f})"
    )


if sys.argv[1:]:
    main(sys.argv[1])
else:
    for name in ("torch", "tensorflow"):
        subprocess.run([sys.executable, __file__, name], check=True)
    print(machine())

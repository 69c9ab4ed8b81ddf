"""How good is the default recipe on CIFAR-10, beside the tutorials, at equal time?

50,000 pictures to train on and 10,000 to test, JPEG copies. Each contender has the same minutes,
all cores, and a process of its own: `torch` and `tensorflow` are `Recipe.for_small_pictures` in
either engine, whose epochs are as many as a short trial, which counts, says that there is time for;
`pytorch-tutorial` is the "Net" of pytorch.org's "Training a Classifier" (two convolutions, batches
of 4, SGD), and `keras-tutorial` the network of tensorflow.org's "Convolutional Neural Network"
(three convolutions, Adam, batches of 64), each trained until the time is over, on pixels that are
in memory already.
Decoding, compiling for the first step and answering for the test part are not counted.

`bench_cifar.py --minutes 30 torch keras-tutorial` runs these two; without names all that are not
done yet. What is done is kept in cifar.jsonl (or --results), and the same command goes on there;
the table has all of it. On a machine that does other work, `--clock processor` counts the
processor's seconds over its cores instead. `--loop` is for a GPU: pictures a second of our
training, beside a bare loop on tensors that lie on the card, with the same network.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from measuring import SHARED, machine

from diptych import engines
from diptych.engines.contract import Engine, Optimiser
from diptych.images.augmentation import AugmentationPolicy
from diptych.images.preprocess import decode
from diptych.metrics.paired import difference
from diptych.networks.initialisation import initial
from diptych.networks.zoo import build
from diptych.recipe import Recipe
from diptych.training.batches import Batches, one_hot
from diptych.training.loop import Schedule, learning_rates, predict_rows

ARCHIVE = SHARED / "cifar10.zip"
SIDE, CLASSES = 32, 10
# Steps of the trial, after those in which a framework compiles and allocates.
WARM, TIMED = 8, 24

Right = npt.NDArray[np.bool_]


class Data(NamedTuple):
    """CIFAR-10 in memory."""

    train: npt.NDArray[np.uint8]  # (N, 32, 32, 3)
    labels: npt.NDArray[np.int64]
    test: npt.NDArray[np.uint8]
    expected: npt.NDArray[np.int64]


class Clock:
    """Seconds that count: none while it stands still."""

    def __init__(self, kind: str) -> None:
        cores = len(os.sched_getaffinity(0))
        self.read = time.monotonic if kind == "wall" else lambda: time.process_time() / cores
        self.seconds = 0.0

    def __enter__(self) -> None:
        self.started = self.read()

    def __exit__(self, *_: object) -> None:
        self.seconds += self.read() - self.started

    @property
    def now(self) -> float:
        """The seconds, those since it was started too."""
        return self.seconds + self.read() - self.started


class Result(NamedTuple):
    """What came of a contender."""

    right_N: Right
    curve: list[tuple[float, float]]  # seconds, and the test accuracy after them


def cifar() -> Data:
    """The pictures of the archive."""
    if not ARCHIVE.is_file():
        sys.exit(f"this benchmark needs {ARCHIVE}")
    parts: list[npt.NDArray[Any]] = []
    with zipfile.ZipFile(ARCHIVE) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        classes = sorted({name.split("/")[1] for name in names})
        for part in ("train", "test"):
            own = [name for name in names if name.startswith(f"{part}/")]
            pixels = [decode(archive.read(name), (SIDE, SIDE, 3)).pixels for name in own]
            parts.append(np.stack(pixels))
            parts.append(np.array([classes.index(name.split("/")[1]) for name in own]))
    return Data(*parts)


class Ours(NamedTuple):
    """The default recipe in an engine, ready to train."""

    engine: Engine
    batches: Batches
    recipe: Recipe


def prepared(engine: str, data: Data) -> Ours:
    """The default recipe for these pictures."""
    recipe = Recipe.for_small_pictures(len(data.train), SIDE).replace(engine=engine)
    network = build(recipe.network, (SIDE, SIDE, 3), CLASSES, recipe.dropout)
    optimiser = Optimiser(recipe.optimiser, recipe.weight_decay, 1.0)
    policy = AugmentationPolicy(*(getattr(recipe, name) for name in AugmentationPolicy._fields))
    targets_NK = one_hot(data.labels.tolist(), CLASSES, recipe.label_smoothing)
    batches = Batches(data.train, targets_NK, recipe.batch_size, recipe.seed, policy)
    built = engines.build(engine, network, initial(network, 0), optimiser, recipe.seed)
    return Ours(built, batches, recipe)


def ours(engine: str, data: Data, budget: float, clock: Clock) -> Result:
    """The recipe, in as many epochs as there is time for."""
    step, spent = trial(engine, data, clock)
    model, batches, recipe = prepared(engine, data)
    steps = len(batches)
    epochs = max(int((budget - spent) / (step * steps)), 1)
    rates = learning_rates(Schedule(epochs, epochs, recipe.learning_rate, recipe.warmup), steps)
    curve = []
    for epoch in range(epochs):
        with clock:
            model.train(batches.epoch(epoch + 1, rates[epoch * steps : (epoch + 1) * steps]))
        right_N = predict_rows(model, data.test).argmax(1) == data.expected
        curve.append((clock.seconds, float(right_N.mean())))
        print(
            f"  {engine}: epoch {epoch + 1} of {epochs}, {curve[-1]}", file=sys.stderr, flush=True
        )
    return Result(right_N, curve)


def trial(engine: str, data: Data, clock: Clock) -> tuple[float, float]:
    """The seconds of a step, and those that it took to know."""
    size = Recipe.for_small_pictures(len(data.train), SIDE).batch_size
    few, many = (
        data._replace(train=data.train[: steps * size], labels=data.labels[: steps * size])
        for steps in (WARM, TIMED)
    )
    model, batches, _ = prepared(engine, few)
    model.train(batches.epoch(1, [0.0] * len(batches)))
    batches = prepared(engine, many).batches
    with clock:
        model.train(batches.epoch(2, [0.0] * len(batches)))
    return clock.seconds / len(batches), clock.seconds


def pytorch_tutorial(data: Data, budget: float, clock: Clock) -> Result:
    """pytorch.org: two convolutions, three dense layers, SGD, batches of 4."""
    import torch
    from torch import nn, optim
    from torch.nn import functional

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 6, 5)
            self.pool = nn.MaxPool2d(2, 2)
            self.conv2 = nn.Conv2d(6, 16, 5)
            self.fc1 = nn.Linear(16 * 5 * 5, 120)
            self.fc2 = nn.Linear(120, 84)
            self.fc3 = nn.Linear(84, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.pool(functional.relu(self.conv1(x)))
            x = self.pool(functional.relu(self.conv2(x)))
            x = torch.flatten(x, 1)
            x = functional.relu(self.fc1(x))
            x = functional.relu(self.fc2(x))
            last: torch.Tensor = self.fc3(x)
            return last

    def tensors(pixels: npt.NDArray[np.uint8]) -> torch.Tensor:
        x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
        return ((x - 0.5) / 0.5).contiguous()

    torch.manual_seed(0)
    x_train, x_test, labels = tensors(data.train), tensors(data.test), torch.from_numpy(data.labels)
    net, criterion = Net(), nn.CrossEntropyLoss()
    optimizer = optim.SGD(net.parameters(), lr=0.001, momentum=0.9)
    curve, right_N = [], np.zeros(len(data.test), bool)
    while clock.seconds < budget:
        with clock:
            for rows in torch.split(torch.randperm(len(x_train)), 4):
                if clock.now >= budget:
                    break
                optimizer.zero_grad()
                loss = criterion(net(x_train[rows]), labels[rows])
                loss.backward()
                optimizer.step()
        with torch.inference_mode():
            right_N = net(x_test).argmax(1).numpy() == data.expected
        curve.append((clock.seconds, float(right_N.mean())))
        print(f"  pytorch-tutorial: {curve[-1]}", file=sys.stderr, flush=True)
    return Result(right_N, curve)


def keras_tutorial(data: Data, budget: float, clock: Clock) -> Result:
    """tensorflow.org: three convolutions, two dense layers, Adam."""
    from diptych.networks.libraries.tensorflow import keras

    layers, models = keras.layers, keras.models
    keras.utils.set_random_seed(0)
    model = models.Sequential()
    model.add(keras.Input((SIDE, SIDE, 3)))
    model.add(layers.Conv2D(32, (3, 3), activation="relu"))
    model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Conv2D(64, (3, 3), activation="relu"))
    model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Conv2D(64, (3, 3), activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(10))
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    train_images, test_images = data.train / np.float32(255), data.test / np.float32(255)
    curve, right_N = [], np.zeros(len(data.test), bool)
    while clock.seconds < budget:
        with clock:
            model.fit(train_images, data.labels, batch_size=64, epochs=1, verbose=0)
        right_N = model.predict(test_images, verbose=0).argmax(1) == data.expected
        curve.append((clock.seconds, float(right_N.mean())))
        print(f"  keras-tutorial: {curve[-1]}", file=sys.stderr, flush=True)
    return Result(right_N, curve)


CONTENDERS: dict[str, Callable[[Data, float, Clock], Result]] = {
    "torch": partial(ours, "torch"),
    "tensorflow": partial(ours, "tensorflow"),
    "pytorch-tutorial": pytorch_tutorial,
    "keras-tutorial": keras_tutorial,
}
OURS = ("torch", "tensorflow")


def bare_loop() -> None:
    """Pictures a second on a GPU: our training, and the same network on tensors on the card."""
    import torch
    from torch.nn import functional

    from diptych.engines.torch.weights import module_with_weights

    if not torch.cuda.is_available():
        sys.exit("--loop is for a GPU, and there is none here")
    data = cifar()
    model, batches, recipe = prepared("torch", data)
    rates = [0.01] * len(batches)
    model.train(batches.epoch(1, rates))
    started = time.monotonic()
    model.train(batches.epoch(2, rates))
    torch.cuda.synchronize()
    ours = len(data.train) / (time.monotonic() - started)
    network = build(recipe.network, (SIDE, SIDE, 3), CLASSES, recipe.dropout)
    module = module_with_weights(network, initial(network, 0)).cuda().train()
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    pixels, labels = (torch.from_numpy(x).cuda() for x in (data.train, data.labels))
    for _ in range(2):
        torch.cuda.synchronize()
        started = time.monotonic()
        order = torch.randperm(len(pixels), device="cuda")
        for rows in torch.split(order, recipe.batch_size):
            with torch.autocast("cuda", torch.bfloat16):
                logits = module(pixels[rows])
            loss = functional.cross_entropy(logits.float(), labels[rows])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        torch.cuda.synchronize()
    bare = len(data.train) / (time.monotonic() - started)
    print(f"ours {ours:,.0f} pictures/s, a bare loop {bare:,.0f}: {ours / bare:.2f} of it")
    print(torch.cuda.get_device_name())


def done(file: Path, minutes: float) -> dict[str, dict[str, Any]]:
    """What was measured so far in so many minutes, by contender."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {row["name"]: row for row in map(json.loads, lines) if row["minutes"] == minutes}


def measure(name: str, pixels: Path, minutes: float, kind: str) -> str:
    """A contender's line of the file of results."""
    clock = Clock(kind)
    with np.load(pixels) as arrays:
        data = Data(**arrays)
    result = CONTENDERS[name](data, 60 * minutes, clock)
    row = {
        "name": name,
        "minutes": minutes,
        "clock": kind,
        "seconds": round(clock.seconds),
        "accuracy": float(result.right_N.mean()),
        "curve": [(round(seconds), round(accuracy, 4)) for seconds, accuracy in result.curve],
        "right": base64.b64encode(np.packbits(result.right_N).tobytes()).decode(),
        "machine": machine(),
    }
    return json.dumps(row)


def right(row: dict[str, Any]) -> Right:
    """Which test pictures it got right."""
    bits = np.frombuffer(base64.b64decode(row["right"]), np.uint8)
    return np.unpackbits(bits)[:10_000].astype(bool)


def print_table(rows: dict[str, dict[str, Any]]) -> None:
    """Each contender, and how much better ours is than each tutorial."""
    for name, row in rows.items():
        best = max(accuracy for _, accuracy in row["curve"])
        print(
            f"{name:18} {row['accuracy']:.2%} after {row['seconds']:,} s by the {row['clock']} "
            f"(after its best epoch {best:.2%}, of {len(row['curve'])})"
        )
    for name in OURS:
        for other in rows.keys() - OURS:
            if name in rows:
                first_1N, second_1N = (right(row)[None] for row in (rows[name], rows[other]))
                gap = difference(first_1N, second_1N, [str(i) for i in range(10_000)])
                print(
                    f"{name} − {other}: {100 * gap.value:.1f} points "
                    f"({100 * gap.low:.1f} to {100 * gap.high:.1f})"
                )
    print(machine())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(CONTENDERS)}")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clock", choices=("wall", "processor"), default="wall")
    parser.add_argument("--results", type=Path, default=Path("cifar.jsonl"))
    parser.add_argument("--run", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--pixels", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--loop", action="store_true", help="pictures/s on a GPU")
    options = parser.parse_args()
    if options.loop:
        bare_loop()
    elif options.run:
        print(measure(options.run, options.pixels, options.minutes, options.clock))
    else:
        if unknown := set(options.names) - CONTENDERS.keys():
            parser.error(f"no contender {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
        run_missing(options)
        print_table(done(options.results, options.minutes))


def run_missing(options: argparse.Namespace) -> None:
    """Measure each contender that is not in the file of results, in a process of its own."""
    names = options.names or CONTENDERS
    missing = [name for name in names if name not in done(options.results, options.minutes)]
    with tempfile.TemporaryDirectory() as folder:
        pixels = Path(folder) / "cifar.npz"
        if missing:
            np.savez(pixels, **cifar()._asdict())
        for name in missing:
            how = ["--run", name, "--pixels", str(pixels), "--minutes", str(options.minutes)]
            one = subprocess.run(
                [sys.executable, __file__, *how, "--clock", options.clock],
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            with options.results.open("a", encoding="utf-8") as file:
                file.write(one.stdout)


if __name__ == "__main__":
    main()

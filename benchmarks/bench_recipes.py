"""What is each ingredient of a recipe worth when all layers train? An ablation, row by row.

Small sets, in minutes of processor time: 2,000 pictures of CIFAR-10 and `cnn` from scratch, 1,000
of MNIST likewise, and the photographs at 96 pixels with EfficientNet-Lite0, all layers of it. Each
row of `INGREDIENTS` is added to the bare recipe, and left out of the full one; a row is trained
with each seed for a fixed number of epochs and judged on pictures that nothing was chosen with.
The interval is that of the paired difference over the same pictures and seeds.

What is done is kept in recipes.jsonl ($RECIPES), so that the same command goes on where it was.

`bench_recipes.py [SET …]` trains and prints the table; `--only "+ flip"` the rows so named.
"""

import argparse
import base64
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from measuring import SHARED, need_photos, some_of_cifar

from diptych import engines, read
from diptych.engines.contract import Optimiser
from diptych.images.augmentation import AugmentationPolicy
from diptych.images.decoding import decode_files, pixel_store
from diptych.metrics.paired import difference
from diptych.networks import choosing
from diptych.recipe import Recipe
from diptych.training.batches import Batches, one_hot
from diptych.training.loop import Schedule, learning_rates, predict_rows

DONE = Path(os.environ.get("RECIPES", "recipes.jsonl"))
Pixels = npt.NDArray[np.uint8]

# Choices of a recipe by the name of the ingredient: what it adds to the bare recipe.
Choices = Mapping[str, Any]
INGREDIENTS: Mapping[str, Choices] = {
    "flip": {"flip": 0.5},
    "crop": {"shift": 0.1, "zoom": 0.1},
    "wide crop": {"shift": 0.15, "zoom": 0.4},
    "turn": {"rotate": 10.0, "shear": 5.0},
    "colour": {"brightness": 0.1, "contrast": 0.2, "saturation": 0.2},
    "erase": {"erase": 0.25},
    "mixup": {"mixup": 0.2},
    "cutmix": {"cutmix": 1.0},
    "trivial": {"trivial": 1.0},
    "half trivial": {"trivial": 0.5},
    "smoothing": {"label_smoothing": 0.1},
}
# Ingredients of the full recipe of each set, of which one is left out at a time.
FULL: Mapping[str, tuple[str, ...]] = {
    "cifar": ("flip", "crop"),
    "mnist": ("crop", "turn"),
    "photographs": ("flip", "crop"),
}


class Data(NamedTuple):
    """Pictures to train on and to judge by, and the bare recipe for them."""

    train: Pixels
    labels: list[int]
    test: Pixels
    expected: npt.NDArray[np.intp]
    classes: tuple[str, ...]
    bare: Recipe


def cifar() -> Data:
    """2,000 pictures to train on, 3,000 of the test part."""
    train, test = some_of_cifar("train", 2000), some_of_cifar("test", 3000)
    bare = Recipe(
        network="cnn", epochs=20, batch_size=128, learning_rate=0.003, weight_decay=0.02,
        label_smoothing=0.0, train="all",
    )  # fmt: skip
    labels, expected = train.labels, np.array(test.labels)
    return Data(train.pixels, labels, test.pixels, expected, train.classes, bare)


def mnist() -> Data:
    """1,000 digits to train on, all 10,000 of the test part."""
    data = read(SHARED / "mnist_train.csv.gz", test=SHARED / "mnist_test.csv.gz")
    store = pixel_store((28, 28, 1))
    train = [sample for sample in data.samples if sample.part != "test"]
    test = [sample for sample in data.samples if sample.part == "test"]
    some = [train[i] for i in np.random.default_rng(1).permutation(len(train))[:1000]]
    bare = Recipe.for_pixels(1000).replace(
        rotate=0.0, zoom=0.0, shift=0.0, shear=0.0, epochs=60, train="all"
    )
    return Data(
        store.read([sample.digest for sample in some]),
        [int(sample.label) for sample in some],
        store.read([sample.digest for sample in test]),
        np.array([int(sample.label) for sample in test]),
        data.classes,
        bare,
    )


def photographs(size: int = 96) -> Data:
    """Every third photograph to train on, as many to judge by."""
    data = read(need_photos())
    store = pixel_store((size, size, 3))
    pictures = list(decode_files([sample.path for sample in data.samples], store))
    pixels, labels = store.read([p.digest for p in pictures]), data.targets()
    bare = Recipe(train="all", epochs=4, patience=4, label_smoothing=0.0, image_size=size)
    return Data(pixels[::3], labels[::3], pixels[1::3], np.array(labels[1::3]), data.classes, bare)


SETS = {"cifar": cifar, "mnist": mnist, "photographs": photographs}


def right(data: Data, recipe: Recipe) -> npt.NDArray[np.bool_]:
    """Which test pictures (N,) a network answers rightly after the last epoch."""
    shape = data.train.shape[1:]
    start = choosing.start(recipe, shape, data.classes)
    rate = recipe.backbone_rate if start.pretrained else 1.0
    optimiser = Optimiser(recipe.optimiser, recipe.weight_decay, rate)
    engine = engines.build(recipe.engine, start.network, start.weights, optimiser, recipe.seed)
    policy = AugmentationPolicy(*(getattr(recipe, name) for name in AugmentationPolicy._fields))
    targets_NK = one_hot(data.labels, len(data.classes), recipe.label_smoothing)
    batches = Batches(
        data.train, targets_NK, recipe.batch_size, recipe.seed, policy if any(policy) else None
    )
    schedule = Schedule(recipe.epochs, recipe.epochs, recipe.learning_rate, recipe.warmup)
    rates, steps = learning_rates(schedule, len(batches)), len(batches)
    for epoch in range(recipe.epochs):
        engine.train(batches.epoch(epoch + 1, rates[epoch * steps : (epoch + 1) * steps]))
    return np.asarray(predict_rows(engine, data.test).argmax(1) == data.expected)


def rows(name: str) -> Iterator[tuple[str, Choices]]:
    """Each row of a set: what it is called, and what it changes of the bare recipe."""
    yield "bare", {}
    for ingredient, choices in INGREDIENTS.items():
        yield f"+ {ingredient}", choices
    full = FULL[name]
    yield "full", _of(*full)
    for left_out in full:
        yield f"full − {left_out}", _of(*(one for one in full if one != left_out))
    for added in (name for name in INGREDIENTS if name not in full):
        yield f"full + {added}", _of(*full) | dict(INGREDIENTS[added])


def _of(*ingredients: str) -> dict[str, Any]:
    return {key: value for name in ingredients for key, value in INGREDIENTS[name].items()}


def done() -> dict[tuple[str, str, int], npt.NDArray[np.bool_]]:
    """Which pictures each row that was trained is right about."""
    if not DONE.exists():
        return {}
    kept = (json.loads(line) for line in DONE.read_text(encoding="utf-8").splitlines())
    return {
        (row["set"], json.dumps(row["choices"], sort_keys=True), row["seed"]): np.unpackbits(
            np.frombuffer(base64.b64decode(row["right"]), np.uint8), count=row["pictures"]
        ).astype(bool)
        for row in kept
    }


def train(name: str, wanted: list[tuple[str, Choices]], seeds: int) -> None:
    """Train what is not done yet, seed by seed."""
    data = SETS[name]()
    for seed in range(seeds):
        for row, choices in wanted:
            if (name, json.dumps(choices, sort_keys=True), seed) in done():
                continue
            started = time.process_time()
            right_N = right(data, data.bare.replace(**choices, seed=seed))
            line = {
                "set": name, "row": row, "choices": choices, "seed": seed,
                "accuracy": float(right_N.mean()),
                "processor_seconds": round(time.process_time() - started, 1),
                "pictures": len(right_N),
                "right": base64.b64encode(np.packbits(right_N).tobytes()).decode(),
            }  # fmt: skip
            with DONE.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            print(name, row, seed, f"{right_N.mean():.2%}", line["processor_seconds"], flush=True)


def table(name: str, wanted: list[tuple[str, Choices]], seeds: int) -> None:
    """A line a row: the mean accuracy, and what it is worth beside the bare or the full recipe."""
    known = done()

    def of(choices: Choices) -> npt.NDArray[np.bool_] | None:
        keys = [(name, json.dumps(choices, sort_keys=True), seed) for seed in range(seeds)]
        return np.stack([known[key] for key in keys]) if all(k in known for k in keys) else None

    beside = {"bare": of({}), "full": of(_of(*FULL[name]))}
    for row, choices in wanted:
        right_SN, base_SN = of(choices), beside["full" if row.startswith("full") else "bare"]
        if right_SN is None or base_SN is None:
            continue
        worth = difference(right_SN, base_SN, [str(i) for i in range(right_SN.shape[1])])
        print(
            f"| {name} | {row} | {right_SN.mean():.1%} | {100 * worth.value:+.1f} | {worth.reach} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    for name in options.sets or sys.exit("name a set"):
        wanted = [
            (row, choices) for row, choices in rows(name) if not options.only or row in options.only
        ]
        train(name, wanted, options.seeds)
        table(name, wanted, options.seeds)


if __name__ == "__main__":
    main()

"""What is each ingredient of a recipe worth when all layers train? An ablation, row by row.

Small sets, in minutes of processor time. Each row of `INGREDIENTS` is added to the bare recipe, and
left out of the full one, or added to it:

- cifar: 2,000 pictures of CIFAR-10 and `cnn` from scratch; mnist: 1,000 digits likewise
- photographs: at 96 pixels, with EfficientNet-Lite0, all layers of it

In other sets, one of the choices of the full recipe is left out, or one of `FURTHER` is added, some
of which Diptych does not have (`TRIED`):

- resnet: the recipe for small pictures, on 2,000 of CIFAR-10, for fewer epochs
- few: on 1,000 of them, two and a half times as often
- scratch: the photographs at 96 pixels, and ResNet-18 from scratch

A row is trained with each seed for a fixed number of epochs and judged on pictures that nothing was
chosen with, also by the mean over each of them and its mirror image. Intervals are those of the
paired difference over the same pictures and seeds.

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
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from measuring import SHARED, need_photos, some_of_cifar
from tried import focal_loss, resized, stochastic_depth

from diptych import engines, read
from diptych.engines.contract import Engine
from diptych.images.augmentation import AugmentationPolicy
from diptych.images.decoding import decode_files, pixel_store
from diptych.metrics.paired import difference
from diptych.metrics.probabilities import log_softmax
from diptych.networks import choosing
from diptych.recipe import Recipe
from diptych.training.batches import Batches, one_hot
from diptych.training.loop import learning_rates, predict_rows
from diptych.training.ways.task import decay_over, fine_tuning, from_scratch

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
# What the recipe for small pictures may have besides.
FURTHER: Mapping[str, Choices] = {
    "no smoothing": {"label_smoothing": 0.0},
    "ema": {"ema": 1.0},
    "clip": {"clip": 1.0},
    "trivial": {"trivial": 1.0},
    "half trivial": {"trivial": 0.5},
    "mixup": {"mixup": 0.2},
    "cutmix": {"cutmix": 1.0},
    "no warm-up": {"warmup": 0.0},
    "stochastic depth": {"stochastic_depth": 0.2},
    "focal loss": {"focal": 2.0},
    # Half of the epochs at three quarters of the side, and a quarter more of them: about as much
    # to compute.
    "progressive": {"progressive": 0.75, "longer": 1.25},
    "sgd": {"optimiser": "sgd", "learning_rate": 0.1, "weight_decay": 5e-4},
    "sgd with clip": {
        "optimiser": "sgd", "learning_rate": 0.1, "weight_decay": 5e-4, "clip": 1.0,
    },
}  # fmt: skip
# Choices that recipes do not have.
TRIED = ("stochastic_depth", "focal", "progressive", "longer")
# Ingredients of the full recipe of each set, of which one is left out at a time.
FULL: Mapping[str, Mapping[str, Choices]] = {
    "cifar": {name: INGREDIENTS[name] for name in ("flip", "crop")},
    "resnet": {"flip": {"flip": 0.5}, "shift": {"shift": 0.125}, "erase": {"erase": 0.5}},
    "few": {"flip": {"flip": 0.5}, "shift": {"shift": 0.125}, "erase": {"erase": 0.5}},
    "mnist": {name: INGREDIENTS[name] for name in ("crop", "turn")},
    "photographs": {name: INGREDIENTS[name] for name in ("flip", "crop")},
    "scratch": {name: INGREDIENTS[name] for name in ("flip", "crop")},
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


def resnet() -> Data:
    """The same pictures, and what the recipe for small ones is without its augmentation."""
    bare = Recipe.for_small_pictures(2000, 32).replace(
        epochs=12, train="all", weights="none", flip=0.0, shift=0.0, erase=0.0
    )
    return cifar()._replace(bare=bare)


def few() -> Data:
    """Half of these, two and a half times as often: long enough to learn them by heart."""
    data = resnet()
    bare = data.bare.replace(epochs=30)
    return data._replace(train=data.train[:1000], labels=data.labels[:1000], bare=bare)


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


def scratch() -> Data:
    """The same photographs, and ResNet-18 from scratch."""
    data = photographs()
    bare = data.bare.replace(
        network="resnet18", weights="none", epochs=16, optimiser="muon", learning_rate=0.003
    )
    return data._replace(bare=bare)


SETS = {
    "cifar": cifar,
    "resnet": resnet,
    "few": few,
    "mnist": mnist,
    "photographs": photographs,
    "scratch": scratch,
}


class Answers(NamedTuple):
    """Which test pictures are answered rightly, (N,), and how surely, in nats a picture."""

    right_N: npt.NDArray[np.bool_]
    loss: float


def answers(data: Data, choices: Choices, seed: int) -> tuple[Answers, Answers]:
    """What a network says after the last epoch, of the pictures alone and with mirror images."""
    tried = {name: choices[name] for name in TRIED if name in choices}
    ours = {name: value for name, value in choices.items() if name not in TRIED}
    epochs = round(data.bare.epochs * tried.get("longer", 1.0))
    recipe = data.bare.replace(**ours, seed=seed, epochs=epochs)
    with ExitStack() as stack:
        if "stochastic_depth" in tried:
            stack.enter_context(stochastic_depth(tried["stochastic_depth"]))
        if "focal" in tried:
            stack.enter_context(focal_loss(tried["focal"]))
        engine = trained(data, recipe, tried.get("progressive", 1.0))
    logits_NK = predict_rows(engine, data.test)
    mirrored_NK = predict_rows(engine, np.ascontiguousarray(data.test[:, :, ::-1]))
    mean_NK = np.asarray((logits_NK + mirrored_NK) / 2, np.float32)
    return scored(logits_NK, data), scored(mean_NK, data)


def scored(logits_NK: npt.NDArray[np.float32], data: Data) -> Answers:
    log_p_NK = log_softmax(logits_NK)
    loss_N = -log_p_NK[np.arange(len(data.expected)), data.expected]
    return Answers(logits_NK.argmax(1) == data.expected, float(loss_N.mean()))


def trained(data: Data, recipe: Recipe, first_side: float) -> Engine:
    """A network after the last epoch; the first half of them sees pictures of a share of the side.

    The side is whole here: a network that averages over all places takes pictures of any size.
    """
    start = choosing.start(recipe, data.train.shape[1:], data.classes)
    optimiser, schedule = from_scratch(recipe)
    if start.pretrained:
        optimiser = fine_tuning(recipe)[0]._replace(depth_rate=1.0, frozen_norms=False)
    policy = AugmentationPolicy(*(getattr(recipe, name) for name in AugmentationPolicy._fields))
    targets_NK = one_hot(data.labels, len(data.classes), recipe.label_smoothing)
    whole, smaller = (
        Batches(pixels, targets_NK, recipe.batch_size, recipe.seed, policy if any(policy) else None)
        for pixels in (data.train, resized(data.train, first_side))
    )
    decay = decay_over(recipe.ema, len(whole))
    optimiser = optimiser._replace(clip=recipe.clip, average_decay=decay)
    engine = engines.build(recipe.engine, start.network, start.weights, optimiser, recipe.seed)
    rates, steps = learning_rates(schedule, len(whole)), len(whole)
    for epoch in range(recipe.epochs):
        batches = smaller if 2 * epoch < recipe.epochs else whole
        engine.train(batches.epoch(epoch + 1, rates[epoch * steps : (epoch + 1) * steps]))
    return engine


def rows(name: str) -> Iterator[tuple[str, Choices]]:
    """Each row of a set: what it is called, and what it changes of the bare recipe."""
    full = FULL[name]
    others = FURTHER if name in ("resnet", "few", "scratch") else INGREDIENTS
    if others is INGREDIENTS:
        yield "bare", {}
        for ingredient, choices in INGREDIENTS.items():
            yield f"+ {ingredient}", choices
    yield "full", _of(full)
    for left_out in full:
        yield f"full − {left_out}", _of({one: full[one] for one in full if one != left_out})
    for added in (one for one in others if one not in full):
        yield f"full + {added}", _of(full) | dict(others[added])


def _of(ingredients: Mapping[str, Choices]) -> dict[str, Any]:
    return {key: value for choices in ingredients.values() for key, value in choices.items()}


class Row(NamedTuple):
    """What came of a row with one seed."""

    right_N: npt.NDArray[np.bool_]
    with_mirrored_N: npt.NDArray[np.bool_]
    seconds: float  # of a processor


def done() -> dict[tuple[str, str, int], Row]:
    """What was trained, by set, choices and seed."""
    if not DONE.exists():
        return {}
    kept = (json.loads(line) for line in DONE.read_text(encoding="utf-8").splitlines())
    return {
        (row["set"], json.dumps(row["choices"], sort_keys=True), row["seed"]): Row(
            _bits(row["right"], row["pictures"]),
            _bits(row["with_mirrored"], row["pictures"]),
            row["processor_seconds"],
        )
        for row in kept
    }


def _bits(text: str, count: int) -> npt.NDArray[np.bool_]:
    return np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), count=count).astype(bool)


def _text(right_N: npt.NDArray[np.bool_]) -> str:
    return base64.b64encode(np.packbits(right_N).tobytes()).decode()


def train(name: str, wanted: list[tuple[str, Choices]], seeds: int) -> None:
    """Train what is not done yet, seed by seed."""
    data = SETS[name]()
    for seed in range(seeds):
        for row, choices in wanted:
            if (name, json.dumps(choices, sort_keys=True), seed) in done():
                continue
            started = time.process_time()
            alone, mirrored = answers(data, choices, seed)
            line = {
                "set": name, "row": row, "choices": choices, "seed": seed,
                "accuracy": float(alone.right_N.mean()),
                "losses": [alone.loss, mirrored.loss],
                "processor_seconds": round(time.process_time() - started, 1),
                "pictures": len(alone.right_N),
                "right": _text(alone.right_N),
                "with_mirrored": _text(mirrored.right_N),
            }  # fmt: skip
            with DONE.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            print(
                f"{name}, {row}, seed {seed}: {alone.right_N.mean():.2%}, log loss "
                f"{alone.loss:.3f}; with mirror images {mirrored.right_N.mean():.2%}, "
                f"{mirrored.loss:.3f}; {line['processor_seconds']} s",
                flush=True,
            )


def table(name: str, wanted: list[tuple[str, Choices]], seeds: int) -> None:
    """A line a row: the accuracy and what it is worth beside the bare or the full recipe.

    Then what mirror images add to it, and the processor time.
    """
    known = done()

    def of(choices: Choices) -> list[Row] | None:
        keys = [(name, json.dumps(choices, sort_keys=True), seed) for seed in range(seeds)]
        some = [known[key] for key in keys if key in known]
        return some if len(some) == seeds else None

    beside = {"bare": of({}), "full": of(_of(FULL[name]))}
    for row, choices in wanted:
        own, base = of(choices), beside["full" if row.startswith("full") else "bare"]
        if own is None or base is None:
            continue
        right_SN, base_SN = (np.stack([one.right_N for one in some]) for some in (own, base))
        mirrored_SN = np.stack([one.with_mirrored_N for one in own])
        pictures = [str(i) for i in range(right_SN.shape[1])]
        worth = difference(right_SN, base_SN, pictures)
        views = difference(mirrored_SN, right_SN, pictures)
        seconds = np.mean([one.seconds for one in own])
        print(
            f"| {name} | {row} | {right_SN.mean():.1%} | {100 * worth.value:+.1f} | {worth.reach} "
            f"| {100 * views.value:+.1f} | {views.reach} | {seconds:.0f} s |"
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
        if options.only and not wanted:
            sys.exit(f"{name} has: {', '.join(row for row, _ in rows(name))}")
        train(name, wanted, options.seeds)
        table(name, wanted, options.seeds)


if __name__ == "__main__":
    main()

"""How much more memory do ten times the photographs cost?

The larger data set has ten noisy copies of each photograph: near-duplicates, which the audit groups
and the split keeps together. `bench_memory.py small` asks the same of 10,000 and 100,000 small
pictures, those of CIFAR-10 and mixtures of two of them, at 64 pixels; `--pictures A B` of others.
`bench_memory.py head` trains a head on 100,000 and on a million rows of features that are made up,
which lie in the cache as those of pictures do.
"""

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from measuring import SHARED, cold_cache, diptych, machine, measured, need_photos
from PIL import Image

COPIES = 10
CLASSES = 10


def noisy(path: Path, target: Path, seed: int) -> None:
    """A copy with noise."""
    with Image.open(path) as image:
        levels = np.asarray(image.convert("RGB")).astype(np.int16)
    noise = np.random.default_rng(seed).integers(-12, 13, levels.shape)
    Image.fromarray((levels + noise).clip(0, 255).astype(np.uint8)).save(target, quality=85)


def small_pictures(folder: Path, count: int) -> None:
    """The first pictures of CIFAR-10, and mixtures of two of a class where there are no more."""
    with zipfile.ZipFile(SHARED / "cifar10.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith((".jpg", ".jpeg")))
        rng = np.random.default_rng(0)
        order = rng.permutation(len(names))
        of_class: dict[str, list[str]] = {}
        for i in order:
            of_class.setdefault(Path(names[i]).parent.name, []).append(names[i])
        for number in range(count):
            name = names[order[number % len(names)]]
            label = Path(name).parent.name
            target = folder / label / f"{number:06}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            if number < len(names):
                target.write_bytes(archive.read(name))
                continue
            other = of_class[label][rng.integers(len(of_class[label]))]
            one, two = (
                Image.open(io.BytesIO(archive.read(n))).convert("RGB") for n in (name, other)
            )
            Image.blend(one, two, 0.5).save(target, quality=90)


def small(counts: Sequence[int]) -> None:
    """The peaks of training a head on few and on many small pictures."""
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            data, out = Path(folder) / f"{count}", Path(folder) / f"{count}.bundle"
            small_pictures(data, count)
            with cold_cache() as env:
                asked = ("--engine", "torch", "--train", "head", "--set", "image_size=64")
                run = measured(diptych("train", data, "--out", out, *asked), env)
            peaks.append(run.peak_mib)
            page = (out / "report.html").stat().st_size / 1e6
            print(
                f"{run.answer['used']:,} pictures: {run.peak_mib:.0f} MiB, {run.seconds:.0f} s, "
                f"report {page:.1f} MB",
                flush=True,
            )
    print(f"{counts[1] / counts[0]:.0f} times the pictures take {peaks[1] / peaks[0]:.2f} times")


def head(count: int) -> None:
    """Train a head on rows of noise in which ten classes have a direction each."""
    from diptych import engines
    from diptych.images.rows import kept
    from diptych.images.store import Store
    from diptych.networks.initialisation import initial
    from diptych.networks.zoo import build
    from diptych.runtimes.features import SHORT, FeatureRows
    from diptych.training.batches import Batches, one_hot
    from diptych.training.defaults import of_photographs
    from diptych.training.loop import fit
    from diptych.training.ways.task import from_scratch

    recipe = of_photographs(count).recipe.replace(engine="torch", train="head")
    network = build(recipe.network, (288, 288, 3), CLASSES, recipe.dropout)
    width, rng = network.features, np.random.default_rng(0)
    middle_KD = rng.standard_normal((CLASSES, width), np.float32) * 0.1
    labels = rng.integers(0, CLASSES, count)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "cache" / "features" / "made", (width,), SHORT)
        for start in range(0, count, 10_000):
            some = labels[start : start + 10_000]
            rows = rng.standard_normal((len(some), width), np.float32) + middle_KD[some]
            store.add_block([f"{start + i:064}" for i in range(len(some))], rows, {})
        keys, valid = [f"{i:064}" for i in range(count)], count // 10
        started = time.monotonic()
        train_ND, valid_ND = (
            kept(FeatureRows(store, some, slice(0, width))) for some in (keys[valid:], keys[:valid])
        )
        targets_NK = one_hot(labels[valid:].tolist(), CLASSES, recipe.label_smoothing)
        optimiser, schedule = from_scratch(recipe)
        own = {n: w for n, w in initial(network, 0).items() if network.head.has(n)}
        engine = engines.build(recipe.engine, network.head, own, optimiser)
        batches = Batches(train_ND, targets_NK, recipe.batch_size, 0)
        epochs = list(
            fit(engine, batches, valid_ND, labels[:valid].tolist(), schedule, Path(folder) / "run")
        )
        seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    best = max(epoch.valid_accuracy for epoch in epochs)
    facts = {"epochs": len(epochs), "seconds": seconds, "peak": peak, "accuracy": best}
    print(json.dumps(facts))


def heads(counts: Sequence[int]) -> None:
    """A process of its own for each."""
    for count in counts:
        command = [sys.executable, __file__, "head", "--only", str(count)]
        facts = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        print(
            f"a head on {count:,} rows: {facts['epochs']} epochs in {facts['seconds']:.0f} s, "
            f"{facts['peak']:.0f} MiB, {facts['accuracy']:.1%} right",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("photos", "small", "head"), default="photos")
    parser.add_argument("--pictures", nargs=2, type=int, default=(10_000, 100_000))
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        return head(options.only)
    if options.what == "head":
        heads((100_000, 1_000_000))
        print(machine())
        return None
    if options.what == "small":
        small(options.pictures)
        print(machine())
        return None
    photos = need_photos()
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        many = Path(folder) / "many"
        for number, path in enumerate(sorted(photos.rglob("*.jpg"))):
            (many / path.parent.name).mkdir(parents=True, exist_ok=True)
            for copy in range(COPIES):
                target = many / path.parent.name / f"{path.stem}-{copy}.jpg"
                noisy(path, target, number * COPIES + copy)
        # The smaller first: the peak of child processes is the largest so far.
        for data in (photos, many):
            with cold_cache() as env:
                out = Path(folder) / f"{data.name}.bundle"
                run = measured(diptych("train", data, "--out", out), env)
            peaks.append(run.peak_mib)
            print(f"{run.answer['used']:,} pictures: {run.peak_mib:.0f} MiB, {run.seconds:.0f} s")
    print(f"ten times the photographs take {peaks[1] / peaks[0]:.2f} times the memory")
    print(machine())
    return None


main()

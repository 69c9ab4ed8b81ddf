"""What are the last stages, and all layers, worth beside the head alone, and at what cost?

The same recipe, pictures and seeds for each way to train: photographs, CIFAR-10 (1,000 and 5,000
pictures), drawn plates, digits. Each fold's answers are added to a file of JSON lines, and what is
there already is not trained again: stopped, the same command goes on. At the end: the share that is
right, what each way gains on the head picture by picture (95 % interval), and the processor time of
each, that of the features and of the head left out, which all of them need.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from measuring import SHARED, diptych, machine, need_photos
from PIL import Image

from diptych import Recipe, audit, clean, read, split
from diptych.data.splitting import Splits
from diptych.images.decoding import pixel_store
from diptych.images.store import Store
from diptych.runtimes import open_outputs
from diptych.system.progress import unwatched
from diptych.training.fitting import train_network
from diptych.training.pictures import with_pixels
from diptych.training.prediction import predict_dataset

WAYS = ("head", "last", "all")
AUGMENTED = ("flip=0.5", "zoom=0.2", "shift=0.1", "rotate=10", "brightness=0.1", "contrast=0.1")


def main() -> None:
    options = parsed()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DIPTYCH_CACHE"] = f"{folder}/cache"
        for name in options.sets:
            missing = [
                (fold, way)
                for fold in range(options.folds)
                for way in options.ways
                if (name, fold, way, options.label) not in done(options.out)
            ]
            if missing:
                pictures, size = SETS[name]
                run(options, name, pictures(Path(folder) / name), options.size or size, missing)
    report(options)
    print(machine())


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--size", type=int, help="pixels a side")
    parser.add_argument("--set", dest="settings", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--label", default="", help="of a series with settings of its own")
    parser.add_argument("--out", type=Path, default=Path("bench_finetune.jsonl"))
    return parser.parse_args()


def run(
    options: argparse.Namespace,
    name: str,
    folder: Path,
    size: int,
    missing: list[tuple[int, str]],
) -> None:
    """Train what is missing, and add a line for each."""
    recipe = Recipe(image_size=size).with_settings([*AUGMENTED, *options.settings])
    data = read(folder)
    data = clean(data, audit(data, size=size, min_side=8))
    store = pixel_store(data.shape_at(size), data.bits)
    data = with_pixels(data, store, unwatched)
    for fold in sorted({fold for fold, _ in missing}):
        parts = split(data, test=0.3, seed=fold)
        # What all ways need is computed before any of them is timed.
        answers(recipe.replace(train="head", seed=fold, epochs=1), parts, store)
        for way in (way for at, way in missing if at == fold):
            right, seconds, kept = answers(recipe.replace(train=way, seed=fold), parts, store)
            row = {
                "set": name,
                "fold": fold,
                "way": way,
                "label": options.label,
                "size": size,
                "accuracy": float(np.mean(right)),
                "seconds": round(seconds, 1),
                "head_kept": kept,
                "right": "".join(map(str, right.astype(int))),
            }
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            shown = {key: value for key, value in row.items() if key != "right"}
            print(json.dumps(shown), flush=True)


def answers(recipe: Recipe, parts: Splits, store: Store) -> tuple[np.ndarray, float, bool]:
    """Whether each test picture was answered rightly, the processor time, whether by the head."""
    with tempfile.TemporaryDirectory() as checkpoints:
        started = time.process_time()
        trained = train_network(
            recipe, parts.train, parts.valid, store, Path(checkpoints), unwatched
        )
        seconds = time.process_time() - started
    predictions = predict_dataset(lambda: open_outputs(trained.graph), parts.test, store)
    right = predictions.probabilities_NK.argmax(1) == np.array(parts.test.targets())
    return right, seconds, trained.head_only


def report(options: argparse.Namespace) -> None:
    """What each way is worth beside the head, set by set."""
    rows = {key: row for key, row in done(options.out).items() if key[3] == options.label}
    for name in options.sets:
        folds = [f for f in range(options.folds) if (name, f, "head", options.label) in rows]
        for way in WAYS:
            pairs = [
                (rows[name, f, way, options.label], rows[name, f, "head", options.label])
                for f in folds
                if (name, f, way, options.label) in rows
            ]
            if pairs:
                print(f"{name:10} {way:5} {compared(pairs)}")


def compared(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> str:
    """A way's figures, and what it gains on the head's, picture by picture."""
    gain = np.concatenate([bits(own) - bits(head) for own, head in pairs])
    half = 1.96 * gain.std() / np.sqrt(len(gain))
    accuracy = np.mean([own["accuracy"] for own, _ in pairs])
    seconds = sum(own["seconds"] - head["seconds"] for own, head in pairs) / len(pairs)
    kept = sum(own["head_kept"] for own, _ in pairs)
    return (
        f"{accuracy:.2%} right, {100 * gain.mean():+.2f} points (±{100 * half:.2f}), "
        f"{seconds:.0f} s of processor time after the head, head kept {kept} of {len(pairs)} times"
    )


def bits(row: dict[str, Any]) -> np.ndarray:
    return np.array([int(one) for one in row["right"]])


def done(out: Path) -> dict[tuple[str, int, str, str], dict[str, Any]]:
    """What is in the file, by set, fold, way and label."""
    lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    every = map(json.loads, lines)
    return {(row["set"], row["fold"], row["way"], row["label"]): row for row in every}


def photos(_: Path) -> Path:
    return need_photos()


def cifar(count: int) -> Callable[[Path], Path]:
    """So many pictures of CIFAR-10, each class as often."""

    def unpacked(folder: Path) -> Path:
        with zipfile.ZipFile(SHARED / "cifar10.zip") as archive:
            for label, members in by_class(archive).items():
                (folder / label).mkdir(parents=True)
                for member in members[: count // 10]:
                    (folder / label / Path(member).name).write_bytes(archive.read(member))
        return folder

    return unpacked


def by_class(archive: zipfile.ZipFile) -> Mapping[str, list[str]]:
    """The training pictures of an archive, by the folder that they are in."""
    members: dict[str, list[str]] = {}
    for name in sorted(archive.namelist()):
        if "train/" in name and name.endswith((".jpg", ".png")):
            members.setdefault(name.split("/")[-2], []).append(name)
    return members


def plates(folder: Path) -> Path:
    command = diptych("sample", "plates", folder, "--no-defects")
    subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)
    return folder


def digits(folder: Path) -> Path:
    """Those of scikit-learn as pictures, for a backbone that knows none of the kind."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    for i, (label, levels) in enumerate(zip(loaded.target, loaded.images, strict=True)):
        file = folder / str(label) / f"{i:04d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray((levels * 15.9).astype(np.uint8)).convert("RGB")
        picture.resize((32, 32), Image.Resampling.BICUBIC).save(file)
    return folder


SETS: dict[str, tuple[Callable[[Path], Path], int]] = {  # and the size of their pictures
    "photos": (photos, 224),
    "cifar1000": (cifar(1000), 96),
    "cifar5000": (cifar(5000), 96),
    "plates": (plates, 160),
    "digits": (digits, 64),
}


if __name__ == "__main__":
    main()

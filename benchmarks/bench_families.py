"""Does a network of every family of timm and of keras.applications come to a bundle?

Of each module of the two libraries a model that is small by its name, with weights drawn at random,
trained for an epoch on a dozen small pictures (`diptych train --weights none --train all`): at the
size that is the default and at the one that the model was made for. Either a bundle comes of it or
one line before the training says what to do. Each in a process of its own; what is done is kept in
the file families.jsonl, so that the same command goes on where it was.

`bench_families.py timm` or `keras`; without a name both.
"""

import contextlib
import io
import json
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from diptych.networks.libraries import LIBRARIES, library
from diptych.recipe import IMAGE_SIZE

DONE = Path(os.environ.get("FAMILIES", "families.jsonl"))
SECONDS = 900.0  # for one model
# Words for the size of a model, the smallest first; "" stands for a name without any.
SIZES = (
    *("atto", "femto", "pico", "zepto", "nano", "xxs", "xt", "ti", "xs", "tiny", "mini", "t", "n"),
    *("small", "s", "", "mobile", "m", "medium", "base", "b"),
    *("large", "l", "xlarge", "xl", "huge", "giant"),
)


class Try(NamedTuple):
    """A family's model at a size."""

    family: str
    network: str
    size: int


def tries(source: str) -> Iterator[Try]:
    """Every family's smallest model, at the default size and at its own."""
    smallest = [(family, min(models, key=_rank)) for family, models in _families(source).items()]
    both = [(family, model, library(source).own_side(model)) for family, model in smallest]
    for size in (IMAGE_SIZE, None):
        for family, model, own in both:
            if size or own not in (None, IMAGE_SIZE):
                yield Try(family, f"{source}/{model}", size or own)


def _families(source: str) -> dict[str, list[str]]:
    """The models of each module of a library."""
    names = library(source).names()  # which sees to it that the library can be imported
    families: dict[str, list[str]] = {}
    if source == "timm":
        import timm

        for family in timm.list_modules():
            models = [m for m in timm.list_models(module=family) if not m.startswith("test_")]
            if models:
                families[family] = models
        return families
    import keras

    for model in names:
        module = getattr(keras.applications, model).__module__
        families.setdefault(module.rpartition(".")[2], []).append(model)
    return families


def _rank(model: str) -> tuple[int, int, int, str]:
    """How large a model is by its name: by a word for it, then by the first number in it."""
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", model)
    sizes = [SIZES.index(word.lower()) for word in words if word.lower() in SIZES]
    numbers = [int(word) for word in words if word.isdigit()]
    return min(sizes, default=SIZES.index("")), min(numbers[:1], default=0), len(model), model


def write_pictures(folder: Path) -> None:
    """Six red pictures and six blue ones."""
    rng = np.random.default_rng(0)
    for label, colour in (("red", (190, 70, 60)), ("blue", (60, 70, 190))):
        (folder / label).mkdir(parents=True)
        for i in range(6):
            pixels = rng.integers(-60, 60, (64, 64, 3)) + np.array(colour)
            image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            image.save(folder / label / f"{i}.png")


def train(attempt: Try, pictures: Path, folder: Path) -> None:
    """In a process of its own: what `diptych train` comes to, written into the folder."""
    os.environ["DIPTYCH_CACHE"] = str(folder / "cache")
    from diptych.cli import main

    source = attempt.network.partition("/")[0]
    command = ["train", str(pictures), "--out", str(folder / "a.bundle")]
    command += ["--engine", LIBRARIES[source], "--network", attempt.network, "--weights", "none"]
    command += ["--train", "all", "--epochs", "1", "-s", f"image_size={attempt.size}"]
    command += ["-s", "batch_size=4", "-s", "learning_rate=0.0001", "--json"]
    errors = (folder / "errors").open("w")
    os.dup2(errors.fileno(), 2)
    sys.stderr = errors
    with contextlib.redirect_stdout(io.StringIO()):
        main(command)


def outcome(attempt: Try, pictures: Path) -> dict[str, Any]:
    """A bundle, or the line that says why not; else how it failed."""
    # PyTorch is imported once, TensorFlow does not survive a fork.
    fork = attempt.network.startswith("timm/")
    context: Any = multiprocessing.get_context("fork" if fork else "spawn")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process = context.Process(target=train, args=(attempt, pictures, folder))
        process.start()
        process.join(SECONDS)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        file = folder / "errors"
        text = file.read_text(errors="replace").strip() if file.exists() else ""
        bundle = (folder / "a.bundle" / "bundle.json").exists()
    last = text.splitlines()[-1] if text else ""
    if code is None:
        what, line = "too slow", f"not done after {SECONDS:.0f} s"
    elif code == 0 and bundle:
        what, line = "bundle", ""
    elif code in (1, 2) and last.startswith("diptych: ") and "Traceback" not in text:
        what = "a line" if "training" not in text else "a line after training"
        line = last.removeprefix("diptych: ")
    else:
        what, line = "failed", f"exit code {code}; {last}"
    seconds = round(time.monotonic() - started, 1)
    return {**attempt._asdict(), "outcome": what, "line": line, "seconds": seconds}


def main(sources: list[str]) -> None:
    """Try what was not tried yet, then show all of it."""
    done = [json.loads(line) for line in DONE.read_text().splitlines()] if DONE.exists() else []
    with tempfile.TemporaryDirectory() as name:
        pictures = Path(name) / "pictures"
        write_pictures(pictures)
        for source in sources:
            for attempt in tries(source):
                if any(
                    row["network"] == attempt.network and row["size"] == attempt.size
                    for row in done
                ):
                    continue
                done.append(outcome(attempt, pictures))
                with DONE.open("a") as file:
                    file.write(json.dumps(done[-1]) + "\n")
                print(_line(done[-1]), flush=True)
    for row in done:
        print(_line(row))
    for what in sorted({row["outcome"] for row in done}):
        print(f"{what}: {sum(row['outcome'] == what for row in done)} of {len(done)}")


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['family']:<24} {row['network']:<40} {row['size']:>4} {row['outcome']:<9} "
        f"{row['seconds']:>6} s  {row['line']}"
    )


if __name__ == "__main__":
    main(sys.argv[1:] or list(LIBRARIES))

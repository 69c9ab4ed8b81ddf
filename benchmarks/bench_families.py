"""Does a network of every family of timm and of keras.applications come to a bundle?

Of each module of the two libraries a small model, with weights drawn at random, trained for an
epoch on a dozen small pictures (`diptych train --weights none --train all`): at the size that is
the default or, where that is refused, at the one that the model was made for; then at its own size
where that is another. Either a bundle comes of it or one line before the training says what to do.
What is done is kept in the file families.jsonl, so that the same command goes on where it was.

`bench_families.py timm` or `keras`; without a name both.
"""

import contextlib
import importlib
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
COSTS = DONE.with_suffix(".costs.json")  # of the models of timm, which take minutes to count
SECONDS = 900.0  # for one model
# As long as a process of TensorFlow lives: it starts slowly, and grows with each model.
MODELS_A_PROCESS = 8
# What every training imports, once instead of each time.
PRELOADED = (
    *("torch.onnx", "onnxscript", "onnx_ir", "onnx", "onnxruntime", "openvino", "sympy"),
    *("scipy.optimize", "scipy.stats", "matplotlib.figure", "jinja2", "diptych.classifier"),
)
# Words for the size of a model of Keras, the smallest first; "" stands for a name without any.
SIZES = ("tiny", "small", "", "s", "base", "m", "large", "l", "xlarge")


class Try(NamedTuple):
    """A family's model at a size."""

    family: str
    network: str
    size: int


Row = dict[str, Any]  # a try and what came of it


def smallest(source: str) -> dict[str, str]:
    """The smallest model of each module of a library, the cheapest of them first."""
    names = library(source).names()  # which sees to it that the library can be imported
    if source == "timm":
        import timm

        families = {
            family: [m for m in timm.list_models(module=family) if not m.startswith("test_")]
            for family in timm.list_modules()
        }
        costs = _costs([model for models in families.values() for model in models])
        models = {f: min(m, key=costs.__getitem__) for f, m in families.items() if m}
        return dict(sorted(models.items(), key=lambda item: costs[item[1]]))
    import keras

    families = {}
    for model in names:
        module = getattr(keras.applications, model).__module__
        families.setdefault(module.rpartition(".")[2], []).append(model)
    models = {family: min(several, key=_rank) for family, several in families.items()}
    return dict(sorted(models.items(), key=lambda item: _rank(item[1])))


def _costs(models: list[str]) -> dict[str, float]:
    """Weights times layers of models of timm: what their training and their export take."""
    import timm
    import torch

    costs = json.loads(COSTS.read_text()) if COSTS.exists() else {}
    for model in models:
        if model not in costs:
            with torch.device("meta"):
                net = timm.create_model(model, num_classes=0)
            layers = sum(not list(part.children()) for part in net.modules())
            costs[model] = sum(weight.numel() for weight in net.parameters()) * layers
    COSTS.write_text(json.dumps(costs))
    return costs


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


def train(attempt: Try, pictures: Path, folder: Path) -> int:
    """What `diptych train` comes to, written into the folder; returns its exit code."""
    from diptych.cli import main

    source = attempt.network.partition("/")[0]
    command = ["train", str(pictures), "--out", str(folder / "a.bundle")]
    command += ["--engine", LIBRARIES[source], "--network", attempt.network, "--weights", "none"]
    command += ["--train", "all", "--epochs", "1", "-s", f"image_size={attempt.size}"]
    command += ["-s", "batch_size=4", "-s", "learning_rate=0.0001", "--json"]
    with (folder / "errors").open("w") as errors, contextlib.redirect_stdout(io.StringIO()):
        os.dup2(errors.fileno(), 2)
        sys.stderr = errors
        try:
            return main(command)
        except SystemExit as done:
            return done.code if isinstance(done.code, int) else 1


def work(connection: Any, pictures: Path) -> None:
    """In a process of its own: train what is asked for, one after the other."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["DIPTYCH_CACHE"] = cache
        while True:
            attempt, folder = connection.recv()
            connection.send(train(attempt, pictures, folder))


class Worker:
    """A process that trains; one of PyTorch for each model, for a fork of this one is cheap."""

    def __init__(self, source: str, pictures: Path) -> None:
        self.source, self.pictures = source, pictures
        self.process: Any = None
        self.models = 0

    def train(self, attempt: Try, folder: Path) -> int | None:
        """The exit code of `diptych train`; None where it was not done in time."""
        self._ready()
        self.connection.send((attempt, folder))
        code: int | None = None
        try:
            if self.connection.poll(SECONDS):
                code = self.connection.recv()
        except EOFError:
            self.process.join()
            code = self.process.exitcode
        self.models += 1
        if code not in (0, 1, 2) or self.source == "timm" or self.models == MODELS_A_PROCESS:
            self.stop()
        return code

    def stop(self) -> None:
        """End the process, if there is one."""
        if self.process:
            self.process.kill()
            self.process.join()
        self.process = None

    def _ready(self) -> None:
        if self.process is None:
            # TensorFlow does not survive a fork.
            way: Any = multiprocessing.get_context("fork" if self.source == "timm" else "spawn")
            self.connection, theirs = way.Pipe()
            self.process = way.Process(target=work, args=(theirs, self.pictures), daemon=True)
            self.process.start()
            theirs.close()
            self.models = 0


def outcome(attempt: Try, worker: Worker) -> Row:
    """A bundle, or the line that says why not; else how it failed."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code = worker.train(attempt, folder)
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
    lines = DONE.read_text().splitlines() if DONE.exists() else []
    done = {_try(row): row for row in map(json.loads, lines)}
    with tempfile.TemporaryDirectory() as name:
        pictures = Path(name) / "pictures"
        write_pictures(pictures)
        for source in sources:
            worker = Worker(source, pictures)
            for attempt in _tries(source, done):
                done[attempt] = row = outcome(attempt, worker)
                with DONE.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                print(_line(row), flush=True)
            worker.stop()
    for row in done.values():
        print(_line(row))
    for what in sorted({row["outcome"] for row in done.values()}):
        print(f"{what}: {sum(row['outcome'] == what for row in done.values())} of {len(done)}")


def _tries(source: str, done: dict[Try, Row]) -> Iterator[Try]:
    """What is still to try: of every family one size that it takes, then the other sizes."""
    families = smallest(source)
    for later in (False, True):
        for family, model in families.items():
            attempt = Try(family, f"{source}/{model}", IMAGE_SIZE)
            if attempt not in done:
                yield attempt
            if later or done[attempt]["outcome"] != "bundle":
                attempt = attempt._replace(size=library(source).own_side(model) or IMAGE_SIZE)
                if attempt not in done:
                    yield attempt


def _try(row: Row) -> Try:
    return Try(*(row[field] for field in Try._fields))


def _line(row: Row) -> str:
    return (
        f"{row['family']:<24} {row['network']:<40} {row['size']:>4} {row['outcome']:<9} "
        f"{row['seconds']:>6} s  {row['line']}"
    )


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(LIBRARIES)
    if "timm" in chosen:
        for module in PRELOADED:
            importlib.import_module(module)
    main(chosen)

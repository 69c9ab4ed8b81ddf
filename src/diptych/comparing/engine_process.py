"""One engine of a comparison, in this process: trained with each seed, then measured.

`python -m diptych.comparing.engine_process TASK DONE` reads a recipe, a split and a few facts
from the folder TASK and writes the folder DONE. What was foreseen to go wrong is written into TASK,
with the exit code of the command line.
"""

import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from safetensors.numpy import save as save_safetensors
from safetensors.numpy import save_file

from diptych import engines
from diptych.comparing.engines import Latency, Speed, code_lines
from diptych.data.dataset import Dataset
from diptych.data.splitting import Splits
from diptych.engines.contract import Engine
from diptych.images import cache
from diptych.images.decoding import pixel_store
from diptych.images.rows import in_batches
from diptych.metrics.probabilities import softmax
from diptych.networks import choosing, initial
from diptych.recipe import Recipe
from diptych.runtimes import open_graph
from diptych.system.child_process import work
from diptych.system.progress import Track, shown, unwatched
from diptych.system.versions import versions
from diptych.training.fitting import Model, answers, fitted

T = TypeVar("T")

# Test pictures on which speed is measured, and the most seconds for each figure.
PICTURES, SECONDS = 512, 1.5


def main(task: Path, done: Path) -> None:
    """Train with each seed; measure the first; write all of it aside, then into place."""
    facts = json.loads((task / "task.json").read_text(encoding="utf-8"))
    recipe = Recipe().with_toml(task / "recipe.toml")
    shape = tuple(facts["shape"]) if facts["shape"] else None
    empty = Dataset(Path(), tuple(facts["classes"]), (), shape=shape)
    parts = Splits.from_csv((task / "splits.csv").read_text(encoding="utf-8"), empty)
    store = pixel_store(parts.train.shape_at(recipe.image_size))
    keep = cache.folder() / "runs" / done.name.removeprefix("compare-")
    runs, arrays, models = [], {}, list[Model]()
    for seed in facts["seeds"]:
        chosen = recipe.replace(seed=seed)
        track = _named(f"{recipe.engine}, seed {seed}") if facts["progress"] else unwatched
        model = fitted(chosen, parts.train, parts.valid, store, keep / f"seed{seed}", track)
        models = models or [model]
        arrays[f"seed{seed}"] = answers(model, parts.test, store, track).probabilities_NK
        best = max(epoch.number for epoch in model.history if epoch.best)
        seconds = sum(epoch.seconds for epoch in model.history[:best])
        history = [epoch._asdict() for epoch in model.history]
        runs.append({"seed": seed, "history": history, "best_seconds": seconds})
    pixels = store.read([s.digest for s in parts.test.samples[:PICTURES]])
    arrays["start"] = _start(recipe, models[0], pixels[:64])
    speed = _measured(recipe, models[0], pixels, len(parts.train))
    aside = done.with_name(f"{done.name}.{os.getpid()}.writing")
    aside.mkdir(parents=True)
    save_file(arrays, aside / "answers.safetensors")
    whole = json.dumps({"runs": runs, "speed": speed._asdict()})
    (aside / "run.json").write_text(whole, encoding="utf-8")
    aside.rename(done)
    shutil.rmtree(keep, ignore_errors=True)


def _named(who: str) -> Track:
    """Progress that says whose it is."""

    def track(items: Iterable[T], doing: str, total: int) -> Iterable[T]:
        return shown(items, f"{who}: {doing}", total)

    return track


def _start(recipe: Recipe, model: Model, pixels: Any) -> Any:
    """What the network answers before it is trained: the same in every framework."""
    begun = choosing.pretrained(model.network, recipe)
    weights = {**initial(model.network, recipe.seed), **begun}
    return softmax(_engine(recipe, model, weights).predict(pixels))


def _measured(recipe: Recipe, model: Model, pixels: Any, train: int) -> Speed:
    engine = _engine(recipe, model, model.weights)
    run = open_graph(model.graph)
    rates = [train / epoch.train_seconds for epoch in model.history]
    # The first epoch may compile.
    usual = float(np.median(rates[1:] or rates))
    latency, onnx_latency = _latency(engine.predict, pixels), _latency(run, pixels)
    return Speed(
        usual,
        _rate(engine.predict, pixels),
        _rate(run, pixels),
        latency,
        onnx_latency,
        _peak_mib(),
        len(save_safetensors(model.weights)),
        len(model.graph),
        code_lines(recipe.engine),
        model.head_only,
        versions(),
    )


def _engine(recipe: Recipe, model: Model, weights: Any) -> Engine:
    return engines.build(recipe.engine, model.network, weights)


def _rate(answer: Callable[[Any], Any], pixels: Any) -> float:
    """Pictures a second, 64 at a time."""
    batches = list(in_batches(pixels, 64))
    answer(batches[0])
    seen, started = 0, time.monotonic()
    for batch in itertools.cycle(batches):
        answer(batch)
        seen += len(batch)
        if time.monotonic() - started > SECONDS:
            break
    return seen / (time.monotonic() - started)


def _latency(answer: Callable[[Any], Any], pixels: Any) -> Latency:
    """Milliseconds for one picture at a time."""
    answer(pixels[:1])
    taken: list[float] = []
    while sum(taken) < SECONDS and len(taken) < 1000:
        at = len(taken) % len(pixels)
        started = time.perf_counter()
        answer(pixels[at : at + 1])
        taken.append(time.perf_counter() - started)
    return Latency(*(1000 * float(q) for q in np.quantile(taken, [0.5, 0.95])))


def _peak_mib() -> float:
    """The most memory that this process has held; not a number where the system does not say."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


if __name__ == "__main__":
    work(lambda: main(Path(sys.argv[1]), Path(sys.argv[2])), Path(sys.argv[1]))

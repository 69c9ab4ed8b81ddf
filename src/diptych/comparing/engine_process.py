"""One engine of a comparison, in this process: trained with each seed, then measured.

`python -m diptych.comparing.engine_process TASK DONE` reads a recipe, a split and a few facts
from the folder TASK and writes the folder DONE. What was foreseen to go wrong is written into TASK,
with the exit code of the command line.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from safetensors.numpy import save as save_safetensors
from safetensors.numpy import save_file

from diptych import engines
from diptych.comparing.code_lines import code_lines
from diptych.comparing.engine_comparison import Speed
from diptych.data.dataset import Dataset
from diptych.data.splitting import Splits
from diptych.engines.contract import Engine
from diptych.images import cache
from diptych.images.decoding import pixel_store
from diptych.images.store import Store
from diptych.metrics.probabilities import softmax
from diptych.networks import choosing
from diptych.recipe import Recipe
from diptych.runtimes import open_graph, open_outputs, speed
from diptych.system.child_process import run_as_child
from diptych.system.progress import Track, shown, unwatched
from diptych.system.versions import versions
from diptych.training import checkpoints
from diptych.training.fitting import TrainedNetwork, train_network
from diptych.training.prediction import predict_dataset

T = TypeVar("T")

# Test pictures on which speed is measured, how many at a time, and the seconds for each figure.
PICTURES, BATCH, SECONDS = 512, 64, 1.5


def main(task: Path, done: Path) -> None:
    """Train with each seed; measure the first; write all of it aside, then into place."""
    facts = json.loads((task / "task.json").read_text(encoding="utf-8"))
    recipe = Recipe().with_toml(task / "recipe.toml")
    shape = tuple(facts["shape"]) if facts["shape"] else None
    empty = Dataset(Path(), tuple(facts["classes"]), (), shape=shape, bits=facts["bits"])
    parts = Splits.from_csv(
        (task / "splits.csv").read_bytes().decode(errors="surrogateescape"), empty
    )
    store = pixel_store(parts.train.shape_at(recipe.image_size), parts.train.bits)
    keep = cache.folder() / "runs" / done.name.removeprefix("compare-")
    # The process that started this one waits for others of its kind; this one waits for those whose
    # own was killed.
    with checkpoints.alone_in(keep):
        if not done.exists():
            _train_and_measure(recipe, parts, store, keep, done, facts)
            shutil.rmtree(keep, ignore_errors=True)


def _train_and_measure(
    recipe: Recipe, parts: Splits, store: Store, keep: Path, done: Path, facts: Mapping[str, Any]
) -> None:
    runs, arrays, models = [], {}, list[TrainedNetwork]()
    for seed in facts["seeds"]:
        track = _track(f"{recipe.engine}, seed {seed}") if facts["progress"] else unwatched
        model = train_network(
            recipe.replace(seed=seed), parts.train, parts.valid, store, keep / f"seed{seed}", track
        )
        models = models or [model]
        predictions = predict_dataset(partial(open_outputs, model.graph), parts.test, store, track)
        arrays[f"seed{seed}"] = predictions.probabilities_NK
        runs.append({"seed": seed, **_training(model)})
    pixels = store.read([s.digest for s in parts.test.samples[:PICTURES]])
    arrays["start"] = _start_probabilities(recipe, models[0], parts.train, pixels[:64])
    costs = _speed(recipe, models[0], pixels, len(parts.train))
    _write(done, arrays, {"runs": runs, "speed": costs._asdict()})


def _track(name: str) -> Track:
    """Progress that says whose it is."""

    def track(items: Iterable[T], doing: str, total: int) -> Iterable[T]:
        return shown(items, f"{name}: {doing}", total)

    return track


def _training(model: TrainedNetwork) -> dict[str, Any]:
    """How the training went, and how long it took until its best epoch was done."""
    best = max(epoch.number for epoch in model.history if epoch.best)
    return {
        "history": [epoch._asdict() for epoch in model.history],
        "best_seconds": sum(epoch.seconds for epoch in model.history[:best]),
    }


def _write(done: Path, arrays: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Write a folder aside, then rename it into place."""
    aside = done.with_name(f"{done.name}.{os.getpid()}.writing")
    aside.mkdir(parents=True)
    save_file(dict(arrays), aside / "answers.safetensors")
    (aside / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    aside.rename(done)


def _start_probabilities(recipe: Recipe, model: TrainedNetwork, train: Dataset, pixels: Any) -> Any:
    """What the network answers before it is trained: the same in every framework."""
    start = choosing.start(recipe, train.shape_at(recipe.image_size), train.classes)
    return softmax(_engine(recipe, model, start.weights).predict(pixels))


def _speed(recipe: Recipe, model: TrainedNetwork, pixels: Any, train: int) -> Speed:
    """What the engine costs, measured on pictures; `train` is how many an epoch has."""
    engine = _engine(recipe, model, model.weights)
    run = open_graph(model.graph)
    rates = [train / epoch.train_seconds for epoch in model.history]
    return Speed(
        # The first epoch may compile.
        train_rate=float(np.median(rates[1:] or rates)),
        predict_rate=speed.rate(engine.predict, pixels, BATCH, SECONDS),
        onnx_rate=speed.rate(run, pixels, BATCH, SECONDS),
        latency=speed.latency(engine.predict, pixels, SECONDS),
        onnx_latency=speed.latency(run, pixels, SECONDS),
        peak_mib=_peak_mib(),
        weights_bytes=len(save_safetensors(model.weights)),
        onnx_bytes=len(model.graph),
        code_lines=code_lines(recipe.engine),
        head_only=model.head_only,
        versions=versions(),
    )


def _engine(recipe: Recipe, model: TrainedNetwork, weights: Any) -> Engine:
    return engines.build(recipe.engine, model.network, weights)


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
    run_as_child(lambda: main(Path(sys.argv[1]), Path(sys.argv[2])), Path(sys.argv[1]))

"""The same pictures through two engines.

Both get the same split, order, augmentation, targets, learning rates and starting weights, each in
a process of its own. What may still differ from run to run: how sums are rounded (number of
threads, kernels that PyTorch and TensorFlow choose at run time), and bfloat16 where the hardware
has it.
"""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from diptych.comparing.engine_comparison import Candidate, EngineComparison, Speed, TrainingRun
from diptych.data.dataset import Dataset
from diptych.data.matching import consistent
from diptych.data.splitting import Splits
from diptych.errors import DiptychError, InputError
from diptych.images import cache
from diptych.metrics.paired import difference, mcnemar
from diptych.metrics.predictions import Predictions
from diptych.networks.choosing import refuse_unknown
from diptych.networks.earlier import weights_hash
from diptych.recipe import Recipe
from diptych.runtimes.speed import Latency
from diptych.system.child_process import ChildProcessFailed, run_child
from diptych.system.versions import versions
from diptych.training import checkpoints
from diptych.training.memory import less_memory


def compare_engines(
    parts: Splits,
    recipe: Recipe,
    engines: Sequence[str] = ("torch", "tensorflow"),
    *,
    seeds: int = 3,
    progress: bool = False,
) -> EngineComparison:
    """Train each of two engines with each of several seeds on the same split, and compare them.

    The recipe's seed is the first. With `progress` the engines' processes tell on standard error
    how far they are. What was done before a run was stopped is not trained again. Raises InputError
    where an engine cannot be used, or the parts do not fit together; GateError when an export
    disagrees with its network.
    """
    refuse_unfit(recipe, engines, seeds)
    parts = consistent(parts)
    first, second = (
        train_engine(engine, parts, recipe.replace(engine=engine), seeds, progress)
        for engine in engines
    )
    groups = [sample.group or sample.name for sample in parts.test.samples]
    pairs = [
        (one.predictions, two.predictions) for one, two in zip(first.runs, second.runs, strict=True)
    ]
    return EngineComparison(
        recipe,
        {part: len(data) for part, data in parts._asdict().items()},
        first,
        second,
        difference(first.right, second.right, groups),
        tuple(mcnemar(one.right(), two.right()) for one, two in pairs),
        float(np.mean([_agreement(one, two) for one, two in pairs])),
        float(np.abs(first.start - second.start).max()),
    )


def refuse_unfit(recipe: Recipe, engines: Sequence[str], seeds: int) -> None:
    """Raise InputError where these engines cannot be compared by this recipe."""
    if len(engines) != 2 or len(set(engines)) != 2:
        raise InputError(f"a comparison needs two different engines, not {', '.join(engines)}")
    if seeds < 1:
        raise InputError(f"--seeds must be at least 1, not {seeds}")
    for engine in engines:
        refuse_unknown(recipe.replace(engine=engine))


def train_engine(
    engine: str, parts: Splits, recipe: Recipe, seeds: int, progress: bool
) -> Candidate:
    """An engine, trained and measured in a process of its own; from the cache if it was before."""
    start = weights_hash(recipe.weights)
    pictures = [parts.train.bits, *(part.fingerprint() for part in parts)]
    depends = [asdict(recipe), start, seeds, versions(), *pictures]
    name = hashlib.sha256(json.dumps(depends).encode()).hexdigest()[:16]
    done = cache.folder() / "runs" / f"compare-{name}"
    with checkpoints.alone_in(done):
        if not (done / "run.json").exists():
            with tempfile.TemporaryDirectory() as folder:
                task = Path(folder)
                _write_task(task, parts, recipe, seeds, progress)
                try:
                    for _ in run_child("diptych.comparing.engine_process", task, str(done)):
                        pass  # its progress is on standard error
                except ChildProcessFailed as error:
                    advice = f"; {less_memory(recipe)}" if error.short_of_memory else ""
                    raise DiptychError(f"engine {engine}: {error}{advice}") from error
        return _read(engine, done, parts.test)


def _write_task(task: Path, parts: Splits, recipe: Recipe, seeds: int, progress: bool) -> None:
    """What the process of an engine is to do, for it to read."""
    (task / "recipe.toml").write_text(recipe.to_toml(), encoding="utf-8")
    # Names of files may be bytes that are no text.
    (task / "splits.csv").write_bytes(parts.to_csv().encode(errors="surrogateescape"))
    facts = {
        "classes": parts.train.classes,
        "shape": parts.train.shape,
        "bits": parts.train.bits,
        "progress": progress,
        "seeds": [recipe.seed + i for i in range(seeds)],
    }
    (task / "task.json").write_text(json.dumps(facts), encoding="utf-8")


def _read(engine: str, done: Path, test: Dataset) -> Candidate:
    """What the process of an engine wrote."""
    facts = json.loads((done / "run.json").read_text(encoding="utf-8"))
    arrays = load_file(done / "answers.safetensors")
    runs = tuple(
        TrainingRun(
            run["seed"],
            Predictions(test, arrays[f"seed{run['seed']}"]),
            tuple(run["history"]),
            run["best_seconds"],
        )
        for run in facts["runs"]
    )
    speed = facts["speed"]
    for name in ("latency", "onnx_latency"):
        speed[name] = Latency(*speed[name])
    return Candidate(engine, runs, Speed(**speed), arrays["start"], done)


def _agreement(one: Predictions, two: Predictions) -> float:
    """The share of pictures that both answer alike."""
    return float(np.mean([a == b for a, b in zip(one.answers(), two.answers(), strict=True)]))

"""The same pictures through several engines: one table, and a verdict that knows what noise is.

Every engine gets the same split, order, augmentation draws, targets, learning rates and starting
weights, in a process of its own. What may still differ from run to run: how sums are rounded
(number of threads, kernels that PyTorch and TensorFlow choose at run time), and bfloat16 where the
hardware has it.
"""

import ast
import hashlib
import importlib.util
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from diptych.data.dataset import Dataset
from diptych.data.splitting import Splits
from diptych.errors import DiptychError, InputError
from diptych.images import cache
from diptych.metrics import Score, Scores
from diptych.metrics.paired import Difference, Test, difference, is_noise, mcnemar
from diptych.metrics.predictions import Predictions
from diptych.networks.choosing import refuse_unknown
from diptych.recipe import Recipe
from diptych.system.child_process import Ended, told
from diptych.system.versions import versions

NOT_REPRODUCIBLE = (
    "Sums are rounded in another order by each framework and for each number of threads, and "
    "kernels are chosen at run time; where the hardware has bfloat16 both train in it. "
    "So two runs agree to noise, not to the bit."
)


class Latency(NamedTuple):
    """How long one picture at a time takes, in milliseconds."""

    p50: float
    p95: float


class Run(NamedTuple):
    """One engine trained with one seed."""

    seed: int
    predictions: Predictions
    history: tuple[dict[str, Any], ...]  # epochs
    best_seconds: float  # of training, until the best epoch was done


class Speed(NamedTuple):
    """What an engine costs."""

    train_rate: float  # pictures a second
    predict_rate: float
    onnx_rate: float
    latency: Latency
    onnx_latency: Latency
    peak_mib: float
    weights_bytes: int
    onnx_bytes: int
    code_lines: int  # of Diptych's that are for this framework alone
    head_only: bool  # what was trained on is the backbone's features
    versions: dict[str, str]


@dataclass(frozen=True)
class Candidate:
    """An engine with its runs, one for each seed."""

    engine: str
    runs: tuple[Run, ...]
    speed: Speed
    start: npt.NDArray[np.float32]  # what it answers to some test pictures before it is trained
    kept: Path  # where its runs lie, in case that the other engine's are interrupted

    @property
    def scores(self) -> tuple[Scores, ...]:
        """How good each run is."""
        return tuple(run.predictions.scores() for run in self.runs)

    def mean(self, name: str) -> Score:
        """A score averaged over the seeds; its limits are averaged too.

        The same test pictures were seen each time, so that more seeds do not narrow it.
        """
        found = np.array([getattr(scores, name) for scores in self.scores])
        return Score(*found.mean(0).tolist())

    @property
    def seconds_to_best(self) -> float:
        """How long training took until its best epoch was done, averaged over the seeds."""
        return sum(run.best_seconds for run in self.runs) / len(self.runs)

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether each run was right on each test picture: (seeds, pictures)."""
        return np.array([run.predictions.right() for run in self.runs])


@dataclass(frozen=True)
class Comparison:
    """Two engines on the same test pictures."""

    recipe: Recipe
    parts: dict[str, int]
    first: Candidate
    second: Candidate
    difference: Difference  # of accuracy, first minus second
    tests: tuple[Test, ...]  # McNemar's, for each seed
    agreement: float  # the share of test pictures with the same answer, over all seeds
    start_difference: float  # in probability, before training

    @property
    def candidates(self) -> tuple[Candidate, Candidate]:
        """Both."""
        return self.first, self.second

    @property
    def within_noise(self) -> bool:
        """Whether the difference may be chance."""
        return is_noise(self.difference, self.tests)

    def verdict(self) -> str:
        """What follows, in words."""
        size = self.difference.of_better
        gap = f"{100 * size.value:.2f} points"
        reach = f"{size.reach} points"
        fast, slow = sorted(self.candidates, key=lambda c: -c.speed.train_rate)
        ratio = fast.speed.train_rate / slow.speed.train_rate
        speed = (
            f"they train equally fast ({ratio:.2f} times)"
            if ratio < 1.1
            else f"{fast.engine} trains {ratio:.1f} times as fast"
        )
        if self.within_noise:
            return (
                f"The accuracies of {self.first.engine} and {self.second.engine} differ by {gap}, "
                f"within noise (95 % interval {reach}); {speed}."
            )
        better = self.first if self.difference.value > 0 else self.second
        return f"{better.engine} is better by {gap} (95 % interval {reach}), beyond noise; {speed}."

    def forget_runs(self) -> None:
        """Delete what was kept for the case that the comparison is killed."""
        for candidate in self.candidates:
            shutil.rmtree(candidate.kept, ignore_errors=True)

    def disagreements(self) -> Iterator[tuple[int, str, str, str]]:
        """Test pictures that the first seed's networks answer differently.

        Yields the position in the test part, the label, the first's answer and the second's.
        """
        one, two = (candidate.runs[0].predictions for candidate in self.candidates)
        both = zip(one.dataset.samples, one.answers(), two.answers(), strict=True)
        for i, (sample, first, second) in enumerate(both):
            if first != second:
                yield i, sample.label, first, second

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """The table: what, the first, the second."""
        one, two = self.candidates

        def both(what: str, show: Any) -> tuple[str, str, str]:
            return what, show(one), show(two)

        head = "head " if one.speed.head_only else ""
        yield both("accuracy", lambda c: str(c.mean("accuracy")))
        yield both("macro F1", lambda c: str(c.mean("macro_f1")))
        yield both("training to the best epoch", lambda c: f"{c.seconds_to_best:.1f} s")
        yield both(f"{head}training", lambda c: f"{c.speed.train_rate:,.0f} pictures/s")
        yield both("prediction", lambda c: f"{c.speed.predict_rate:,.0f} pictures/s")
        yield both("… through ONNX", lambda c: f"{c.speed.onnx_rate:,.0f} pictures/s")
        yield both("one picture, p50 / p95", lambda c: _latency(c.speed.latency))
        yield both("… through ONNX", lambda c: _latency(c.speed.onnx_latency))
        yield both("peak memory", lambda c: f"{c.speed.peak_mib:,.0f} MiB")
        yield both("weights / ONNX on disk", lambda c: _sizes(c.speed))
        yield both("our lines for it alone", lambda c: f"{c.speed.code_lines:,}")

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain data."""
        engines = {
            c.engine: {
                "accuracy": c.mean("accuracy")._asdict(),
                "macro_f1": c.mean("macro_f1")._asdict(),
                "accuracy_by_seed": [s.accuracy.value for s in c.scores],
                "seconds_to_best": c.seconds_to_best,
                **{
                    name: value._asdict() if isinstance(value, Latency) else value
                    for name, value in c.speed._asdict().items()
                },
            }
            for c in self.candidates
        }
        return {
            "verdict": self.verdict(),
            "within_noise": self.within_noise,
            "difference": self.difference._asdict(),
            "mcnemar": [test._asdict() for test in self.tests],
            "agreement": self.agreement,
            "disagreements": [
                {
                    "path": self.first.runs[0].predictions.dataset.samples[i].name,
                    "label": label,
                    self.first.engine: one,
                    self.second.engine: two,
                }
                for i, label, one, two in self.disagreements()
            ],
            "start_difference": self.start_difference,
            "seeds": [run.seed for run in self.first.runs],
            "parts": self.parts,
            "engines": engines,
            "recipe": asdict(self.recipe),
            "not_reproducible": NOT_REPRODUCIBLE,
        }


def compare(
    parts: Splits,
    recipe: Recipe,
    engines: Sequence[str] = ("torch", "tensorflow"),
    *,
    seeds: int = 3,
    progress: bool = False,
) -> Comparison:
    """Train each of two engines with each of several seeds on the same split, and compare them.

    The recipe's seed is the first. With `progress` the engines' processes tell on standard error
    how far they are. What was done before a run was stopped is not trained again. Raises InputError
    where an engine cannot be used; GateError when an export disagrees with its network.
    """
    refuse_unfit(recipe, engines, seeds)
    first, second = (
        _candidate(engine, parts, recipe.replace(engine=engine), seeds, progress)
        for engine in engines
    )
    groups = [sample.group or sample.name for sample in parts.test.samples]
    pairs = list(zip(first.runs, second.runs, strict=True))
    same = [
        np.mean(
            [
                a == b
                for a, b in zip(one.predictions.answers(), two.predictions.answers(), strict=True)
            ]
        )
        for one, two in pairs
    ]
    return Comparison(
        recipe,
        {part: len(data) for part, data in parts._asdict().items()},
        first,
        second,
        difference(first.right, second.right, groups),
        tuple(mcnemar(one.predictions.right(), two.predictions.right()) for one, two in pairs),
        float(np.mean(same)),
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


def code_lines(engine: str) -> int:
    """Lines of Diptych's code that are for one engine alone, without comments and docstrings."""
    found = importlib.util.find_spec(f"diptych.engines.{engine}")
    assert found is not None and found.origin is not None
    origin = Path(found.origin)
    files = origin.parent.glob("*.py") if origin.name == "__init__.py" else [origin]
    return sum(_code_lines(file.read_text(encoding="utf-8")) for file in files)


def _code_lines(source: str) -> int:
    """Lines with code on them, by the syntax tree; what a docstring covers is not code."""
    tree = ast.parse(source)
    documented: set[int] = set()
    used: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            documented |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
        if isinstance(node, (ast.stmt, ast.expr)):
            used |= {node.lineno, node.end_lineno or node.lineno}
    return len(used - documented)


def _candidate(engine: str, parts: Splits, recipe: Recipe, seeds: int, progress: bool) -> Candidate:
    """An engine, trained and measured in a process of its own; from the cache if it was before."""
    depends = [asdict(recipe), seeds, versions(), *(part.fingerprint() for part in parts)]
    name = hashlib.sha256(json.dumps(depends).encode()).hexdigest()[:16]
    done = cache.folder() / "runs" / f"compare-{name}"
    if not (done / "run.json").exists():
        with tempfile.TemporaryDirectory() as folder:
            task = Path(folder)
            (task / "recipe.toml").write_text(recipe.to_toml(), encoding="utf-8")
            (task / "splits.csv").write_text(parts.to_csv(), encoding="utf-8")
            train = parts.train
            facts = {"classes": train.classes, "shape": train.shape, "progress": progress}
            whole = json.dumps({**facts, "seeds": [recipe.seed + i for i in range(seeds)]})
            (task / "task.json").write_text(whole, encoding="utf-8")
            try:
                for _ in told("diptych.comparing.engine_process", task, str(done)):
                    pass  # its progress is on standard error
            except Ended as error:
                raise DiptychError(f"engine {engine}: {error}") from error
    return _read(engine, done, parts.test)


def _read(engine: str, done: Path, test: Dataset) -> Candidate:
    facts = json.loads((done / "run.json").read_text(encoding="utf-8"))
    arrays = load_file(done / "answers.safetensors")
    runs = tuple(
        Run(
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


def _latency(latency: Latency) -> str:
    return f"{latency.p50:.2f} / {latency.p95:.2f} ms"


def _sizes(speed: Speed) -> str:
    return f"{speed.weights_bytes / 2**20:.2f} / {speed.onnx_bytes / 2**20:.2f} MiB"

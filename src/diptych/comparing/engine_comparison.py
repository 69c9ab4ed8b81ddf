"""Two engines trained on the same data: what each came to, and a verdict that knows noise."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics import Score, Scores
from diptych.metrics.paired import Difference, Test, is_noise
from diptych.metrics.predictions import Predictions
from diptych.recipe import Recipe
from diptych.runtimes.speed import Latency
from diptych.training import checkpoints

NOT_REPRODUCIBLE = (
    "Sums are rounded in another order by each framework and for each number of threads, and "
    "kernels are chosen at run time; where the hardware has bfloat16 both train in it. "
    "So two runs agree to noise, not to the bit."
)


class TrainingRun(NamedTuple):
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
    runs: tuple[TrainingRun, ...]
    speed: Speed
    start: npt.NDArray[np.float32]  # its probabilities for some test pictures before training
    folder: Path  # where its runs are kept, in case that the other engine's are interrupted

    @property
    def scores(self) -> tuple[Scores, ...]:
        """How good each run is."""
        return tuple(run.predictions.scores() for run in self.runs)

    def mean(self, name: str) -> Score:
        """A score averaged over the seeds; its limits are averaged too.

        The same test pictures were seen each time, so that more seeds do not narrow it.
        """
        by_seed = np.array([getattr(scores, name) for scores in self.scores])
        return Score(*by_seed.mean(0).tolist())

    @property
    def seconds_to_best(self) -> float:
        """How long training took until its best epoch was done, averaged over the seeds."""
        return sum(run.best_seconds for run in self.runs) / len(self.runs)

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether each run was right on each test picture: (seeds, pictures)."""
        return np.array([run.predictions.right() for run in self.runs])


@dataclass(frozen=True)
class EngineComparison:
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
        gap, reach = f"{100 * size.value:.2f} points", f"{size.reach} points"
        if self.within_noise:
            return (
                f"The accuracies of {self.first.engine} and {self.second.engine} differ by {gap}, "
                f"within noise (95 % interval {reach}); {self._speed_verdict()}."
            )
        better = self.first if self.difference.value > 0 else self.second
        return (
            f"{better.engine} is better by {gap} (95 % interval {reach}), beyond noise; "
            f"{self._speed_verdict()}."
        )

    def _speed_verdict(self) -> str:
        fast, slow = sorted(self.candidates, key=lambda c: -c.speed.train_rate)
        ratio = fast.speed.train_rate / slow.speed.train_rate
        if ratio < 1.1:
            return f"they train equally fast ({ratio:.2f} times)"
        return f"{fast.engine} trains {ratio:.1f} times as fast"

    def forget_runs(self) -> None:
        """Delete what was kept for the case that the comparison is killed."""
        for candidate in self.candidates:
            checkpoints.forget(candidate.folder)

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
            "engines": {c.engine: _engine_json(c) for c in self.candidates},
            "recipe": asdict(self.recipe),
            "not_reproducible": NOT_REPRODUCIBLE,
        }


def _engine_json(candidate: Candidate) -> dict[str, Any]:
    """How good an engine is and what it costs, as plain data."""
    costs = candidate.speed._asdict()
    for name in ("latency", "onnx_latency"):
        costs[name] = costs[name]._asdict()
    return {
        "accuracy": candidate.mean("accuracy")._asdict(),
        "macro_f1": candidate.mean("macro_f1")._asdict(),
        "accuracy_by_seed": [scores.accuracy.value for scores in candidate.scores],
        "seconds_to_best": candidate.seconds_to_best,
        **costs,
    }


def _latency(latency: Latency) -> str:
    return f"{latency.p50:.2f} / {latency.p95:.2f} ms"


def _sizes(speed: Speed) -> str:
    return f"{speed.weights_bytes / 2**20:.2f} / {speed.onnx_bytes / 2**20:.2f} MiB"

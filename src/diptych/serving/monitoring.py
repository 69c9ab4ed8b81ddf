"""What was answered so far, and whether the pictures still look like those of the training."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.bundles.predictor import Output
from diptych.data.dataset import NONE
from diptych.reliability import drift
from diptych.reliability.drift import ReferenceDistribution
from diptych.serving.counters import Counters, ModelVersion


class MonitoredModel(NamedTuple):
    """What must be known of a model to watch its answers."""

    name: str
    version: str
    classes: tuple[str, ...]
    quantities: tuple[ReferenceDistribution, ...]  # how they were in training

    @property
    def key(self) -> ModelVersion:
        """What tells it from others."""
        return self.name, self.version


class Monitor:
    """Counts requests as they end, and pictures every now and then, many at a time."""

    def __init__(self, shared_folder: Path | None = None) -> None:
        """`shared_folder` is that of several workers."""
        self.counters = Counters(shared_folder)
        self._uncounted: deque[tuple[MonitoredModel, Sequence[Output]]] = deque()

    def record(self, model: MonitoredModel, outputs: Sequence[Output]) -> None:
        """Take note of a batch, to be counted later; from any thread."""
        self._uncounted.append((model, outputs))

    def count(self) -> None:
        """Count what was noted since the last time."""
        by_model: dict[ModelVersion, list[Output]] = defaultdict(list)
        models = {}
        for _ in range(len(self._uncounted)):
            model, outputs = self._uncounted.popleft()
            models[model.key] = model
            by_model[model.key] += outputs
            self.counters.count_batch(model.key, len(outputs))
        for key, outputs in by_model.items():
            model = models[key]
            labels = Counter(
                NONE if output.ood_score > 1 else model.classes[int(output.p_K.argmax())]
                for output in outputs
            )
            confidences = (float(output.p_K.max()) for output in outputs)
            bins = dict(_by_bin(model.quantities, _watched(outputs)))
            same = [o.p_K.argmax() == o.reference.p_K.argmax() for o in outputs if o.reference]
            self.counters.count_compared(key, sum(same), len(same) - sum(same))
            self.counters.count_answers(key, labels, confidences, bins)

    def drift(self, model: MonitoredModel) -> dict[str, Any]:
        """What a model answered since it was loaded, and how that differs from its training."""
        self.count()
        counts = self.counters.of(model.key)
        since = datetime.fromtimestamp(counts.since, UTC)
        return {
            "model": model.name,
            "version": model.version,
            "since": since.isoformat(timespec="seconds"),
            "pictures": sum(counts.by_label.values()),
            "none_of_these": counts.by_label.get(NONE, 0),
            "classes": {label: counts.by_label.get(label, 0) for label in model.classes},
            "errors": counts.by_reason,
            "quantities": list(_drift(model.quantities, counts.by_bin)),
        }

    def exposition(self, models: Iterable[MonitoredModel]) -> tuple[bytes, str]:
        """Everything as text for Prometheus, and the type of that text."""
        self.count()
        return self.counters.exposition((model.key, self._stability(model)) for model in models)

    def _stability(self, model: MonitoredModel) -> dict[str, float]:
        """How differently each quantity is distributed by now, by its name."""
        by_bin = self.counters.of(model.key).by_bin
        return {
            quantity.name: round(drift.stability_index(quantity, _counts(quantity, by_bin)), 4)
            for quantity in model.quantities
        }


def _watched(outputs: Iterable[Output]) -> list[Output]:
    """What the bundle's own graph gave: training was watched by that."""
    own = (output.reference or output for output in outputs)
    return [output for output in own if output.components_C is not None]


def _by_bin(
    quantities: Sequence[ReferenceDistribution], outputs: Sequence[Output]
) -> Iterator[tuple[tuple[str, int], int]]:
    """Each quantity and each of its bins, with how many outputs fall into it, if any."""
    if not outputs:
        return
    p_NK = np.stack([output.p_K for output in outputs])
    ood_score_N = np.array([output.ood_score for output in outputs], np.float32)
    components_NC = np.stack([o.components_C for o in outputs if o.components_C is not None])
    values = drift.watched_values(p_NK, ood_score_N, components_NC)
    for quantity in quantities:
        counts_B = quantity.bin_counts(values[quantity.name])
        for position in np.flatnonzero(counts_B).tolist():
            yield (quantity.name, position), int(counts_B[position])


def _drift(
    quantities: Sequence[ReferenceDistribution], by_bin: Mapping[tuple[str, int], int]
) -> Iterator[dict[str, Any]]:
    """How much each quantity has drifted."""
    for quantity in quantities:
        counts_B = _counts(quantity, by_bin)
        change = drift.drift_from(quantity, counts_B, len(quantities))
        yield {
            "name": quantity.name,
            "psi": round(change.psi, 4),
            "by_chance": round(change.by_chance, 4),
            "drifted": change.drifted,
            "shares": (counts_B / max(int(counts_B.sum()), 1)).round(4).tolist(),
            "expected": list(quantity.shares),
        }


def _counts(
    quantity: ReferenceDistribution, by_bin: Mapping[tuple[str, int], int]
) -> npt.NDArray[np.int64]:
    """How many pictures are in each bin of a quantity."""
    positions = range(len(quantity.shares))
    return np.array([by_bin.get((quantity.name, i), 0) for i in positions], np.int64)

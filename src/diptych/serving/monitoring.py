"""What was asked and answered so far: counters for Prometheus, and drift.

With several workers each counts into files of a folder that all share, and whoever is asked adds
them up.
"""

import os
import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from diptych.bundles.predictor import Answer
from diptych.data.dataset import NONE
from diptych.reliability import drift

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from diptych.serving.models import Model

CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
OF_MODEL = ("model", "version")
Sample = tuple[str, dict[str, str], float]  # a metric's name, labels and value


class Watch:
    """Counts requests as they end, and pictures every now and then, many at a time."""

    def __init__(self, shared: Path | None = None) -> None:
        """`shared` is the folder of several workers; it must be the first in its process then."""
        if shared:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared)
        import prometheus_client as prometheus

        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._shared = shared
        self._known = set[tuple[str, str]]()
        own = self._own = prometheus.CollectorRegistry()
        self._uncounted: deque[tuple[Model, Sequence[Answer]]] = deque()
        self._requests = prometheus.Counter(
            "diptych_requests_total", "Requests answered.", ("route", "status"), registry=own
        )
        self._seconds = prometheus.Histogram(
            "diptych_request_seconds", "From head to answer.", ("route",),
            buckets=SECONDS, registry=own,
        )  # fmt: skip
        self.waiting = prometheus.Gauge(
            "diptych_waiting_requests", "Requests that are being read or answered.",
            multiprocess_mode="livesum", registry=own,
        )  # fmt: skip
        self._pictures = prometheus.Counter(
            "diptych_pictures_total", "Pictures by their answer.", (*OF_MODEL, "label"),
            registry=own,
        )  # fmt: skip
        self._refused = prometheus.Counter(
            "diptych_refused_pictures_total", "Pictures that could not be used.",
            (*OF_MODEL, "reason"), registry=own,
        )  # fmt: skip
        self._confidence = prometheus.Histogram(
            "diptych_confidence", "The probability of the likeliest class.", OF_MODEL,
            buckets=CONFIDENCES, registry=own,
        )  # fmt: skip
        self._batches = prometheus.Histogram(
            "diptych_batch_pictures", "Pictures answered together.", OF_MODEL,
            buckets=(1, 2, 4, 8, 16, 32), registry=own,
        )  # fmt: skip
        self._binned = prometheus.Counter(
            "diptych_watched_pictures_total", "Pictures in each bin of what drift is seen by.",
            (*OF_MODEL, "quantity", "bin"), registry=own,
        )  # fmt: skip
        self._since = prometheus.Gauge(
            "diptych_model_loaded_timestamp_seconds", "Since when a bundle answers.", OF_MODEL,
            multiprocess_mode="min", registry=own,
        )  # fmt: skip

    def opened(self, model: "Model") -> None:
        """A bundle begins to answer."""
        if (of := (model.name, model.version)) not in self._known:
            self._known.add(of)
            self._since.labels(*of).set(time.time())

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def refused(self, model: "Model", reason: str) -> None:
        """Count a picture that could not be used."""
        self._refused.labels(model.name, model.version, reason).inc()

    def seen(self, model: "Model", answers: Sequence[Answer]) -> None:
        """Take note of the answers of a batch, to be counted later."""
        self._uncounted.append((model, answers))

    def count(self) -> None:
        """Count what was noted since the last time."""
        by_model: dict[Model, list[Answer]] = defaultdict(list)
        for _ in range(len(self._uncounted)):
            model, answers = self._uncounted.popleft()
            by_model[model] += answers
            self._batches.labels(model.name, model.version).observe(len(answers))
        for model, some in by_model.items():
            self._count(model, some)

    def _count(self, model: "Model", answers: list[Answer]) -> None:
        of = model.name, model.version
        labels = Counter(
            NONE if answer.ood_score > 1 else model.classes[int(answer.p_K.argmax())]
            for answer in answers
        )
        for label, n in labels.items():
            self._pictures.labels(*of, label).inc(n)
        confidence = self._confidence.labels(*of)
        for answer in answers:
            confidence.observe(float(answer.p_K.max()))
        for name, position, n in _binned(model, answers):
            self._binned.labels(*of, name, str(position)).inc(n)

    def exposition(self, models: Iterable["Model"]) -> tuple[bytes, str]:
        """Everything for Prometheus, as text, and the type of that text."""
        import prometheus_client as prometheus
        from prometheus_client.core import GaugeMetricFamily

        psi = GaugeMetricFamily(
            "diptych_drift_psi",
            "Population stability index against the training.",
            labels=(*OF_MODEL, "quantity"),
        )
        for model in models:
            for quantity in self.drift(model)["quantities"]:
                psi.add_metric((model.name, model.version, quantity["name"]), quantity["psi"])
        text = prometheus.generate_latest(self._registry())
        # Not a gauge of the registry: each worker would keep one of its own.
        text += prometheus.generate_latest(SimpleNamespace(collect=lambda: [psi]))
        return text, prometheus.CONTENT_TYPE_LATEST

    def drift(self, model: "Model") -> dict[str, Any]:
        """What a model answered since it was loaded, and how that differs from its training."""
        self.count()
        samples = list(self._samples(model))
        labels = _by("label", "diptych_pictures_total", samples)
        since = next(n for name, _, n in samples if name.endswith("_timestamp_seconds"))
        return {
            "model": model.name,
            "version": model.version,
            "since": datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds"),
            "pictures": sum(labels.values()),
            "none_of_these": labels.get(NONE, 0),
            "classes": {label: labels.get(label, 0) for label in model.classes},
            "errors": _by("reason", "diptych_refused_pictures_total", samples),
            "quantities": list(_quantities(model, samples)),
        }

    def _samples(self, model: "Model") -> Iterator[Sample]:
        """What was counted of a model, by all workers."""
        for metric in self._registry().collect():
            for name, labels, value, *_ in metric.samples:
                if labels.get("model") == model.name and labels.get("version") == model.version:
                    yield name, labels, value

    def _registry(self) -> "CollectorRegistry":
        """What this process counted, or all workers together."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        if not self._shared:
            return self._own
        together = CollectorRegistry()
        MultiProcessCollector(together, str(self._shared))  # type: ignore[no-untyped-call]
        return together


def _binned(model: "Model", answers: Sequence[Answer]) -> Iterator[tuple[str, int, int]]:
    """Each quantity that is watched, with how many answers fall into each bin that has any."""
    p_NK = np.stack([answer.p_K for answer in answers])
    ood_score_N = np.array([answer.ood_score for answer in answers], np.float32)
    components_NC = np.stack([answer.components_C for answer in answers])
    values = drift.values(p_NK, ood_score_N, components_NC)
    for known in model.watched:
        counts_B = drift.counted(known, values[known.name])
        for position in np.flatnonzero(counts_B).tolist():
            yield known.name, position, int(counts_B[position])


def _by(key: str, counter: str, samples: Iterable[Sample]) -> dict[str, int]:
    """A counter's values by one of its labels."""
    return {labels[key]: int(n) for name, labels, n in samples if name == counter}


def _quantities(model: "Model", samples: Sequence[Sample]) -> Iterator[dict[str, Any]]:
    """How much each quantity has drifted."""
    for known in model.watched:
        counts_B = np.zeros(len(known.shares), np.int64)
        for name, labels, n in samples:
            if name == "diptych_watched_pictures_total" and labels["quantity"] == known.name:
                counts_B[int(labels["bin"])] = n
        found = drift.drift(known, counts_B, len(model.watched))
        yield {
            "name": known.name,
            "psi": round(found.psi, 4),
            "by_chance": round(found.by_chance, 4),
            "drifted": found.drifted,
            "shares": (counts_B / max(int(counts_B.sum()), 1)).round(4).tolist(),
            "expected": list(known.shares),
        }

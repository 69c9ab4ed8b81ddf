"""What was asked and answered so far, as counters of Prometheus.

With several workers each counts into files of a folder that all share, and whoever is asked adds
them up.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

CONFIDENCES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
OF_MODEL = ("model", "version")

ModelVersion = tuple[str, str]  # the name and the version of a model


class Counts(NamedTuple):
    """What was counted of a model, by all workers."""

    since: float  # when it was loaded, in seconds since 1970
    by_label: dict[str, int]  # pictures by their answer
    by_reason: dict[str, int]  # pictures that could not be used
    by_bin: dict[tuple[str, int], int]  # pictures by a quantity that is watched, and its bin


class Counters:
    """Counts requests and pictures; the only one in its process."""

    def __init__(self, shared_folder: Path | None = None) -> None:
        """`shared_folder` is that of several workers."""
        if shared_folder:
            # The package looks for it when it is imported for the first time.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared_folder)
        import prometheus_client as prometheus

        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._shared_folder = shared_folder
        self._models = set[ModelVersion]()
        own = self._own_registry = prometheus.CollectorRegistry()
        counter = partial(prometheus.Counter, registry=own)
        gauge = partial(prometheus.Gauge, registry=own)
        histogram = partial(prometheus.Histogram, registry=own)
        self._requests = counter(
            "diptych_requests_total", "Requests answered.", ("route", "status")
        )
        self._seconds = histogram(
            "diptych_request_seconds", "From head to answer.", ("route",), buckets=SECONDS
        )
        self.waiting = gauge(
            "diptych_waiting_requests", "Requests that are being read or answered.",
            multiprocess_mode="livesum",
        )  # fmt: skip
        self._pictures = counter(
            "diptych_pictures_total", "Pictures by their answer.", (*OF_MODEL, "label")
        )
        self._refused = counter(
            "diptych_refused_pictures_total", "Pictures that could not be used.",
            (*OF_MODEL, "reason"),
        )  # fmt: skip
        self._confidence = histogram(
            "diptych_confidence", "The probability of the likeliest class.", OF_MODEL,
            buckets=CONFIDENCES,
        )  # fmt: skip
        self._batches = histogram(
            "diptych_batch_pictures", "Pictures answered together.", OF_MODEL,
            buckets=(1, 2, 4, 8, 16, 32),
        )  # fmt: skip
        self._binned = counter(
            "diptych_watched_pictures_total", "Pictures in each bin of what drift is seen by.",
            (*OF_MODEL, "quantity", "bin"),
        )  # fmt: skip
        self._compared = counter(
            "diptych_compared_pictures_total",
            "Pictures that the bundle's own graph was asked about as well as its export.",
            (*OF_MODEL, "same"),
        )
        self._file = gauge(
            "diptych_model_file_info", "The file that answers.", (*OF_MODEL, "file"),
            multiprocess_mode="max",
        )  # fmt: skip
        self._since = gauge(
            "diptych_model_loaded_timestamp_seconds", "Since when a bundle answers.", OF_MODEL,
            multiprocess_mode="min",
        )  # fmt: skip

    def add_model(self, model: ModelVersion, file: str) -> None:
        """A model begins to answer by a file."""
        self._file.labels(*model, file).set(1)
        if model not in self._models:
            self._models.add(model)
            self._since.labels(*model).set(time.time())

    def count_request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def count_refusal(self, model: ModelVersion, reason: str) -> None:
        """Count a picture that could not be used."""
        self._refused.labels(*model, reason).inc()

    def count_batch(self, model: ModelVersion, size: int) -> None:
        """Count pictures that were answered together."""
        self._batches.labels(*model).observe(size)

    def count_answers(
        self,
        model: ModelVersion,
        by_label: Mapping[str, int],
        confidences: Iterable[float],
        by_bin: Mapping[tuple[str, int], int],
    ) -> None:
        """Count pictures by their label, their confidence, and the bins that they fall into."""
        for label, n in by_label.items():
            self._pictures.labels(*model, label).inc(n)
        confidence = self._confidence.labels(*model)
        for p in confidences:
            confidence.observe(p)
        for (quantity, position), n in by_bin.items():
            self._binned.labels(*model, quantity, str(position)).inc(n)

    def count_compared(self, model: ModelVersion, same: int, different: int) -> None:
        """Count pictures to which an export and the bundle's own graph gave the same answer."""
        for word, n in (("yes", same), ("no", different)):
            if n:
                self._compared.labels(*model, word).inc(n)

    def of(self, model: ModelVersion) -> Counts:
        """What was counted of a model since it was loaded, by all workers."""
        counts = Counts(0.0, {}, {}, {})
        for name, labels, value in self._samples(model):
            match name:
                case "diptych_model_loaded_timestamp_seconds":
                    counts = counts._replace(since=value)
                case "diptych_pictures_total":
                    counts.by_label[labels["label"]] = int(value)
                case "diptych_refused_pictures_total":
                    counts.by_reason[labels["reason"]] = int(value)
                case "diptych_watched_pictures_total":
                    counts.by_bin[labels["quantity"], int(labels["bin"])] = int(value)
        return counts

    def exposition(
        self, drift: Iterable[tuple[ModelVersion, Mapping[str, float]]]
    ) -> tuple[bytes, str]:
        """Everything as text for Prometheus, with each model's indices of drift; and its type."""
        import prometheus_client as prometheus
        from prometheus_client.core import GaugeMetricFamily

        psi = GaugeMetricFamily(
            "diptych_drift_psi",
            "Population stability index against the training.",
            labels=(*OF_MODEL, "quantity"),
        )
        for model, by_quantity in drift:
            for quantity, index in by_quantity.items():
                psi.add_metric((*model, quantity), index)
        text = prometheus.generate_latest(self._registry())
        # Not a gauge of the registry: each worker would keep one of its own.
        text += prometheus.generate_latest(SimpleNamespace(collect=lambda: [psi]))
        return text, prometheus.CONTENT_TYPE_LATEST

    def _samples(self, model: ModelVersion) -> Iterator[tuple[str, dict[str, str], float]]:
        """The name, labels and value of every metric of a model."""
        for metric in self._registry().collect():
            for name, labels, value, *_ in metric.samples:
                if (labels.get("model"), labels.get("version")) == model:
                    yield name, labels, value

    def _registry(self) -> Any:
        """What this process counted, or all workers together."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        if not self._shared_folder:
            return self._own_registry
        together = CollectorRegistry()
        MultiProcessCollector(together, str(self._shared_folder))  # type: ignore[no-untyped-call]
        return together

"""MLflow: a run in an experiment, on a server or in a database of this machine."""

import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

EXPERIMENT = "diptych"
# Read when MLflow is imported. It waits for minutes for a server that is gone, and prints
# addresses between our answers.
SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
# The longest value of a parameter (mlflow.utils.validation).
LONGEST = 6000


class MLflow:
    """Metrics of each epoch, the recipe as parameters, the bundle as artefacts and a tag.

    The place is a tracking address; without one, as MLflow itself finds it.
    """

    def __init__(self, place: str, name: str) -> None:
        self._place = place or None
        self._name = Path(name or "diptych").name

    def open(self, identity: str) -> str:
        for setting, value in SETTINGS.items():
            os.environ.setdefault(setting, value)
        from mlflow import MlflowClient

        # It tells of every table that it makes in a database.
        logging.getLogger("alembic").setLevel(logging.WARNING)
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        self._client = MlflowClient(self._place)
        if identity:
            self._client.update_run(identity, status="RUNNING")
            self._run = identity
            return identity
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        experiment = self._client.get_experiment_by_name(name)
        number = experiment.experiment_id if experiment else self._client.create_experiment(name)
        self._run = str(self._client.create_run(number, run_name=self._name).info.run_id)
        return self._run

    def params(self, params: Mapping[str, Any]) -> None:
        from mlflow.entities import Param

        rows = [Param(key, str(value)[:LONGEST]) for key, value in params.items()]
        self._client.log_batch(self._run, params=rows)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        rows = [Metric(key, value, now, step) for key, value in values.items()]
        self._client.log_batch(self._run, metrics=rows)

    def end(self, scores: Mapping[str, float], bundle: Path, content: str) -> None:
        self.scalars(0, scores)
        self._client.set_tag(self._run, "diptych.bundle", str(bundle.absolute()))
        self._client.set_tag(self._run, "diptych.content_sha256", content)
        self._client.log_artifacts(self._run, str(bundle), "bundle")
        self._client.set_terminated(self._run)

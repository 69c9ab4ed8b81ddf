import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from classifiers import SMALL
from command import LINEAR, complaint
from diptych import ImageClassifier, read, split
from diptych.errors import InputError, MissingExtra
from diptych.tracking import Tracking
from diptych.tracking.tensorboard import TensorBoard

LONG = ["--epochs", "300", "--set", "patience=300"]

# TensorBoard's own reader, with its stub of TensorFlow instead of TensorFlow itself.
READER = """
import json, sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("notf")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
events.Reload()
told = {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
texts = {"bundle": events.Tensors("bundle")[0].tensor_proto.string_val[0].decode()}
plugins = events.PluginTagToContent("hparams")
print(json.dumps([told, texts, [repr(v) for v in plugins.values()]]))
"""


def in_tensorboard(folder: Path) -> list[Any]:
    run = subprocess.run(
        [sys.executable, "-c", READER, folder], capture_output=True, text=True, check=True
    )
    answer: list[Any] = json.loads(run.stdout)
    return answer


def history_of(bundle: Path) -> list[dict[str, str]]:
    head, *rows = (bundle / "history.csv").read_text().splitlines()
    return [dict(zip(head.split(","), row.split(","), strict=True)) for row in rows]


def test_tensorboard_shows_epochs_recipe_scores_and_the_bundle(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    parts, out = split(read(folder_of(20))), tmp_path / "a.bundle"
    model = ImageClassifier(SMALL).fit(
        parts.train, parts.valid, name=str(out), tracking=["tensorboard"]
    )
    model.evaluate(parts.test).save(out)
    (folder,) = (tmp_path / "tensorboard").iterdir()
    assert folder.name.startswith("a.bundle-")
    scalars, texts, hyperparameters = in_tensorboard(folder)
    history = history_of(out)
    for name in ("loss", "valid_loss", "learning_rate"):
        assert [step for step, _ in scalars[name]] == [int(row["number"]) for row in history]
        values = [value for _, value in scalars[name]]
        assert values == pytest.approx([float(row[name]) for row in history])
    facts = json.loads((out / "bundle.json").read_text())
    for end, value in (("", "value"), ("_low", "low"), ("_high", "high")):
        ((_, told),) = scalars[f"test_accuracy{end}"]
        assert told == pytest.approx(facts["test"]["accuracy"][value])
    assert texts["bundle"] == f"{out}, content {facts['content_sha256']}"
    assert "learning_rate" in hyperparameters[0]


def test_a_tracker_that_fails_is_left_out_with_one_line(
    folder_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(self: TensorBoard, step: int, values: object) -> None:
        raise OSError("the disk is on fire")

    monkeypatch.setattr(TensorBoard, "scalars", broken)
    parts, out = split(read(folder_of(20))), tmp_path / "a.bundle"
    spec = f"tensorboard:{tmp_path / 'logs'}"
    model = ImageClassifier(SMALL).fit(parts.train, parts.valid, tracking=[spec])
    model.evaluate(parts.test).save(out)
    assert len(history_of(out)) > 2
    assert caplog.messages == [
        f"{spec} is told no more (the disk is on fire); the training goes on"
    ]


def test_a_tracker_that_there_is_not_is_said_before_training(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tracker 'tensorbord'; did you mean 'tensorboard'"):
        Tracking(["tensorbord"], "")
    said = complaint("train", tmp_path, "--out", tmp_path / "b", "--track", "wandb:x")
    assert "no tracker 'wandb'; it has: mlflow, tensorboard" in said


def test_a_missing_package_is_said_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtra, match=r"MLflow is not installed; .*'diptych\[track\]'"):
        Tracking(["mlflow"], "")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of an MLflow server on a database of SQLite."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(tmp_path / "artefacts")]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    log = (tmp_path / "server.log").open("w")
    process = subprocess.Popen(
        command, env=environment, stdout=log, stderr=log, start_new_session=True
    )
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{address}/health", timeout=1):
                    break
            except OSError:
                assert process.poll() is None, (tmp_path / "server.log").read_text()
                time.sleep(0.2)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def asked(server: str, path: str, **body: Any) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(
        f"{server}/api/2.0/mlflow/{path}", data, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read())


def test_a_killed_run_is_one_run_to_an_mlflow_server(
    folder_of: Callable[..., Path], tmp_path: Path, own_cache: Path, server: str
) -> None:
    out = tmp_path / "a.bundle"
    command = [sys.executable, "-m", "diptych", "train", str(folder_of(30)), "--out", str(out)]
    command += [*LINEAR, *LONG, "--track", f"mlflow:{server}", "--json"]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not any(own_cache.glob("runs/*/tracking.json")) or not any(
        own_cache.glob("runs/*/model/epoch-00003")
    ):
        assert run.poll() is None
        time.sleep(0.01)
    run.kill()
    run.wait()
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["bundle"] == str(out)
    experiments = asked(server, "experiments/search", max_results=10)["experiments"]
    (number,) = (e["experiment_id"] for e in experiments if e["name"] == "diptych")
    (told,) = asked(server, "runs/search", experiment_ids=[number])["runs"]
    assert told["info"]["status"] == "FINISHED"
    assert told["info"]["run_name"] == "a.bundle"
    params = {row["key"]: row["value"] for row in told["data"]["params"]}
    assert (params["engine"], params["epochs"]) == ("linear", "300")
    facts = json.loads((out / "bundle.json").read_text())
    metrics = {row["key"]: row["value"] for row in told["data"]["metrics"]}
    assert metrics["test_accuracy_low"] == pytest.approx(facts["test"]["accuracy"]["low"])
    tags = {row["key"]: row["value"] for row in told["data"]["tags"]}
    assert tags["diptych.content_sha256"] == facts["content_sha256"]
    assert list((tmp_path / "artefacts").rglob("bundle/model.onnx"))

import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import RED, picture
from served import Server, command, encoded, serving, small_bundle

GOOD = encoded(picture(900, 400, hue=RED), "JPEG")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two bundles of the same classes, and one of others."""
    folder = tmp_path_factory.mktemp("bundles")
    return {
        "first": small_bundle(folder / "first"),
        "second": small_bundle(folder / "second", seed=1),
        "green": small_bundle(folder / "green", ("green", "red")),
    }


def put(bundle: Path, place: Path) -> None:
    """Replace a bundle as training does: written aside, then renamed."""
    aside = place.with_name("aside")
    shutil.copytree(bundle, aside)
    if place.exists():
        place.rename(place.with_name("old"))
    aside.rename(place)
    shutil.rmtree(place.with_name("old"), ignore_errors=True)


class Crowd:
    """Clients that ask one request after the other, each on a connection that stays open."""

    def __init__(self, server: Server, clients: int) -> None:
        self.statuses: list[int] = []
        self.lost: list[str] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(server.port,)) for _ in range(clients)
        ]
        for thread in self._threads:
            thread.start()

    def wait_for(self, answers: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.statuses) < answers:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while not self._stop.is_set():
            try:
                connection.connect()
            except OSError:
                return  # nobody listens any more: nothing was accepted
            try:
                while not self._stop.is_set() and connection.sock:
                    connection.request("POST", "/predict", GOOD, {"Content-Type": "image/jpeg"})
                    answer = connection.getresponse()
                    answer.read()
                    self.statuses.append(answer.status)
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
            connection.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sigterm_under_load_loses_nothing(
    bundles: dict[str, Path], tmp_path: Path, workers: str
) -> None:
    with serving(tmp_path / "log", bundles["first"], "--workers", workers) as server:
        crowd = Crowd(server, 12)
        crowd.wait_for(60)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        crowd.end()
    assert crowd.lost == []
    assert set(crowd.statuses) <= {200, 503}
    assert crowd.statuses.count(200) >= 60


def test_while_it_ends_it_is_alive_and_not_ready(bundles: dict[str, Path], tmp_path: Path) -> None:
    with serving(tmp_path / "log", bundles["first"]) as server:
        assert server.get("/readyz").json == {"status": "ready", "models": ["first"]}
        slow = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        slow.putrequest("POST", "/predict")
        slow.putheader("Content-Length", str(len(GOOD)))
        slow.endheaders(GOOD[:100])
        deadline = time.monotonic() + 20
        while "diptych_waiting_requests 1.0" not in server.get("/metrics").body.decode():
            assert time.monotonic() < deadline
        server.process.send_signal(signal.SIGTERM)
        while server.get("/readyz").status == 200:
            assert time.monotonic() < deadline
        assert server.get("/healthz").status == 200
        late = server.post("/predict", GOOD)
        assert (late.status, late.headers["connection"]) == (503, "close")
        assert int(late.headers["retry-after"]) >= 1
        time.sleep(1)  # by now nobody listens
        slow.send(GOOD[100:])
        assert slow.getresponse().status == 200  # it was accepted before
        assert server.process.wait(30) == 0


def test_a_reload_drops_no_request(bundles: dict[str, Path], tmp_path: Path) -> None:
    place = tmp_path / "colours.bundle"
    put(bundles["first"], place)
    with serving(tmp_path / "log", place) as server:
        before = server.get("/model").json
        crowd = Crowd(server, 6)
        crowd.wait_for(20)
        put(bundles["second"], place)
        told = server.post("/models/colours/reload")
        assert told.status == 200
        crowd.wait_for(len(crowd.statuses) + 20)
        put(bundles["first"], place)
        os.kill(server.process.pid, signal.SIGHUP)
        deadline = time.monotonic() + 30
        while server.get("/model").json["version"] != before["version"]:
            assert time.monotonic() < deadline
        crowd.end()
        assert told.json["version"] != before["version"]
        assert (set(crowd.statuses), crowd.lost) == ({200}, [])


def test_a_reload_to_other_classes_must_be_asked_for(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    place = tmp_path / "colours.bundle"
    put(bundles["first"], place)
    with serving(tmp_path / "log", place, "--workers", "2") as server:
        put(bundles["green"], place)
        refused = server.post("/models/colours/reload")
        assert refused.status == 409
        assert "the classes are others now (green, red)" in refused.json["detail"]
        assert server.get("/model").json["classes"] == ["blue", "red"]
        assert server.post("/models/colours/reload?force=true").json["classes"] == ["green", "red"]
        every_worker(server, lambda: server.get("/model").json["classes"] == ["green", "red"])
        changed = place / "model.onnx"
        changed.write_bytes(changed.read_bytes()[:-1] + b"?")
        damaged = server.post("/models/colours/reload")
        assert damaged.status == 409
        assert "changed since it was written" in damaged.json["detail"]
        (answer,) = server.post("/predict", GOOD).json["predictions"]
        assert set(answer["probabilities"]) == {"green", "red"}
        assert server.post("/models/nothing/reload").status == 404
        elsewhere = server.post("/models/colours/reload", Origin="https://evil.example")
        assert elsewhere.status == 403


def every_worker(server: Server, holds: Callable[[], bool]) -> None:
    """Wait until something holds forty times in a row, whichever worker answers."""
    deadline, held = time.monotonic() + 30, 0
    while held < 40:
        held = held + 1 if holds() else 0
        assert time.monotonic() < deadline


def test_workers_are_counted_together_and_replaced(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    with serving(tmp_path / "log", bundles["first"], "--workers", "2") as server:
        crowd = Crowd(server, 8)
        crowd.wait_for(100)
        crowd.end()
        asked = len(crowd.statuses)
        time.sleep(2)  # each worker counts once a second

        def drift() -> int:
            return int(server.get("/drift").json["pictures"])

        every_worker(server, lambda: drift() == asked)
        counted = re.search(
            r'^diptych_requests_total{route="/predict",status="200"} (\S+)$',
            server.get("/metrics").body.decode(),
            re.MULTILINE,
        )
        assert counted is not None
        assert float(counted[1]) == asked
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        if not children.exists():
            pytest.skip("this system does not tell which processes belong to which")
        workers = [
            int(pid)
            for pid in children.read_text().split()
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        deadline = time.monotonic() + 30
        while "a worker died" not in server.log.read_text():
            assert time.monotonic() < deadline
        assert server.post("/predict", GOOD).status == 200
        every_worker(server, lambda: drift() == asked + 1)


def one_line(*arguments: str | Path) -> str:
    """What it says where it cannot begin."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    return done.stderr


def test_a_port_that_is_taken_is_said(bundles: dict[str, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = one_line(bundles["first"], "--port", port)
        assert said.startswith(f"diptych: 127.0.0.1:{port} cannot be used (Address already in use)")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_bundle_that_answers_otherwise_is_not_served(
    bundles: dict[str, Path], tmp_path: Path, workers: str
) -> None:
    """Its hashes fit; it is the answers for its golden pictures that do not."""
    place = tmp_path / "swapped.bundle"
    shutil.copytree(bundles["first"], place)
    facts = json.loads((place / "bundle.json").read_text())
    (place / "model.onnx").write_bytes((bundles["green"] / "model.onnx").read_bytes())
    digest = hashlib.sha256((place / "model.onnx").read_bytes()).hexdigest()
    facts["members"]["model.onnx"] = digest
    told = json.dumps(facts).encode()
    (place / "bundle.json").write_bytes(told)
    seal = f"{hashlib.sha256(told).hexdigest()}  bundle.json\n"
    (place / "bundle.json.sha256").write_text(seal)
    assert "answers differently here than where it was made" in one_line(
        place, "--port", "0", "--workers", workers
    )


def test_what_cannot_be_served_is_said(bundles: dict[str, Path], tmp_path: Path) -> None:
    assert "no such bundle" in one_line(tmp_path / "nothing.bundle", "--port", "0")
    assert "name a bundle to serve" in one_line()
    assert "--port 70000" in one_line(bundles["first"], "--port", "70000")
    shutil.copytree(bundles["second"], tmp_path / "first.bundle")
    assert "two bundles are called 'first'" in one_line(bundles["first"], tmp_path / "first.bundle")


@pytest.fixture(scope="module")
def imported(
    bundles: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[set[str]]:
    """What a serving process has imported by the time that it has answered everything."""
    log = tmp_path_factory.mktemp("logs") / "log"
    with serving(log, bundles["first"], python=("-X", "importtime")) as server:
        assert server.post("/predict", GOOD).status == 200
        assert server.post("/explain", GOOD).status == 200
        for path in ("/", "/docs", "/metrics", "/drift", "/model"):
            assert server.get(path).status == 200
    yield {found[1] for found in re.finditer(r"\| +(\w+)", log.read_text())}


def test_no_framework_is_imported(imported: set[str]) -> None:
    assert {"onnxruntime", "PIL", "fastapi"} <= imported
    heavy = {"torch", "tensorflow", "keras", "sklearn", "matplotlib", "polars", "openvino", "onnx"}
    assert not heavy & imported

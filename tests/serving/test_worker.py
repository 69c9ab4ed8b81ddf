import http.client
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diptych.serving import worker
from served import GOOD, Crowd, serving


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


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such filter")
def test_before_a_socket_is_closed_nobody_new_gets_a_connection() -> None:
    """A connection that began between the last look and the closing would be reset."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname(), timeout=5) as early,
    ):
        worker._turn_away(listening)
        with pytest.raises(TimeoutError):
            socket.create_connection(listening.getsockname(), timeout=0.3)
        early.sendall(b"asked before")
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.recv(100) == b"asked before"


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
    yield {match[1] for match in re.finditer(r"\| +(\w+)", log.read_text())}


def test_no_framework_is_imported(imported: set[str]) -> None:
    assert {"onnxruntime", "PIL", "fastapi"} <= imported
    heavy = {"torch", "tensorflow", "keras", "sklearn", "matplotlib", "polars", "openvino", "onnx"}
    assert not heavy & imported

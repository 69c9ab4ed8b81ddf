import os
import re
import signal
import time
from pathlib import Path

import pytest

from served import GOOD, Crowd, every_worker, serving


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


def test_workers_run_nothing_that_lies_in_the_working_folder(
    bundles: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("random", "statistics", "json", "uvicorn", "numpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('run from the working folder')")
    monkeypatch.chdir(tmp_path)
    with serving(tmp_path / "log", bundles["first"], "--workers", "2") as server:
        every_worker(server, lambda: server.post("/predict", GOOD).status == 200)
        assert "run from the working folder" not in server.log.read_text()

import os
import signal
import time
from pathlib import Path

from served import GOOD, Crowd, every_worker, replace_bundle, serving


def test_a_reload_drops_no_request(bundles: dict[str, Path], tmp_path: Path) -> None:
    place = tmp_path / "colours.bundle"
    replace_bundle(bundles["first"], place)
    with serving(tmp_path / "log", place) as server:
        before = server.get("/model").json
        crowd = Crowd(server, 6)
        crowd.wait_for(20)
        replace_bundle(bundles["second"], place)
        response = server.post("/models/colours/reload")
        assert response.status == 200
        crowd.wait_for(len(crowd.statuses) + 20)
        replace_bundle(bundles["first"], place)
        os.kill(server.process.pid, signal.SIGHUP)
        deadline = time.monotonic() + 30
        while server.get("/model").json["version"] != before["version"]:
            assert time.monotonic() < deadline
        crowd.end()
        assert response.json["version"] != before["version"]
        assert (set(crowd.statuses), crowd.lost) == ({200}, [])


def test_a_reload_to_other_classes_must_be_asked_for(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    place = tmp_path / "colours.bundle"
    replace_bundle(bundles["first"], place)
    with serving(tmp_path / "log", place, "--workers", "2") as server:
        replace_bundle(bundles["green"], place)
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

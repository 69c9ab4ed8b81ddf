import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import pytest

from diptych.bundles.predictor import Predictor, load
from diptych.errors import ImageError
from diptych.serving.models import Models
from diptych.serving.problems import Problem
from served import GOOD, Crowd, Server, every_worker, replace_bundle, serving


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


@pytest.mark.parametrize("error", [ImageError("truncated", ""), RuntimeError("no"), MemoryError()])
def test_whatever_fails_at_a_reload_the_old_bundle_goes_on_answering(
    bundles: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    open_models: Callable[..., Models],
) -> None:
    models = open_models([bundles["first"]])
    (old,) = models

    def failing(path: Path) -> NoReturn:
        raise error

    monkeypatch.setattr("diptych.serving.fastest.load", failing)
    with pytest.raises(Problem, match="the old bundle goes on answering") as refused:
        asyncio.run(models.reload(old.name))
    assert refused.value.status == 409
    asyncio.run(models.reload_changed())
    assert list(models) == [old]


def test_a_bundle_that_is_replaced_while_it_is_opened_changes_no_classes(
    bundles: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_models: Callable[..., Models],
) -> None:
    place = tmp_path / "colours.bundle"
    replace_bundle(bundles["first"], place)
    models = open_models([place])
    (old,) = models

    def late(path: Path) -> Predictor:
        replace_bundle(bundles["green"], place)
        return load(path)

    monkeypatch.setattr("diptych.serving.fastest.load", late)
    # Until it is open its classes are the old ones.
    with pytest.raises(Problem, match="the classes are others now"):
        asyncio.run(models.reload(old.name))
    assert list(models) == [old]


def graph_threads() -> int:
    return sum(thread.name == "graph" for thread in threading.enumerate())


def test_reloads_at_the_same_time_leave_no_thread_behind(
    bundles: dict[str, Path], tmp_path: Path, open_models: Callable[..., Models]
) -> None:
    place = tmp_path / "colours.bundle"
    replace_bundle(bundles["first"], place)
    ended = time.monotonic() + 20
    while graph_threads():  # those of other tests come to their end
        assert time.monotonic() < ended
        time.sleep(0.01)
    before = graph_threads()
    models = open_models([place])
    of_one = graph_threads() - before
    assert of_one > 0

    async def reload() -> None:
        replace_bundle(bundles["second"], place)
        names = ["colours"] * 3
        await asyncio.gather(*map(models.reload, names), models.reload_changed())
        old = models.get(None).version
        replace_bundle(bundles["first"], place)
        await asyncio.gather(models.reload_changed(), models.reload_changed())
        assert models.get(None).version != old

    asyncio.run(reload())
    deadline = time.monotonic() + 20
    while graph_threads() - before > of_one:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def threads_of(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))


def test_a_server_that_reloads_all_the_time_has_no_more_threads(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    if not Path("/proc/self/task").exists():
        pytest.skip("this system does not tell of threads")
    with serving(tmp_path / "log", bundles["first"]) as server, ThreadPoolExecutor(12) as pool:

        def reload(times: int) -> None:
            asked = [pool.submit(server.post, "/models/first/reload") for _ in range(times)]
            assert {one.result().status for one in asked} == {200}

        reload(1)
        # Loading is done by helpers, of which there may be more later; a batcher for each reload
        # would be many times as many.
        enough = threads_of(server) + 10
        reload(48)
        deadline = time.monotonic() + 20
        while threads_of(server) > enough:
            assert time.monotonic() < deadline, f"{threads_of(server)} threads, not {enough}"
            time.sleep(0.05)


def test_heatmaps_are_made_side_by_side(
    bundles: dict[str, Path], monkeypatch: pytest.MonkeyPatch, open_models: Callable[..., Models]
) -> None:
    monkeypatch.setattr("diptych.serving.models.cores", lambda: 2)
    models = open_models([bundles["first"]])
    (model,) = models
    both, real = threading.Barrier(2, timeout=20), model.explainer.explain

    def explain(*given: Any) -> Any:
        both.wait()  # only another heatmap that is being made lets this one go on
        return real(*given)

    monkeypatch.setattr(model.explainer, "explain", explain)

    async def asked() -> list[bytes]:
        return await asyncio.gather(*(models.explain(model, GOOD, None) for _ in range(2)))

    first, second = asyncio.run(asked())
    assert first == second
    assert first.startswith(b"\x89PNG")

import asyncio
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from diptych.bundles.format import Bundle
from diptych.serving import logs
from diptych.serving import models as serving_models
from diptych.serving.models import Models
from diptych.serving.monitoring import Monitor
from diptych.serving.problems import Problem
from diptych.serving.shared import SharedNetwork, shared_network
from served import GOOD, SMALL, Server, serving


@pytest.fixture(scope="module")
def twins(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two bundles with all of their weights in common."""
    folder = tmp_path_factory.mktemp("twins")
    names = ("one.bundle", "two.bundle")
    return tuple(shutil.copytree(bundle, folder / name) for name in names)  # type: ignore[return-value]


@pytest.fixture(scope="module")
def server(
    twins: tuple[Path, Path], bundles: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("logs") / "log"
    with serving(log, *twins, bundles["green"]) as running:
        yield running


def test_several_models_answer_in_one_request(server: Server) -> None:
    alone = [server.post(f"/predict?model={name}", GOOD).json for name in ("one", "two", "green")]
    assert server.post("/predict?model=one,two,green", GOOD).json["answers"] == alone
    together = server.post("/predict?model=two,one", GOOD).json["answers"]
    for actual, expected in zip(together, (alone[1], alone[0]), strict=True):
        assert actual["model"] == expected["model"]
        (one,), (other,) = actual["predictions"], expected["predictions"]
        assert one["label"] == other["label"]
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)
    form = server.post_form("/predict", ("a.png", SMALL), ("b.png", b"none"), model="one,two")
    for answer in form.json["answers"]:
        good, bad = answer["predictions"]
        assert (good["label"], bad["error"][:12]) == ("red", "not an image")
    assert server.post("/predict?model=one,nothing", GOOD).status == 404
    assert server.post("/predict?model=one,two", b"none").status == 415
    assert server.post("/explain?model=one,two", GOOD).status == 404


def test_a_shared_backbone_is_run_once_for_a_picture(
    twins: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, open_models: Callable[..., Models]
) -> None:
    monitor = Monitor()
    models = open_models(twins, monitor)

    async def asked() -> None:
        for _ in range(3):
            answers = await models.predict(models.several("one, two"), "picture", GOOD)
            assert [answer.label for answer in answers] == ["red", "red"]

    def alone(name: str) -> None:
        raise AssertionError(f"{name} was asked by itself")

    for model in models:
        monkeypatch.setattr(model.batcher, "infer", lambda data, name=model.name: alone(name))
    asyncio.run(asked())
    for model in models:
        assert monitor.drift(model.monitored)["pictures"] == 3


def test_networks_are_merged_once_whatever_the_order_they_are_asked_in(
    twins: tuple[Path, Path],
    bundles: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    open_models: Callable[..., Models],
) -> None:
    merged = []

    def counted(several: Sequence[Bundle]) -> SharedNetwork | None:
        merged.append(len(several))
        return shared_network(several)

    monkeypatch.setattr(serving_models, "shared_network", counted)
    models = open_models([*twins, bundles["green"]])

    async def asked() -> None:
        for names in 3 * ("one,two", "two,one", "one,green", "green,one"):
            answers = await models.predict(models.several(names), "picture", GOOD)
            for name, answer in zip(names.split(","), answers, strict=True):
                assert answer.probabilities is not None
                assert set(answer.probabilities) == set(models.get(name).classes)

    asyncio.run(asked())
    assert merged == [2, 2]


def test_without_onnx_each_answers_by_itself(
    twins: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, open_models: Callable[..., Models]
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(logs, "write", lambda **facts: lines.append(facts["message"]))
    monkeypatch.setitem(sys.modules, "onnx", None)
    models = open_models(twins)

    async def asked() -> list[str | None]:
        for _ in range(2):
            answers = await models.predict(models.several("one,two"), "picture", GOOD)
        return [answer.label for answer in answers]

    assert asyncio.run(asked()) == ["red", "red"]
    (line,) = lines
    assert line.startswith("each of several bundles is answered by itself: onnx is not installed")


def test_bundles_that_share_nothing_stay_apart(
    bundles: dict[str, Path], open_models: Callable[..., Models]
) -> None:
    models = open_models([bundles["first"], bundles["second"]])
    with pytest.raises(Problem, match="no model 'none'"):
        models.several("first,none")
    both = [model.predictor.bundle for model in models.several("first,second,first")]
    assert len(both) == 2
    assert shared_network(both) is None

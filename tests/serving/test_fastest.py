import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from diptych.bundles.format import open_bundle
from diptych.bundles.predictor import Output, load
from diptych.errors import InputError
from diptych.exporting import export
from diptych.exporting.folder import checked_rows
from diptych.reliability.drift import bundled_distributions
from diptych.runtimes import openvino
from diptych.serving import Settings, fastest, logs
from diptych.serving.batch_plan import BatchPlan
from diptych.serving.exported import WATCHED, ExportPredictor
from diptych.serving.fastest import Fastest, Opened, open_own
from diptych.serving.monitoring import Monitor, MonitoredModel
from diptych.serving.settings import refuse_unfit
from served import SMALL, Crowd, Server, every_worker, refusal, serving

DROP = {"value": 0.0, "low": -0.02, "high": 0.02}


@pytest.fixture(scope="module")
def exported(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle and its exports for OpenVINO beside it."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copytree(bundle, folder / "colours.bundle")
    pictures = bundle.with_suffix(".photos")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(bundle.with_suffix(".cache")))
        own = open_bundle(folder / "colours.bundle")
        made = export(own, ["openvino"], folder / "colours.exports", data=pictures)
    assert made.written
    return folder


@pytest.fixture
def place(exported: Path, tmp_path: Path) -> Path:
    """The bundle of a copy of that folder."""
    shutil.copytree(exported, tmp_path / "copy")
    return tmp_path / "copy" / "colours.bundle"


def gate(place: Path, **changes: Any) -> None:
    """Write other facts of the one export into the table."""
    table = place.with_name("colours.exports") / "gate.json"
    facts = json.loads(table.read_text())
    facts["files"][0] |= changes
    table.write_text(json.dumps(facts))


def lighter(drop: float) -> dict[str, Any]:
    """Facts of a file that loses so much accuracy on 1,000 pictures."""
    loss = {"pictures": 1000, "accuracy": 0.9, "drop": {**DROP, "value": drop}, "acceptance": 0.95}
    more = {"acceptance_drop": DROP, "agreement": 0.99, "max_difference": 0.1}
    return {"kind": "int8", "fidelity": {**loss, **more}}


@pytest.fixture
def exports_win(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whatever is measured, exports are twice as fast; says what was measured, in turn."""
    measured: list[str] = []

    def opened(predictor: Any) -> Opened:
        plan = BatchPlan(1, 1, 0.0, 20.0 if isinstance(predictor, ExportPredictor) else 10.0)
        one = Opened(predictor, plan)
        measured.append(one.file)
        return one

    monkeypatch.setattr(fastest, "_measured", opened)
    return measured


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """What was logged."""
    lines: list[str] = []
    monkeypatch.setattr(logs, "write", lambda **facts: lines.append(facts["message"]))
    return lambda: "\n".join(lines)


def test_the_fastest_export_answers_as_the_bundle_does(
    place: Path, exports_win: list[str], said: Callable[[], str]
) -> None:
    opened = Fastest(0.5)(place)
    assert opened.file == "colours.xml"
    assert exports_win == ["model.onnx", "colours.xml"]
    assert said().startswith("answers by colours.xml; openvino: within ")
    rng = np.random.default_rng(0)
    pixels_NHWC = rng.integers(0, 256, (5, *opened.predictor.bundle.shape), np.uint8)
    own = load(place)
    expected = own.probabilities(pixels_NHWC)
    outputs = list(opened.predictor.on_one_core()(pixels_NHWC))
    np.testing.assert_allclose([one.p_K for one in outputs], expected, atol=1e-4)
    np.testing.assert_allclose(opened.predictor.spread()(pixels_NHWC), expected, atol=1e-4)
    facts = opened.to_json()
    assert (facts["name"], facts["runtime"], facts["kind"]) == ("colours.xml", "OpenVINO", "fp32")
    assert facts["agreement"] == 1.0


def test_a_slower_export_does_not_answer(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = BatchPlan(1, 1, 0.0, 10.0)
    monkeypatch.setattr(fastest, "_measured", lambda predictor: Opened(predictor, plan))
    assert Fastest(0.5)(place).file == "model.onnx"


@pytest.mark.parametrize(("drop", "file"), [(0.005, "colours.xml"), (0.006, "model.onnx")])
def test_what_the_gate_measured_decides_whether_an_export_may_answer(
    place: Path, exports_win: list[str], said: Callable[[], str], drop: float, file: str
) -> None:
    gate(place, **lighter(drop))
    opened = Fastest(0.5)(place)
    assert opened.file == file
    if file == "model.onnx":
        assert "costs more than 0.5 points of accuracy; `diptych export" in said()
        assert Fastest(1.0)(place).file == "colours.xml"
    else:
        assert opened.to_json()["accuracy_drop"]["value"] == 0.005


def test_an_export_that_was_changed_does_not_answer(
    place: Path, exports_win: list[str], said: Callable[[], str]
) -> None:
    weights = place.with_name("colours.exports") / "colours.bin"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    assert Fastest(0.5)(place).file == "model.onnx"
    assert f"not served: {weights}: changed since it was checked" in said()


@pytest.mark.parametrize("opener", ["open_file", "open_on_one_core"])
def test_an_export_that_answers_otherwise_here_does_not_answer(
    place: Path,
    exports_win: list[str],
    said: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    opener: str,
) -> None:
    real = getattr(openvino, opener)

    def shifted(model: Path, *, exact: bool = True) -> Any:
        file = real(model, exact=exact)
        return lambda batch: {name: value + 0.1 for name, value in file(batch).items()}

    monkeypatch.setattr(openvino, opener, shifted)
    assert Fastest(0.5)(place).file == "model.onnx"
    assert "answers otherwise here than where it was checked; export it anew" in said()


@pytest.mark.parametrize("alone", [True, False])  # when it is measured, or of golden pictures
def test_an_export_that_fails_is_not_the_fastest(
    place: Path, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    real = openvino.open_on_one_core

    def failing(model: Path, *, exact: bool = True) -> Any:
        file = real(model, exact=exact)

        def outputs(batch: Any) -> Any:
            if (len(batch) == 1) == alone:
                raise RuntimeError("no memory")
            return file(batch)

        return outputs

    monkeypatch.setattr(openvino, "open_on_one_core", failing)
    assert Fastest(0.5)(place).file == "model.onnx"
    assert "not served: colours.xml: no memory" in said()


def test_without_exports_a_line_says_which_command_makes_them(
    bundle: Path, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastest, "_measured", lambda one: Opened(one, BatchPlan(1, 1, 0.0, 1.0)))
    assert Fastest(0.5)(bundle).file == "model.onnx"
    folder = bundle.with_name("colours.exports")
    assert f"there are no exports of it in {folder}; `diptych export {bundle} --to " in said()
    assert f"--int8 --bf16 --out {folder}` makes some" in said()


def test_exports_of_another_bundle_do_not_answer(
    place: Path, bundles: dict[str, Path], exports_win: list[str], said: Callable[[], str]
) -> None:
    shutil.rmtree(place)
    shutil.copytree(bundles["second"], place)
    assert Fastest(0.5)(place).file == "model.onnx"
    assert "holds exports of another bundle" in said()


def test_workers_choose_what_the_first_chose(
    place: Path, exports_win: list[str], tmp_path: Path
) -> None:
    first, second = (Fastest(0.5, tmp_path)(place) for _ in range(2))
    assert first.file == second.file == "colours.xml"
    assert exports_win == ["model.onnx", "colours.xml"]  # only once


def test_a_bundle_that_is_opened_anew_is_not_measured(
    place: Path, bundles: dict[str, Path], exports_win: list[str]
) -> None:
    opening = Fastest(0.5)
    first = opening(place)
    count = len(exports_win)
    assert opening(place, first).file == "colours.xml"
    shutil.rmtree(place)
    shutil.copytree(bundles["second"], place)
    again = opening(place, first)
    assert (again.file, again.plan) == ("model.onnx", first.plan)
    assert len(exports_win) == count
    assert open_own(place).file == "model.onnx"


@pytest.mark.parametrize("one_core", [True, False])
def test_one_picture_in_many_is_answered_by_the_bundle_as_well(place: Path, one_core: bool) -> None:
    bundle = open_bundle(place)
    (row,) = checked_rows(bundle, place.with_name("colours.exports"))
    predictor = ExportPredictor(bundle, row, place.with_name("colours.exports"))
    pixels_NHWC = np.zeros((WATCHED, *bundle.shape), np.uint8)
    ask = predictor.on_one_core() if one_core else predictor.outputs
    outputs = list(ask(pixels_NHWC))
    watched = [one for one in outputs if one.reference]
    assert len(watched) == 1
    (reference,) = (one.reference for one in watched if one.reference)
    assert watched[0].components_C is None
    assert reference.components_C is not None
    monitor = Monitor()
    own = MonitoredModel("m", "1", bundle.classes, bundled_distributions(bundle.facts))
    different = Output(1 - reference.p_K, reference.ood_score, None, reference)
    monitor.record(own, [*outputs, different])
    text = monitor.exposition([own])[0].decode()
    assert 'diptych_compared_pictures_total{model="m",same="yes",version="1"} 1.0' in text
    assert 'diptych_compared_pictures_total{model="m",same="no",version="1"} 1.0' in text
    drift = monitor.drift(own)
    assert drift["pictures"] == WATCHED + 1
    seen = monitor.counters.of(own.key).by_bin
    assert {sum(n for (q, _), n in seen.items() if q == one.name) for one in own.quantities} == {2}


def test_threads_may_ask_an_export_at_the_same_time(place: Path) -> None:
    bundle = open_bundle(place)
    folder = place.with_name("colours.exports")
    (row,) = checked_rows(bundle, folder)
    ask = ExportPredictor(bundle, row, folder).on_one_core()
    rng = np.random.default_rng(0)
    batches = [rng.integers(0, 256, (1, *bundle.shape), np.uint8) for _ in range(60)]
    alone = [next(iter(ask(batch))).p_K for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda batch: next(iter(ask(batch))).p_K, batches))
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_the_server_says_which_file_answers(place: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "log", place, "--fastest") as server:
        says_which_file_answers(server)


def says_which_file_answers(server: Server) -> None:
    file = server.get("/model").json["file"]
    assert file["name"] in ("colours.xml", "model.onnx")
    assert f'file="{file["name"]}"' in server.get("/metrics").body.decode()
    (line,) = (one for one in server.lines() if "pictures_per_second" in one)
    assert line["message"].startswith(f"answers by {file['name']}")
    assert set(line["pictures_per_second"]) == {"colours.xml", "model.onnx"}
    (answer,) = server.post("/predict", SMALL).json["predictions"]
    assert answer["label"] == "red"
    assert server.post("/explain", SMALL).status == 200


def test_a_limit_is_for_the_fastest(bundle: Path) -> None:
    assert "--max-drop is for --fastest" in refusal(bundle, "--max-drop", "1")
    with pytest.raises(InputError, match="--max-drop -1: name 0 or more points"):
        refuse_unfit(Settings((bundle,), max_drop=-1))


def test_workers_under_load_answer_by_one_file_over_a_reload_and_lose_nothing(
    place: Path, tmp_path: Path
) -> None:
    with serving(tmp_path / "log", place, "--fastest", "--workers", "2") as server:
        crowd = Crowd(server, 4)
        crowd.wait_for(40)
        name = server.get("/model").json["file"]["name"]
        every_worker(server, lambda: server.get("/model").json["file"]["name"] == name)
        assert server.post("/models/colours/reload").status == 200
        crowd.wait_for(len(crowd.statuses) + 40)
        assert server.get("/model").json["file"]["name"] == name
        crowd.end()
        assert (set(crowd.statuses), crowd.lost) == ({200}, [])
    measured = [line for line in server.lines() if "pictures_per_second" in line]
    assert len(measured) == 1

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from conftest import BLUE, GREEN, RED, picture
from diptych import load
from diptych.bundles.predictor import Output
from diptych.images.preprocess import decode
from diptych.reliability import drift
from diptych.serving.monitoring import Monitor, MonitoredModel
from served import Server, encoded, serving


@pytest.fixture
def server(bundle: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "log", bundle) as server:
        yield server


def post(server: Server, pictures: list[bytes]) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda data: server.post("/predict", data), pictures))
    assert {answer.status for answer in answers} == {200}


def test_drift_is_that_of_the_answers_and_grows_where_pictures_change(
    server: Server, bundle: Path
) -> None:
    usual = [encoded(picture(5000 + i, hue=(RED, BLUE)[i % 2])) for i in range(60)]
    post(server, usual)
    usual_drift = server.get("/drift").json
    assert usual_drift["pictures"] == 60
    assert sum(usual_drift["classes"].values()) + usual_drift["none_of_these"] == 60

    predictor = load(bundle)
    pixels = np.stack([decode(data, (32, 32, 3)).pixels for data in usual])
    answers = list(predictor.outputs(pixels))
    values = drift.watched_values(
        np.stack([answer.p_K for answer in answers]),
        np.array([answer.ood_score for answer in answers], np.float32),
        np.stack([a.components_C for a in answers if a.components_C is not None]),
    )
    quantities = drift.bundled_distributions(predictor.bundle.facts)
    assert [quantity["name"] for quantity in usual_drift["quantities"]] == [
        q.name for q in quantities
    ]
    for quantity, here in zip(usual_drift["quantities"], quantities, strict=True):
        counts_B = here.bin_counts(values[here.name])
        assert quantity["shares"] == pytest.approx((counts_B / 60).tolist(), abs=1e-3)
        assert quantity["expected"] == pytest.approx(here.shares)
        change = drift.drift_from(here, counts_B, len(quantities))
        assert quantity["psi"] == pytest.approx(change.psi, abs=1e-3)
        assert quantity["drifted"] == change.drifted
        assert quantity["by_chance"] == pytest.approx(change.by_chance, abs=1e-3)

    post(server, [encoded(picture(6000 + i, hue=GREEN)) for i in range(60)])
    changed = server.get("/drift").json
    assert changed["none_of_these"] > 40
    before, after = (
        {quantity["name"]: quantity for quantity in one["quantities"]}
        for one in (usual_drift, changed)
    )
    assert after["ood_score"]["psi"] > before["ood_score"]["psi"]


def test_metrics_count_requests_pictures_and_refusals(server: Server) -> None:
    good = encoded(picture(5000, hue=RED))
    post(server, [good] * 5)
    server.post_form("/predict", ("a", good), ("b", b"no picture"))
    server.post("/predict", b"no picture")
    server.get("/no/such/thing")
    server.get("/no/such/other")
    text = server.get("/metrics").body.decode()
    metrics = {
        (
            sample.name,
            *(v for k, v in sample.labels.items() if k not in ("model", "version")),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert metrics["diptych_requests_total", "/predict", "200"] == 6
    assert metrics["diptych_requests_total", "/predict", "415"] == 1
    assert metrics["diptych_requests_total", "other", "404"] == 2
    assert metrics["diptych_request_seconds_count", "/predict"] == 7
    assert metrics["diptych_pictures_total", "red"] == 6
    assert metrics["diptych_refused_pictures_total", "not an image"] == 2
    assert metrics["diptych_batch_pictures_sum",] == metrics["diptych_confidence_count",] == 6
    assert metrics["diptych_waiting_requests",] == 0
    psi = {q["name"]: q["psi"] for q in server.get("/drift").json["quantities"]}
    assert metrics["diptych_drift_psi", "class"] == pytest.approx(psi["class"])
    assert server.get("/drift").json["errors"] == {"not an image": 2}


def test_drift_is_seen_of_a_bundle_without_components() -> None:
    p_2, none = np.array([0.9, 0.1], np.float32), np.empty(0, np.float32)
    values = drift.answer_values(p_2[None], np.zeros(1, np.float32))
    quantities = drift.reference_distributions(values, 2)
    monitor, model = Monitor(), MonitoredModel("m", "1", ("a", "b"), quantities)
    monitor.record(model, [Output(p_2, 0.0, none)] * 3)
    drifts = monitor.drift(model)["quantities"]
    assert [(one["name"], sum(one["shares"])) for one in drifts] == [
        ("class", 1.0), ("confidence", 1.0), ("ood_score", 1.0)
    ]  # fmt: skip

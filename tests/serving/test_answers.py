import base64
import io
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import BLUE, GREEN, RED, picture
from diptych import load
from diptych.images.preprocess import decode
from served import Server, encoded, serving, small_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_bundle(tmp_path_factory.mktemp("bundles") / "colours.bundle")


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    other = small_bundle(bundle.with_name("others.bundle"), ("green", "red"))
    log = tmp_path_factory.mktemp("logs") / "log"
    with serving(log, bundle, other, "--cors", "https://shop.example") as found:
        yield found


def some() -> dict[str, bytes]:
    """Pictures of several formats and sizes."""
    drawn = {
        f"{i}.{kind}": picture(700 + i, 40 + 9 * i, hue=(RED, BLUE)[i % 2])
        for i, kind in enumerate(("png", "jpeg", "webp", "bmp", "tiff", "gif", "png", "jpeg"))
    }
    return {name: encoded(image, name.rpartition(".")[2]) for name, image in drawn.items()}


def test_answers_are_those_of_predict(server: Server, bundle: Path, tmp_path: Path) -> None:
    pictures = some()
    for name, data in pictures.items():
        (tmp_path / name).write_bytes(data)
    local = load(bundle).predict(tmp_path / name for name in pictures)
    with ThreadPoolExecutor(8) as pool:  # so that batches form
        alone = list(pool.map(lambda data: server.post("/predict", data), pictures.values()))
    together = server.post_form("/predict", *pictures.items()).json["predictions"]
    assert [answer["path"] for answer in together] == list(pictures)
    for here, one, many in zip(local, alone, together, strict=True):
        assert one.status == 200
        for there in (one.json["predictions"][0], many):
            assert (there["label"], there["prediction_set"], there["error"]) == (
                here.label,
                here.prediction_set,
                None,
            )
            assert there["probability"] == pytest.approx(here.probability, abs=1e-5)
            assert there["probabilities"] == pytest.approx(here.probabilities, abs=1e-5)
            assert there["ood_score"] == pytest.approx(here.ood_score, abs=1e-4)


def test_an_answer_is_in_words_and_a_outlier_is_none_of_these(server: Server) -> None:
    (known,) = server.post("/predict", encoded(picture(701, hue=RED))).json["predictions"]
    assert known["words"] == f"red, {100 * known['probability']:.1f} %"
    (strange,) = server.post("/predict", encoded(picture(702, hue=GREEN))).json["predictions"]
    assert strange["words"] == strange["label"] == "none of these"
    assert (strange["probability"], strange["prediction_set"]) == (None, [])
    assert strange["ood_score"] > 1


def test_of_several_files_a_bad_one_has_its_error(server: Server) -> None:
    good = encoded(picture(703, hue=RED))
    found = server.post_form("/predict", ("a.png", good), ("notes.txt", b"words"), ("b.png", good))
    assert found.status == 200
    first, bad, last = found.json["predictions"]
    assert first["label"] == last["label"] == "red"
    assert bad["path"] == "notes.txt"
    assert bad["error"].startswith("not an image: none of the formats JPEG")
    assert {bad[key] for key in ("label", "probability", "ood_score", "words")} == {None}


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (b"no picture at all", 415, "not an image"),
        (b"", 422, "empty"),
        (encoded(picture(1))[:300], 422, "truncated"),
        (encoded(Image.new("1", (12000, 12000))), 413, "too large: 12000 × 12000 pixels"),
    ],
)
def test_one_picture_that_cannot_be_used_is_refused(
    server: Server, data: bytes, status: int, says: str
) -> None:
    alone = server.post("/predict", data)
    assert (alone.status, alone.headers["content-type"]) == (status, "application/problem+json")
    told = alone.json
    assert told["status"] == status
    assert says in told["detail"]
    assert told["instance"] == "/predict"
    assert "file" not in told
    assert server.post_form("/predict", ("my.png", data)).json["file"] == "my.png"
    assert server.post("/explain", data).status == status


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("multipart/form-data", b"", "it has no boundary"),
        ("multipart/form-data; boundary=a", b"--a--\r\n", "no picture in the form"),
        ("multipart/form-data; boundary=a", b"something else", "cannot be read"),
        (
            "multipart/form-data; boundary=a",
            b'--a\r\nContent-Disposition: form-data; name="f"\r\n\r\ncut',
            "cut short",
        ),
    ],
)
def test_a_form_that_is_none_is_refused(server: Server, kind: str, body: bytes, says: str) -> None:
    found = server.post("/predict", body, Content_Type=kind)
    assert found.status == 400
    assert says in found.json["detail"]


def test_a_bundle_is_named_by_its_folder(server: Server) -> None:
    green = encoded(picture(704, hue=GREEN))
    assert server.post("/predict?model=others", green).json["predictions"][0]["label"] == "green"
    assert server.post("/predict", green).json["model"] == "colours"
    missing = server.post("/predict?model=nothing", green)
    assert missing.status == 404
    assert missing.json["detail"] == "no model 'nothing'; there are: colours, others"


def test_a_model_says_what_it_is(server: Server, bundle: Path) -> None:
    facts = json.loads((bundle / "bundle.json").read_text())
    told = server.get("/model").json
    assert (told["name"], told["models"]) == ("colours", ["colours", "others"])
    for key in ("classes", "classes_sha256", "created", "diptych", "network"):
        assert told[key] == facts[key]
    assert told["input"] == [32, 32, 3]
    assert told["test"]["accuracy"] == facts["test"]["accuracy"]
    assert told["limits"] == {"bytes": 2**25, "pixels": 10**8, "files": 64, "seconds": 30}
    assert server.get("/model?model=others").json["classes"] == ["green", "red"]


def test_an_explanation_is_a_picture(server: Server) -> None:
    data = encoded(picture(705, 300, hue=RED))
    red, blue = (server.post(f"/explain?class={label}", data) for label in ("red", "blue"))
    assert red.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(red.body)).size == (300, 300)
    assert red.body != blue.body
    assert server.post("/explain", data).body == red.body
    wrong = server.post("/explain?class=rad", data)
    assert (wrong.status, wrong.json["detail"]) == (400, "no class 'rad'; did you mean 'red'?")


def test_what_is_not_there_is_said(server: Server) -> None:
    missing = server.get("/nothing")
    assert (missing.status, missing.json["title"]) == (404, "Not Found")
    assert missing.json["detail"] == "there is nothing at /nothing; /docs tells what there is"
    wrong = server.get("/predict")
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")


def test_a_request_has_an_id(server: Server) -> None:
    assert server.get("/model", X_Request_ID="order-66").headers["x-request-id"] == "order-66"
    made = {server.get("/model", X_Request_ID=bad).headers["x-request-id"] for bad in ("", "a b")}
    made.add(server.get("/nothing").headers["x-request-id"])
    assert len(made) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in made)


def test_a_line_of_the_log_tells_of_a_request_and_not_of_the_picture(server: Server) -> None:
    server.post_form("/predict", ("secret-name.png", some()["0.png"]))
    server.post("/predict", some()["0.png"], X_Request_ID="last")
    line = next(line for line in server.lines() if line.get("id") == "last")
    assert (line["method"], line["path"], line["status"]) == ("POST", "/predict", 200)
    assert (line["model"], line["pictures"]) == ("colours", 1)
    assert line["ms"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", line["time"])
    assert "secret" not in server.log.read_text()


def test_pages_load_nothing_from_elsewhere(server: Server) -> None:
    for path in ("/", "/docs", "/watch"):
        page = server.get(path)
        assert page.status == 200
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'self'" in page.headers["content-security-policy"]
        loaded = re.findall(r"""(?:src|href)=["']([^"']+)""", page.body.decode())
        assert loaded
        for address in loaded:
            assert not address.startswith(("http", "//"))
        assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=", page.body.decode())
    for address in re.findall(r'"(static/[^"]+)"', server.get("/").body.decode()):
        assert server.get(f"/{address}").status == 200
    assert server.get("/static/../app.py").status == 404


def test_every_route_is_described_with_its_refusals(server: Server) -> None:
    api = server.get("/openapi.json").json
    page = server.get("/docs").body.decode()
    for path in ("/predict", "/explain", "/model", "/drift", "/metrics", "/v2/models/{name}/infer"):
        assert path in api["paths"]
        assert path in page
    refusals = api["paths"]["/predict"]["post"]["responses"]
    assert {"200", "400", "404", "413", "415", "422", "429"} <= set(refusals)
    assert "application/problem+json" in refusals["422"]["content"]
    kinds = api["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert {"multipart/form-data", "image/*", "application/octet-stream"} == set(kinds)
    (example,) = api["components"]["schemas"]["Answers"]["examples"]
    real = server.post("/predict", some()["0.png"]).json
    assert example["predictions"][0].keys() == real["predictions"][0].keys()
    assert "curl" in page


def test_only_pages_that_were_named_may_ask_from_elsewhere(server: Server) -> None:
    def allowed(origin: str) -> str | None:
        answer = server.post("/predict", some()["0.png"], Origin=origin)
        return answer.headers.get("access-control-allow-origin")

    assert allowed("https://shop.example") == "https://shop.example"
    assert allowed("https://evil.example") is None


def test_the_open_inference_protocol(server: Server, bundle: Path) -> None:
    assert server.get("/v2").json["name"] == "diptych"
    assert server.get("/v2/health/live").json == {"live": True}
    assert server.get("/v2/health/ready").status == 200
    told = server.get("/v2/models/colours").json
    assert {i["name"]: i["shape"] for i in told["inputs"]}["images"] == [-1, 32, 32, 3]
    (version,) = told["versions"]
    assert server.get(f"/v2/models/colours/versions/{version}").json == told
    assert server.get("/v2/models/colours/ready").json["ready"] is True

    pictures = list(some().values())[:3]
    pixels = np.stack([decode(data, (32, 32, 3)).pixels for data in pictures])
    texts = [base64.b64encode(data).decode() for data in pictures]
    p_NK = load(bundle).probabilities(pixels)
    for tensor in (
        {"name": "pictures", "shape": [3], "datatype": "BYTES", "data": texts},
        {"name": "images", "shape": [3, 32, 32, 3], "datatype": "UINT8", "data": pixels.tolist()},
        {
            "name": "images",
            "shape": [3, 32, 32, 3],
            "datatype": "UINT8",
            "data": pixels.ravel().tolist(),
        },
    ):
        body = json.dumps({"id": "seven", "inputs": [tensor]}).encode()
        path = f"/v2/models/colours/versions/{version}/infer"
        found = server.post(path, body, Content_Type="application/json")
        assert found.status == 200, found.body
        assert (found.json["model_name"], found.json["id"]) == ("colours", "seven")
        outputs = {output["name"]: output for output in found.json["outputs"]}
        probabilities = outputs["probabilities"]
        assert (probabilities["shape"], probabilities["datatype"]) == ([3, 2], "FP32")
        assert probabilities["data"] == pytest.approx(p_NK.ravel().tolist(), abs=1e-5)
        assert outputs["labels"]["data"][1] == "blue"
    asked = {"inputs": [tensor], "outputs": [{"name": "labels"}]}
    found = server.post("/v2/models/colours/infer", json.dumps(asked).encode())
    assert [output["name"] for output in found.json["outputs"]] == ["labels"]


ONE = {"name": "pictures", "shape": [1], "datatype": "BYTES", "data": ["AAAA"]}


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        (b"{", 400, "no JSON"),
        (b"[" * 100_000, 400, "no JSON"),
        ([], 400, "no list of inputs"),
        ({"inputs": []}, 400, "send one input"),
        ({"inputs": [{**ONE, "name": "x"}]}, 400, "no input 'x'"),
        ({"inputs": [{**ONE, "data": ["*"]}]}, 400, "no base64"),
        ({"inputs": [{**ONE, "data": [7]}]}, 400, "no list of texts"),
        ({"inputs": [{**ONE, "shape": [2]}]}, 400, "does not fit 1 pictures"),
        ({"inputs": [ONE], "outputs": [{"name": "y"}]}, 400, "no output 'y'"),
        ({"inputs": [ONE], "outputs": 3}, 400, "outputs are no list"),
        ({"inputs": [ONE]}, 415, "not an image"),
        (
            {"inputs": [{"name": "images", "shape": [1], "datatype": "UINT8", "data": [[256]]}]},
            400,
            "no whole numbers 0 to 255 of [N, 32, 32, 3]",
        ),
        (
            {"inputs": [{"name": "images", "shape": [1], "datatype": "UINT8", "data": [[1], 2]}]},
            400,
            "no whole numbers",
        ),
    ],
)
def test_the_protocol_says_what_is_wrong(
    server: Server, asked: object, status: int, says: str
) -> None:
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    found = server.post("/v2/models/colours/infer", body)
    assert found.status == status
    assert says in found.json["error"]
    assert found.json["error"] == found.json["detail"]


@pytest.mark.realdata
def test_no_real_broken_file_upsets_it(server: Server, real: Path) -> None:
    files = [path for path in sorted((real / "dirty").rglob("*")) if path.is_file()]
    assert files
    for number, path in enumerate(files):
        data = path.read_bytes()
        alone = server.post("/predict", data).status
        assert alone == 200 or 400 <= alone < 500, path
        assert server.post_form("/predict", ("a", data), ("b", data)).status in (200, 413), path
        if number % 10 == 0:
            assert server.post("/explain", data).status < 500, path
    assert server.get("/readyz").status == 200

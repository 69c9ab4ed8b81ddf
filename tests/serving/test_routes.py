import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from command import keys_of
from conftest import GREEN, RED, picture
from diptych import load
from served import Server, assorted, encoded


def test_answers_are_those_of_predict(server: Server, bundle: Path, tmp_path: Path) -> None:
    pictures = assorted()
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


def test_an_answer_is_in_words_and_an_outlier_is_none_of_these(server: Server) -> None:
    (red,) = server.post("/predict", encoded(picture(701, hue=RED))).json["predictions"]
    assert red["words"] == f"red, {100 * red['probability']:.1f} %"
    (strange,) = server.post("/predict", encoded(picture(702, hue=GREEN))).json["predictions"]
    assert strange["words"] == strange["label"] == "none of these"
    assert (strange["probability"], strange["prediction_set"]) == (None, [])
    assert strange["ood_score"] > 1


def test_of_several_files_a_bad_one_has_its_error(server: Server) -> None:
    good = encoded(picture(703, hue=RED))
    response = server.post_form(
        "/predict", ("a.png", good), ("notes.txt", b"words"), ("b.png", good)
    )
    assert response.status == 200
    first, bad, last = response.json["predictions"]
    assert first["label"] == last["label"] == "red"
    assert bad["path"] == "notes.txt"
    assert bad["error"].startswith("not an image: a text; none of the formats JPEG")
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
    problem = alone.json
    assert problem["status"] == status
    assert says in problem["detail"]
    assert problem["instance"] == "/predict"
    assert "file" not in problem
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
    response = server.post("/predict", body, Content_Type=kind)
    assert response.status == 400
    assert says in response.json["detail"]


def test_a_bundle_is_named_by_its_folder(server: Server) -> None:
    green = encoded(picture(704, hue=GREEN))
    assert server.post("/predict?model=others", green).json["predictions"][0]["label"] == "green"
    assert server.post("/predict", green).json["model"] == "colours"
    missing = server.post("/predict?model=nothing", green)
    assert missing.status == 404
    assert missing.json["detail"] == "no model 'nothing'; there are: colours, others"


def test_a_model_says_what_it_is(server: Server, bundle: Path) -> None:
    facts = json.loads((bundle / "bundle.json").read_text())
    model = server.get("/model").json
    assert (model["name"], model["models"]) == ("colours", ["colours", "others"])
    for key in ("classes", "classes_sha256", "created", "diptych", "network"):
        assert model[key] == facts[key]
    assert model["input"] == [32, 32, 3]
    assert model["test"]["accuracy"] == facts["test"]["accuracy"]
    assert model["limits"] == {"bytes": 2**25, "pixels": 10**8, "files": 64, "seconds": 30}
    assert server.get("/model?model=others").json["classes"] == ["green", "red"]


@pytest.mark.parametrize("path", ["/model", "/drift"])
def test_the_documentation_names_every_key(server: Server, path: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "serving.md"
    answer = {**server.get(path).json, "classes": [], "errors": {}}
    assert not set(keys_of(answer)) - set(re.findall(r'"(\w+)"', page.read_text()))


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

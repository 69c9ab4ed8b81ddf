import base64
import json
from pathlib import Path

import numpy as np
import pytest

from diptych import load
from diptych.images.preprocess import decode
from served import Server, assorted


def test_the_open_inference_protocol(server: Server, bundle: Path) -> None:
    assert server.get("/v2").json["name"] == "diptych"
    assert server.get("/v2/health/live").json == {"live": True}
    assert server.get("/v2/health/ready").status == 200
    metadata = server.get("/v2/models/colours").json
    assert {i["name"]: i["shape"] for i in metadata["inputs"]}["images"] == [-1, 32, 32, 3]
    (version,) = metadata["versions"]
    assert server.get(f"/v2/models/colours/versions/{version}").json == metadata
    assert server.get("/v2/models/colours/ready").json["ready"] is True

    pictures = list(assorted().values())[:3]
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
        response = server.post(path, body, Content_Type="application/json")
        assert response.status == 200, response.body
        assert (response.json["model_name"], response.json["id"]) == ("colours", "seven")
        outputs = {output["name"]: output for output in response.json["outputs"]}
        probabilities = outputs["probabilities"]
        assert (probabilities["shape"], probabilities["datatype"]) == ([3, 2], "FP32")
        assert probabilities["data"] == pytest.approx(p_NK.ravel().tolist(), abs=1e-5)
        assert outputs["labels"]["data"][1] == "blue"
    asked = {"inputs": [tensor], "outputs": [{"name": "labels"}]}
    response = server.post("/v2/models/colours/infer", json.dumps(asked).encode())
    assert [output["name"] for output in response.json["outputs"]] == ["labels"]


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
    response = server.post("/v2/models/colours/infer", body)
    assert response.status == status
    assert says in response.json["error"]
    assert response.json["error"] == response.json["detail"]

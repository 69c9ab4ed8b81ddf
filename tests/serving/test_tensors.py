"""Tensors in binary, as inference servers and their clients send them."""

import base64
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from diptych import load
from diptych.images.preprocess import Pixels, decode
from diptych.serving.problems import Problem
from diptych.serving.tensors import parse
from served import SMALL, Response, Server, assorted

FILES = list(assorted().values())[:3]
PIXELS = np.stack([decode(data, (32, 32, 3)).pixels for data in FILES])


@pytest.fixture
def expected(bundle: Path) -> Any:
    """The probabilities of the three, (N, K)."""
    return load(bundle).probabilities(PIXELS)


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
    yield client
    client.close()


def tensor(name: str, kind: str, values: Any, **how: Any) -> Any:
    given = triton.InferInput(name, list(values.shape), kind)
    return given.set_data_from_numpy(values, **how)


def objects(values: list[Any]) -> Any:
    array = np.empty(len(values), object)
    array[:] = values
    return array


TEXTS = [base64.b64encode(data) for data in FILES]


@pytest.mark.parametrize(
    ("name", "kind", "values", "how"),
    [
        ("images", "UINT8", PIXELS, {}),
        ("images", "UINT8", PIXELS, {"binary_data": False}),
        ("pictures", "BYTES", objects(FILES), {}),
        ("pictures", "BYTES", objects(FILES)[:, None], {}),
        ("pictures", "BYTES", objects(TEXTS), {}),
        ("pictures", "BYTES", objects(TEXTS), {"binary_data": False}),
        ("pictures", "BYTES", np.array(TEXTS), {"binary_data": False}),
    ],
    ids=["pixels", "pixels in JSON", "files", "column", "base64", "base64 in JSON", "as np.bytes_"],
)
@pytest.mark.parametrize("outputs", [None, {}, {"binary_data": False}])
def test_the_client_of_triton_is_answered(
    client: Any, expected: Any, name: str, kind: str, values: Any, how: Any, outputs: Any
) -> None:
    names = ("labels", "probabilities", "ood_score")
    asked = outputs and [triton.InferRequestedOutput(one, **outputs) for one in names]
    if outputs == {}:
        asked = [triton.InferRequestedOutput(one) for one in names]
    result = client.infer("colours", [tensor(name, kind, values, **how)], outputs=asked)
    assert result.get_response()["model_name"] == "colours"
    np.testing.assert_allclose(result.as_numpy("probabilities"), expected, atol=1e-5)
    assert result.as_numpy("probabilities").dtype == np.float32
    labels = [one.decode() if isinstance(one, bytes) else one for one in result.as_numpy("labels")]
    assert labels == ["red", "blue", "red"]
    assert result.as_numpy("ood_score").shape == (3,)
    for output in result.get_response()["outputs"]:
        in_binary = outputs != {"binary_data": False}
        assert ("parameters" in output, "data" in output) == (in_binary, not in_binary)


def test_each_output_comes_as_it_was_asked_for(client: Any, expected: Any) -> None:
    asked = [
        triton.InferRequestedOutput("probabilities", binary_data=False),
        triton.InferRequestedOutput("labels"),
    ]
    given = [tensor("pictures", "BYTES", objects(FILES))]
    result = client.infer("colours", given, outputs=asked, request_id="seven")
    assert result.get_response()["id"] == "seven"
    first, second = result.get_response()["outputs"]
    assert first["data"] == pytest.approx(expected.ravel().tolist(), abs=1e-5)
    assert second["parameters"] == {"binary_data_size": len("redbluered") + 3 * 4}
    assert result.as_numpy("labels").tolist() == [b"red", b"blue", b"red"]


def test_the_client_finds_what_it_asks_of_a_server(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("colours")
    assert not client.is_model_ready("nothing")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    metadata = client.get_model_metadata("others")
    assert [one["name"] for one in metadata["inputs"]] == ["images", "pictures"]
    with pytest.raises(InferenceServerException, match="there is nothing at"):
        client.get_model_config("colours")


def test_the_client_is_told_what_is_wrong(client: Any) -> None:
    given = [tensor("pictures", "BYTES", objects([b"no picture"]))]
    with pytest.raises(InferenceServerException, match=r"\[415\] not an image"):
        client.infer("colours", given)
    given = [tensor("images", "UINT8", PIXELS[:, :16])]
    with pytest.raises(InferenceServerException, match="4,608 bytes, which are none of"):
        client.infer("colours", given)
    given = [tensor("images", "UINT8", PIXELS)]
    asked = [triton.InferRequestedOutput("probabilities", class_count=1)]
    with pytest.raises(InferenceServerException, match="classification is of an extension"):
        client.infer("colours", given, outputs=asked)
    with pytest.raises(InferenceServerException, match="a body in gzip is not taken"):
        client.infer("colours", given, request_compression_algorithm="gzip")
    answer = client.infer("colours", given, response_compression_algorithm="gzip")
    assert answer.as_numpy("labels").tolist() == [b"red", b"blue", b"red"]


def element(data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + data


def pictures(size: object, n: int = 1, **more: Any) -> dict[str, Any]:
    """A request with an input whose data follow."""
    parameters = {"binary_data_size": size}
    given = {"name": "pictures", "shape": [n], "datatype": "BYTES", "parameters": parameters}
    return {"inputs": [{**given, **more}]}


def images(size: object, **more: Any) -> dict[str, Any]:
    given = {"name": "images", "datatype": "UINT8", "shape": [1, 32, 32, 3]}
    return pictures(size, **(given | more))


def ask(server: Server, body: object, blob: bytes, length: object = None) -> Response:
    head = body if isinstance(body, bytes) else json.dumps(body).encode()
    said = str(len(head) if length is None else length)
    path = "/v2/models/colours/infer"
    return server.post(path, head + blob, Inference_Header_Content_Length=said)


def test_the_length_of_the_json_is_told_where_numbers_follow(server: Server) -> None:
    blob = element(SMALL)
    answer = ask(server, {**pictures(len(blob)), "parameters": {"binary_data_output": True}}, blob)
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers["inference-header-content-length"])
    outputs = json.loads(answer.body[:length])["outputs"]
    sizes = [output["parameters"]["binary_data_size"] for output in outputs]
    assert sizes == [2 * 4, 4, 4 + len("red")]
    assert len(answer.body) == length + sum(sizes)
    assert answer.body.endswith(element(b"red"))
    in_json = ask(server, pictures(len(blob)), blob)
    assert in_json.headers["content-type"] == "application/json"
    assert "inference-header-content-length" not in in_json.headers
    assert in_json.json["outputs"][0]["data"] == pytest.approx(
        np.frombuffer(answer.body[length:][:8], "<f4").tolist()
    )


BLOB = element(b"ab")


@pytest.mark.parametrize(
    ("body", "blob", "length", "says"),
    [
        (pictures(6), BLOB, 100_000, "Content-Length is 100,000, but the body has"),
        (pictures(6), BLOB, "-1", "Inference-Header-Content-Length"),
        (pictures(6), BLOB, "ten", "Inference-Header-Content-Length"),
        (pictures(6), BLOB, 3, "the body is no JSON"),
        (pictures(6), BLOB, 0, "the body is no JSON"),
        (pictures(5), BLOB, None, "binary_data_size is 5, but 6 bytes follow the JSON"),
        (pictures(7), BLOB, None, "binary_data_size is 7, but 6 bytes follow the JSON"),
        (pictures(-6), BLOB, None, "binary_data_size is -6"),
        (pictures("6"), BLOB, None, "binary_data_size is 6, but"),
        (pictures(True), b"a", None, "binary_data_size is True"),
        (pictures([6] * 1000), BLOB, None, "binary_data_size is [6, 6"),
        (pictures(None), BLOB, None, "6 bytes follow the JSON; no input has them as its own"),
        (pictures(6, data=["AAAA"]), BLOB, None, "both data and binary_data_size"),
        (pictures(6, parameters=[]), BLOB, None, "6 bytes follow"),
        (pictures(6, parameters=[6]), BLOB, None, "parameters are no object"),
        (pictures(0, n=0), b"", None, "no picture"),
        (pictures(3), b"\1\0\0", None, "pictures[0] has 1 bytes by the 4 before it, but 0 follow"),
        (pictures(5), b"\2\0\0\0a", None, "pictures[0] has 2 bytes by the 4 before it, but 1 foll"),
        (pictures(4), b"\xff" * 4, None, "pictures[0] has 4,294,967,295 bytes"),
        (pictures(8), BLOB + b"\1\0", None, "pictures[1] has 1 bytes"),
        (pictures(6, n=2), BLOB, None, "the shape [2] does not fit 1 pictures"),
        (pictures(6, shape=[1, 2]), BLOB, None, "the shape [1, 2] does not fit"),
        (pictures(6, shape=[True]), BLOB, None, "the shape [True] does not fit"),
        (pictures(6, shape=None), BLOB, None, "the shape None does not fit"),
        (pictures(12, n=1), element(b"http://a"), None, "pictures[0] is an address"),
        (images(3071), bytes(3071), None, "'images' has 3,071 bytes, which are none of [N, 32, 32"),
        (images(6144), bytes(6144), None, "the shape [1, 32, 32, 3] does not fit 2 pictures"),
        (images(0), b"", None, "'images' has 0 bytes"),
        (images(3072) | {"outputs": [{"name": "labels", "parameters": {"binary_data": 1}}]},
         bytes(3072), None, "binary_data is neither true nor false"),
        (images(3072) | {"parameters": {"binary_data_output": "yes"}}, bytes(3072), None,
         "binary_data_output is neither true nor false"),
        (images(3072, parameters={"shared_memory_region": "a"}), b"", None, "of an extension"),
        (images(3072) | {"id": 7}, bytes(3072), None, "the id is no text"),
        (images(3072) | {"id": float("nan")}, bytes(3072), None, "the id is no text"),
        (images(3072) | {"id": "\ud800"}, bytes(3072), None, "the id is no text"),
        (images(3072) | {"outputs": [{"name": "\ud800"}]}, bytes(3072), None, "no output '\\ud"),
        (images(3072) | {"outputs": [{"name": ["labels"]}]}, bytes(3072), None, "no output ['la"),
    ],
)  # fmt: skip
def test_wrong_lengths_and_the_like_are_refused_in_a_line(
    server: Server, body: object, blob: bytes, length: object, says: str
) -> None:
    answer = ask(server, body, blob, length)
    assert answer.status == 400, answer.body
    assert says in answer.json["error"]
    assert "\n" not in answer.json["error"]


def test_the_limits_hold_in_binary_too(narrow: Server) -> None:
    many = element(b"a") * 3
    assert ask(narrow, pictures(len(many), n=3), many).status == 413
    assert ask(narrow, images(3 * 3072, shape=[3, 32, 32, 3]), bytes(3 * 3072)).status == 413
    assert ask(narrow, images(2 * 3072, shape=[2, 32, 32, 3]), bytes(2 * 3072)).status == 200
    assert ask(narrow, images(50_000), bytes(50_000)).status == 413


def test_pixels_in_binary_are_those_in_json(server: Server) -> None:
    def labels(answer: Response) -> Any:
        assert answer.status == 200, answer.body
        return answer.json["outputs"]

    pixels: Pixels = PIXELS
    shape = list(pixels.shape)
    binary = ask(server, images(pixels.nbytes, shape=shape), pixels.tobytes())
    plain = {"name": "images", "datatype": "UINT8", "shape": shape, "data": pixels.tolist()}
    path = "/v2/models/colours/infer"
    assert labels(binary) == labels(server.post_json(path, {"inputs": [plain]}))


SHAPE = (2, 2, 1)


@pytest.mark.parametrize(
    "data",
    [
        ["a" * 300_000, *["b"] * 1000],  # which NumPy would make texts of one length of
        [10**4000] * 4,
        [[1, 2], [3]],
        [[[1, 2, 3, 4]], 5],
        [True, 1, 1, 1],
        [1, 2, 3, 256],
        [1.0, 2, 3, 4],
        [1, 2, 3],
        [],
        {},
    ],
    ids=["texts", "long", "ragged", "mixed", "truth", "large", "fraction", "few", "none", "object"],
)
def test_what_are_no_numbers_are_refused_before_room_is_made_for_them(data: Any) -> None:
    given = {"name": "images", "datatype": "UINT8", "shape": [1, *SHAPE], "data": data}
    tracemalloc.start()
    try:
        with pytest.raises(Problem, match="no whole numbers 0 to 255"):
            parse(json.dumps({"inputs": [given]}).encode(), None, SHAPE, 4)
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [[1, 10**4000], [1, *[2**31] * 9], [1, 1.0], [True], 1, None, []])
def test_a_shape_is_not_multiplied_without_end(shape: Any) -> None:
    given = {"name": "pictures", "datatype": "BYTES", "shape": shape, "data": ["AAAA"]}
    with pytest.raises(Problem, match=r"the shape .{1,80} does not fit 1 pictures"):
        parse(json.dumps({"inputs": [given]}).encode(), None, SHAPE, 4)


def test_numbers_may_lie_in_lists_or_flat() -> None:
    for data in ([0, 1, 2, 255], [[[[0], [1]], [[2], [255]]]]):
        given = {"name": "images", "datatype": "UINT8", "shape": [1, *SHAPE], "data": data}
        asked = parse(json.dumps({"inputs": [given]}).encode(), None, SHAPE, 4)
        assert np.array(asked.pictures).ravel().tolist() == [0, 1, 2, 255]


def test_json_of_more_values_than_tensors_have_is_not_read() -> None:
    with pytest.raises(Problem, match="the JSON holds more than"):
        parse(b'{"inputs": [' + b"[]," * 5000 + b"[]]}", None, SHAPE, 4)

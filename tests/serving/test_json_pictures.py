"""Pictures in JSON."""

import base64
import json
from typing import Any

import pytest

from conftest import BLUE, GREEN, RED, picture
from diptych.serving.json_pictures import parse
from diptych.serving.problems import Problem
from diptych.serving.settings import Limits
from served import SMALL, Server, encoded

RED_ONE, BLUE_ONE, GREEN_ONE = (
    encoded(picture(703 + i, hue=hue)) for i, hue in enumerate((RED, BLUE, GREEN))
)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def url(data: bytes) -> str:
    return f"data:image/png;base64,{text(data)}"


@pytest.mark.parametrize(
    "image",
    [
        text(RED_ONE),
        url(RED_ONE),
        f" {url(RED_ONE)}\n",
        url(RED_ONE).replace("data:", "DATA:").replace("base64", "Base64"),
        base64.encodebytes(RED_ONE).decode(),
        base64.urlsafe_b64encode(RED_ONE).decode().rstrip("="),
        "data:;base64," + text(RED_ONE).replace("+", "%2B").replace("=", "%3D"),
        "data:image/png," + "".join(f"%{byte:02x}" for byte in RED_ONE),
    ],
    ids=["base64", "data URL", "spaces", "capitals", "lines", "web-safe", "escaped", "percent"],
)
def test_a_picture_in_a_text_is_answered_as_it_is_otherwise(server: Server, image: str) -> None:
    answer = server.post_json("/predict", {"image": image})
    assert answer.status == 200, answer.body
    assert answer.json == server.post("/predict", RED_ONE).json


def test_several_pictures_are_answered_in_their_order(server: Server) -> None:
    images = [text(RED_ONE), url(BLUE_ONE), text(b"no picture")]
    answer = server.post_json("/predict", {"images": images, "model": None})
    red, blue, bad = answer.json["predictions"]
    assert (red["label"], blue["label"], bad["label"]) == ("red", "blue", None)
    assert bad["error"].startswith("not an image")
    one = server.post_json("/predict", {"images": [text(GREEN_ONE)], "model": "others"})
    assert (one.json["model"], one.json["predictions"][0]["label"]) == ("others", "green")
    kind = "application/vnd.shop+json; charset=utf-8"
    body = json.dumps({"image": images[0]}).encode()
    assert server.post("/predict", body, Content_Type=kind).status == 200


def test_an_explanation_takes_json(server: Server) -> None:
    by_query = server.post("/explain?class=blue", RED_ONE)
    by_json = server.post_json("/explain", {"image": url(RED_ONE), "class": "blue"})
    assert by_json.body == by_query.body
    two = server.post_json("/explain", {"images": [text(RED_ONE)] * 2})
    assert (two.status, two.json["detail"]) == (400, "2 pictures; send one at a time")


NO_FETCHING = "is an address, and the server fetches nothing"


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 400, "the body is no JSON"),
        (b"", 400, "the body is no JSON"),
        (b"\xff\xd8\xff\xe0", 400, "the body is no JSON"),
        (b"[" * 1000, 400, "the body is no JSON"),
        (b"[" * 100_000, 413, "the JSON holds more than 1,128 values"),
        (b'{"image":' * 50_000, 413, "the JSON holds more than 1,128 values"),
        ([], 400, 'the JSON is no object; send {"image": "…"} or {"images": ["…", "…"]}'),
        ("text", 400, "the JSON is no object"),
        ({}, 400, "no picture in the JSON; send {"),
        ({"images": []}, 400, "no picture in the JSON"),
        ({"image": None}, 400, "no picture in the JSON"),
        ({"image": "", "model": "colours"}, 422, "empty"),
        ({"image": ["AAAA"]}, 400, "image is no text"),
        ({"images": "AAAA"}, 400, "images is no list"),
        ({"images": {"a": "AAAA"}}, 400, "images is no list"),
        ({"images": ["AAAA", 7]}, 400, "images[1] is no text"),
        ({"images": [["AAAA"]]}, 400, "images[0] is no text"),
        ({"image": "AAAA", "images": ["AAAA"]}, 400, "has both image and images"),
        ({"images": ["AAAA", "not*base64"]}, 400, "images[1] is no base64"),
        ({"image": "lunch.jpg"}, 400, "image is no base64"),
        ({"image": "AAAAA"}, 400, "image is no base64"),
        ({"image": "ü"}, 400, "image is no base64"),
        ({"image": "\ud800"}, 400, "image is no base64"),
        ({"image": "data:image/png;base64,\ud800"}, 400, "image is no base64"),
        ({"image": "data:image/png;base64"}, 400, "a data URL without a comma"),
        ({"image": "http://shop.example/a.jpg"}, 400, f"image {NO_FETCHING}"),
        ({"images": ["AAAA", "HTTPS://a"]}, 400, f"images[1] {NO_FETCHING}"),
        ({"image": "file:///etc/passwd"}, 400, f"image {NO_FETCHING}"),
        ({"image": "s3://shop/a.jpg"}, 400, f"image {NO_FETCHING}"),
        ({"url": "http://shop.example/a.jpg"}, 400, f"'url' {NO_FETCHING}"),
        ({"image": "AAAA", "modle": "others"}, 400, "no setting 'modle'; did you mean 'model'?"),
        ({"picture": "AAAA"}, 400, "no setting 'picture'; it has: model; pictures are sent as {"),
        ({"image": "AAAA", "model": 7}, 400, "the setting 'model' is no text"),
        ({"image": "AAAA", "model": "\ud800"}, 404, "no model '\\ud800'"),
        ({"image": "AAAA", "\ud800": "x"}, 400, "no setting '\\ud800'"),
        ({"image": "AAAA", "class": "red"}, 400, "no setting 'class'"),
        (b'{"image": "AAAA", "image": "BBBB"}', 400, "'image' is there twice"),
        ({"image": text(b"no picture at all")}, 415, "not an image"),
    ],
)
def test_what_is_wrong_with_it_is_said(server: Server, body: Any, status: int, says: str) -> None:
    answer = server.post_json("/predict", body)
    assert answer.status == status, answer.body
    assert says in answer.json["detail"]
    assert "\n" not in answer.json["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_model_in_json_is_the_one_in_the_address(server: Server) -> None:
    both = server.post_json("/predict?model=others", {"image": text(SMALL), "model": "colours"})
    assert both.status == 400
    assert both.json["detail"] == "model is both 'others' and 'colours'; give it once"


def test_limits_are_those_of_the_pictures_in_it(narrow: Server) -> None:
    three = narrow.post_json("/predict", {"images": [text(SMALL)] * 3})
    assert (three.status, three.json["detail"]) == (
        413,
        "more pictures than 2, the limit a request",
    )
    # So many bytes are no more than the limit once they are decoded.
    largest = SMALL + bytes(40_000 - len(SMALL))
    assert narrow.post_json("/predict", {"image": text(largest)}).status == 200
    assert narrow.post_json("/predict", {"image": text(largest + b"0")}).status == 413
    assert narrow.post_json("/predict", {"images": [text(largest), text(SMALL)]}).status == 413
    huge = narrow.post_json("/predict", {"image": "A" * 1_000_000})
    assert huge.status == 413
    assert "too large" in huge.json["detail"]


def test_a_text_that_is_no_setting_is_not_read_to_its_end() -> None:
    for body in ({"image": "", "model": "a" * 10**6}, {"image": "", "a" * 10**6: "b"}):
        with pytest.raises(Problem, match="has more than 1,000 bytes") as refused:
            parse(json.dumps(body).encode(), ["model"], Limits())
        assert len(str(refused.value)) < 200


def test_pictures_are_counted_before_they_are_made() -> None:
    body = json.dumps({"images": [""] * 10**5}).encode()
    with pytest.raises(Problem, match="the JSON holds more than") as refused:
        parse(body, [], Limits())
    assert refused.value.status == 413

"""The usual ways to send a picture wrongly, by the program that most people use."""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from served import GOOD, SMALL, Server, assorted

Curl = Callable[..., Any]


@pytest.fixture
def curl(server: Server, tmp_path: Path) -> Curl:
    """Asks the server for /predict with these options, in a folder of pictures."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")
    (tmp_path / "lunch.jpg").write_bytes(GOOD)
    for name, data in assorted().items():
        (tmp_path / name).write_bytes(data)

    def ask(*options: str) -> Any:
        line = [program, "-s", *options, f"http://127.0.0.1:{server.port}/predict"]
        done = subprocess.run(line, capture_output=True, cwd=tmp_path, check=True, timeout=60)
        return json.loads(done.stdout)

    return ask


def test_the_right_ways_are_answered(curl: Curl) -> None:
    coded = base64.b64encode(SMALL).decode()
    for options in (
        ("--data-binary", "@lunch.jpg"),
        ("-H", "Content-Type: image/jpeg", "--data-binary", "@lunch.jpg"),
        ("-H", "Content-Type:", "--data-binary", "@lunch.jpg"),
        ("-H", "Expect: 100-continue", "-F", "files=@lunch.jpg"),
        ("-H", "Transfer-Encoding: chunked", "-F", "files=@lunch.jpg"),
        ("-F", "files=@lunch.jpg", "-F", "model=colours"),
        ("-T", "lunch.jpg", "-X", "POST"),
        ("-H", "Content-Type: application/json", "-d", json.dumps({"image": coded})),
    ):
        assert curl(*options)["predictions"][0]["label"] == "red", options


def test_bytes_that_curl_has_mangled_are_told_so(curl: Curl) -> None:
    for name in ("lunch.jpg", *assorted()):
        for more in ([], ["-H", "Content-Type: image/jpeg"]):
            problem = curl("-d", f"@{name}", *more)
            assert problem["status"] == 415, name
            assert "line ends and zeros of this file are gone" in problem["detail"]
            assert "--data-binary @lunch.jpg" in problem["detail"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--data-urlencode", "file@lunch.jpg"], "application/x-www-form-urlencoded carries no"),
        (["-d", "model=colours"], "application/x-www-form-urlencoded carries no picture; send"),
        (["--data-raw", "@lunch.jpg"], "(curl --data-binary @lunch.jpg), or as a form (curl -F"),
        (["-d", '{"image": "AAAA"}'], "this is JSON under another name; send as Content-Type: app"),
        (["-d", base64.b64encode(SMALL).decode()], 'application/json {"image": "…"}'),
        (["-d", "data:image/png;base64,AAAA"], 'application/json {"image": "…"}'),
        (["-d", "http://shop.example/a.jpg"], "the server fetches nothing"),
        (["-H", "Content-Type: text/plain", "-d", "some words"], "not an image: a text; none of"),
        (["-H", "Content-Type: text/plain", "-d", "[some] words"], "not an image: a text; none of"),
    ],
)
def test_what_was_sent_instead_of_a_picture_is_told(
    curl: Curl, options: list[str], says: str
) -> None:
    problem = curl(*options)
    assert problem["status"] == 415
    assert says in problem["detail"]


def test_a_long_text_is_told_by_its_ends_alone(server: Server) -> None:
    for body, says in (
        (b"[" + b"x" * 10**5 + b"]", "this is JSON under another name"),
        (b"[" + b"x" * 10**5, "not an image: a text; none of"),
    ):
        refused = server.post("/predict", body, Content_Type="text/plain")
        assert refused.status == 415
        assert says in refused.json["detail"]


def test_an_explanation_says_the_same(server: Server) -> None:
    kind = "application/x-www-form-urlencoded"
    refused = server.post("/explain", b"picture=%FF%D8", Content_Type=kind)
    assert refused.status == 415
    assert "carries no picture" in refused.json["detail"]


def test_text_pictures_of_numbers_are_pictures(server: Server) -> None:
    drawn = b"P3\n2 2\n255\n" + b"190 70 60\n" * 4
    kind = "application/x-www-form-urlencoded"
    assert server.post("/predict", drawn, Content_Type=kind).status == 200


def test_bodies_that_are_compressed_are_refused(server: Server) -> None:
    for path in ("/predict", "/explain", "/v2/models/colours/infer"):
        for coding in ("gzip", "br", "deflate, gzip"):
            refused = server.post(path, SMALL, Content_Encoding=coding)
            assert refused.status == 415
            assert refused.json["detail"].startswith(f"a body in {coding} is not taken")
            assert refused.headers["accept-encoding"] == "identity"
    assert server.post("/predict", SMALL, Content_Encoding="identity").status == 200

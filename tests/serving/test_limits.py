import hashlib
import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
from PIL import Image

from conftest import RED, picture
from diptych.errors import MissingExtra
from diptych.serving import serve
from diptych.serving.models import Models
from diptych.serving.monitoring import Watch
from diptych.serving.problems import Problem
from diptych.serving.settings import Limits, Settings
from diptych.serving.state import Serving
from served import Answer, Server, command, encoded, serving, small_bundle

GOOD = encoded(picture(900, 48, hue=RED))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_bundle(tmp_path_factory.mktemp("bundles") / "colours.bundle")


@pytest.fixture(scope="module")
def narrow(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes little."""
    limits = ("--max-bytes", "40000", "--max-pixels", "10000", "--max-files", "2")
    patience = ("--queue", "2", "--timeout", "1")
    log = tmp_path_factory.mktemp("logs") / "log"
    with serving(log, bundle, *limits, *patience) as found:
        yield found


def said(connection: socket.socket) -> Answer:
    """All that comes until the other side closes, as one answer."""
    text = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = text.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
    return Answer(int(first.split()[1]), headers, body)


def begun(server: Server, head: str, body: bytes = b"") -> socket.socket:
    """A connection on which a request was begun."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.sendall(head.replace("\n", "\r\n").encode() + body)
    return connection


HALF = "POST /predict HTTP/1.1\nHost: here\nContent-Length: 5000\n\n"


def test_too_many_bytes_are_refused_before_they_are_read(narrow: Server) -> None:
    told = narrow.post("/predict", bytes(5_000_000))
    assert told.status == 413
    assert "the limit is 40,000" in told.json["detail"]
    head = "POST /predict HTTP/1.1\nHost: here\nConnection: close\nTransfer-Encoding: chunked\n\n"
    chunk = b"9c40\r\n" + bytes(40000) + b"\r\n"
    with closing(begun(narrow, head, 2 * chunk + b"0\r\n\r\n")) as connection:
        assert said(connection).status == 413


def test_too_many_pixels_or_files_are_refused(narrow: Server) -> None:
    many = narrow.post("/predict", encoded(Image.new("L", (200, 51))))
    assert (many.status, many.json["detail"]) == (
        413,
        "too large: 200 × 51 pixels; the limit is 10,000",
    )
    assert narrow.post("/predict", encoded(Image.new("L", (200, 50)))).status == 200
    files = [(f"{i}.png", GOOD) for i in range(3)]
    three = narrow.post_form("/predict", *files)
    assert (three.status, three.json["detail"]) == (
        413,
        "more pictures than 2, the limit a request",
    )
    assert narrow.post_form("/predict", *files[:2]).status == 200
    texts = {"name": "pictures", "shape": [3], "datatype": "BYTES", "data": ["AAAA"] * 3}
    body = json.dumps({"inputs": [texts]}).encode()
    assert narrow.post("/v2/models/colours/infer", body).status == 413


def test_who_sends_too_slowly_is_told_so(narrow: Server) -> None:
    with closing(begun(narrow, HALF, b"a few bytes")) as connection:
        other = narrow.post("/predict", GOOD)
        answer = said(connection)
        assert answer.status == 408
        assert answer.json["detail"] == "the request was not complete after 1 s"
        assert other.status == 200
    with closing(begun(narrow, "GET / HTTP/1.1\nHost: he")) as connection:
        answer = said(connection)
        assert (answer.status, answer.json["status"]) == (408, 408)
    with closing(begun(narrow, "")) as connection:
        assert said(connection).status == 408


def test_a_head_that_is_endless_or_none_is_refused(narrow: Server) -> None:
    with closing(begun(narrow, "GET / HTTP/1.1\nX: " + "x" * 40_000)) as connection:
        assert said(connection).status == 431
    with closing(begun(narrow, "GET / HTTP/1.1\nX: " + "x" * 100_000 + "\n\n")) as connection:
        assert said(connection).status == 431
    with closing(begun(narrow, "no request at all\n\n")) as connection:
        answer = said(connection)
        assert (answer.status, answer.json["detail"]) == (400, "this is no HTTP request")


def test_who_comes_when_the_queue_is_full_is_asked_to_come_again(narrow: Server) -> None:
    deadline = time.monotonic() + 30
    told = None
    while told is None or told.status != 429:  # those who wait are sent away after a second
        assert time.monotonic() < deadline
        with closing(begun(narrow, HALF)), closing(begun(narrow, HALF)):
            told = narrow.post("/predict", GOOD)
    assert int(told.headers["retry-after"]) >= 1
    assert told.json["title"] == "Too Many Requests"
    assert narrow.get("/healthz").status == 200
    while narrow.post("/predict", GOOD).status == 429:
        assert time.monotonic() < deadline


def test_clients_that_go_away_leave_nothing_behind(narrow: Server) -> None:
    for _ in range(6):
        begun(narrow, HALF, b"begun").close()
        begun(narrow, HALF.replace("5000", str(len(GOOD))), GOOD).close()
    deadline = time.monotonic() + 10
    while narrow.post("/predict", GOOD).status != 200:
        assert time.monotonic() < deadline
    while "\ndiptych_waiting_requests 0.0\n" not in narrow.get("/metrics").body.decode():
        assert time.monotonic() < deadline
    assert not [line for line in narrow.lines() if line.get("level") == "error"]


def test_numbers_that_make_no_sense_are_refused(bundle: Path) -> None:
    for option in ("--workers", "--queue", "--max-files", "--timeout"):
        done = subprocess.run(command(bundle, option, "0"), capture_output=True, text=True)
        assert done.returncode == 2
        assert f"{option} 0" in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A file of keys, and one of them."""
    path = tmp_path_factory.mktemp("keys") / "keys"
    line = command("--new-key", "shop", "--keys", path)
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    return path, done.stdout.strip()


@pytest.fixture(scope="module")
def guarded(
    bundle: Path, keys: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    path, _ = keys
    path.chmod(0o644)
    with serving(tmp_path_factory.mktemp("logs") / "log", bundle, "--keys", path) as found:
        yield found


def test_a_key_is_kept_as_a_hash_in_a_file_of_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    line = command("--new-key", "till-1", "--keys", path, "--json")
    told = json.loads(subprocess.run(line, capture_output=True, check=True).stdout)
    assert path.read_text() == f"till-1 {hashlib.sha256(told['key'].encode()).hexdigest()}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = subprocess.run(line, capture_output=True, text=True)
    assert again.returncode == 2
    assert "there is a key called 'till-1' already" in again.stderr


def test_without_a_key_nothing_is_answered_but_pages_and_health(guarded: Server) -> None:
    for path in ("/", "/docs", "/openapi.json", "/healthz", "/readyz", "/static/style.css"):
        assert guarded.get(path).status == 200
    for path in ("/model", "/metrics", "/drift", "/v2", "/nothing"):
        assert guarded.get(path).status == 401
    told = guarded.post("/predict", GOOD, X_API_Key="wrong")
    assert (told.status, told.headers["content-type"]) == (401, "application/problem+json")
    assert told.headers["www-authenticate"].startswith("Bearer")
    assert guarded.post("/models/colours/reload").status == 401


def test_a_key_opens_in_either_header_and_is_logged_by_its_name(
    guarded: Server, keys: tuple[Path, str]
) -> None:
    _, key = keys
    assert guarded.post("/predict", GOOD, X_API_Key=key).status == 200
    bearer = guarded.post("/predict", GOOD, Authorization=f"Bearer {key}", X_Request_ID="known")
    assert bearer.status == 200
    assert guarded.post("/predict", GOOD, Authorization=f"Basic {key}").status == 401
    assert next(line for line in guarded.lines() if line.get("id") == "known")["key"] == "shop"
    log = guarded.log.read_text()
    assert key not in log
    assert "others can read the hashes of the keys; run: chmod 600" in log


def test_keys_are_read_anew_on_sighup(guarded: Server, keys: tuple[Path, str]) -> None:
    path, old = keys
    line = command("--new-key", "late", "--keys", path)
    key = subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()
    assert guarded.get("/model", X_API_Key=key).status == 401
    os.kill(guarded.process.pid, signal.SIGHUP)
    deadline = time.monotonic() + 20
    while guarded.get("/model", X_API_Key=key).status == 401:
        assert time.monotonic() < deadline
    assert guarded.get("/model", X_API_Key=old).status == 200


@pytest.mark.parametrize("text", ["", "# nobody\n", "name 1234\n", "a" * 64])
def test_a_file_of_keys_without_keys_is_refused(bundle: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_text(text)
    done = subprocess.run(
        command(bundle, "--keys", tmp_path / "keys"), capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "keys" in done.stderr
    assert done.stderr.count("\n") == 1


def test_bodies_that_are_held_have_a_limit_together() -> None:
    settings = Settings((), limits=Limits(bytes=100))
    serving_now = Serving(settings, cast(Models, None), Watch())
    with serving_now.room() as first:
        first(700)
        with serving_now.room() as second, pytest.raises(Problem) as refused:
            second(101)
        assert refused.value.status == 429
        assert refused.value.headers["Retry-After"] == "1"
    assert (serving_now.held, serving_now.asked) == (0, 0)


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"fastapi is not installed; .*'diptych\[serve\]'"):
        serve(Settings((Path("any.bundle"),)))

"""Real servers for tests: small bundles, processes on free ports, and requests to them."""

import contextlib
import http.client
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from PIL import Image

from command import keys_without_a_word
from conftest import BLUE, GREEN, RED, picture
from diptych import ImageClassifier, Recipe, audit, clean, read, split

COLOURS = {"red": RED, "blue": BLUE, "green": GREEN}


def small_bundle(path: Path, classes: tuple[str, ...] = ("blue", "red"), seed: int = 0) -> Path:
    """A bundle that tells colours apart, made in a second."""
    photos = path.with_suffix(".photos")
    for place, label in enumerate(classes):
        (photos / label).mkdir(parents=True)
        for i in range(30):
            image = picture(1000 * seed + 100 * i + place, hue=COLOURS[label])
            image.save(photos / label / f"{i}.png")
    recipe = Recipe(engine="linear", network="linear", train="all", image_size=32, epochs=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(path.with_suffix(".cache")))
        data = read(photos)
        parts = split(clean(data, audit(data, size=32)))
        tested = ImageClassifier(recipe).fit(parts.train, parts.valid).evaluate(parts.test)
        return tested.save(path)


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def assorted() -> dict[str, bytes]:
    """Pictures of several formats and sizes, red ones and blue ones in turn."""
    kinds = ("png", "jpeg", "webp", "bmp", "tiff", "gif", "png", "jpeg")
    return {
        f"{i}.{kind}": encoded(picture(700 + i, 40 + 9 * i, hue=(RED, BLUE)[i % 2]), kind)
        for i, kind in enumerate(kinds)
    }


# Red pictures: one that takes a moment, and one that is within every limit.
GOOD = encoded(picture(900, 400, hue=RED), "JPEG")
SMALL = encoded(picture(900, 48, hue=RED))


class Response(NamedTuple):
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A running `diptych serve`."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Response:
        """One request on a connection of its own; in names of headers _ stands for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            received = {name.lower(): value for name, value in response.getheaders()}
            return Response(response.status, received, response.read())

    def get(self, path: str, **headers: str) -> Response:
        return self.ask("GET", path, None, **headers)

    def post(self, path: str, body: bytes = b"", **headers: str) -> Response:
        return self.ask("POST", path, body, **{"Content_Type": "image/png", **headers})

    def post_form(self, path: str, *files: tuple[str, bytes], **settings: str) -> Response:
        """Settings and then files as the parts of a form."""
        texts = [(f'name="{name}"', text.encode()) for name, text in settings.items()]
        pictures = [(f'name="files"; filename="{name}"', data) for name, data in files]
        return self.post_parts(path, *texts, *pictures)

    def post_parts(self, path: str, *parts: tuple[str, bytes]) -> Response:
        """Parts of a form; of each what comes after form-data, and what it holds.

        Further headers of a part may follow, each on its line.
        """
        body = b"".join(
            b"--frame\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n"
            % (head.replace("\n", "\r\n").encode(), data)
            for head, data in parts
        )
        kind = "multipart/form-data; boundary=frame"
        return self.post(path, body + b"--frame--\r\n", Content_Type=kind)

    def post_json(self, path: str, value: Any) -> Response:
        """A body in JSON; bytes are sent as they are."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.post(path, body, Content_Type="application/json")

    def line(self, identity: str) -> dict[str, Any]:
        """What it logged of a request, which it does after the answer."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for line in self.lines():
                if line.get("id") == identity:
                    return line
            time.sleep(0.02)
        raise AssertionError(f"no line of {identity}")

    def lines(self) -> list[dict[str, Any]]:
        """What it logged so far."""
        text = self.log.read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "diptych", "serve", *map(str, arguments)]


@contextlib.contextmanager
def serving(log: Path, *arguments: str | Path, python: tuple[str, ...] = ()) -> Iterator[Server]:
    """A server on a free port, stopped at the end."""
    line = command(*arguments, "--port", "0", "--json")
    line[1:1] = python
    with log.open("wb") as errors:
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=errors, env=os.environ)
    assert process.stdout is not None
    try:
        announcement = process.stdout.readline()
        assert announcement, log.read_text()
        answer = json.loads(announcement)
        assert not keys_without_a_word("serve", answer)
        yield Server(process, urlsplit(answer["url"]).port or 0, log)
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def refusal(*arguments: str | Path) -> str:
    """What it says where it cannot begin."""
    run = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert run.stdout == ""
    return run.stderr


def replace_bundle(bundle: Path, place: Path) -> None:
    """Replace a bundle as training does: written aside, then renamed."""
    aside = place.with_name("aside")
    shutil.copytree(bundle, aside)
    if place.exists():
        place.rename(place.with_name("old"))
    aside.rename(place)
    shutil.rmtree(place.with_name("old"), ignore_errors=True)


class Crowd:
    """Clients that ask one request after the other, each on a connection that stays open."""

    def __init__(self, server: Server, clients: int) -> None:
        self.statuses: list[int] = []
        self.lost: list[str] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(server.port,)) for _ in range(clients)
        ]
        for thread in self._threads:
            thread.start()

    def wait_for(self, answers: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.statuses) < answers:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while not self._stop.is_set():
            try:
                connection.connect()
            except OSError:
                return  # nobody listens any more: nothing was accepted
            try:
                while not self._stop.is_set() and connection.sock:
                    connection.request("POST", "/predict", GOOD, {"Content-Type": "image/jpeg"})
                    response = connection.getresponse()
                    response.read()
                    self.statuses.append(response.status)
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
            connection.close()


def every_worker(server: Server, holds: Callable[[], bool]) -> None:
    """Wait until something holds forty times in a row, whichever worker answers."""
    deadline, held = time.monotonic() + 30, 0
    while held < 40:
        held = held + 1 if holds() else 0
        assert time.monotonic() < deadline


HALF = "POST /predict HTTP/1.1\nHost: here\nContent-Length: 5000\n\n"


def begin_request(server: Server, head: str, body: bytes = b"") -> socket.socket:
    """A connection on which a request has begun."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.sendall(head.replace("\n", "\r\n").encode() + body)
    return connection


def read_response(connection: socket.socket) -> Response:
    """All that comes until the other side closes, as one answer."""
    text = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = text.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest)}
    return Response(int(first.split()[1]), headers, body)

"""Real servers for tests: small bundles, processes on free ports, and requests to them."""

import contextlib
import http.client
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image

from conftest import BLUE, GREEN, RED, picture
from diptych import ImageClassifier, Recipe, audit, clean, read, split

COLOURS = {"red": RED, "blue": BLUE, "green": GREEN}


def small_bundle(path: Path, classes: tuple[str, ...] = ("blue", "red"), seed: int = 0) -> Path:
    """A bundle that tells colours apart, made in a second."""
    photos = path.with_suffix(".photos")
    for place, label in enumerate(classes):
        (photos / label).mkdir(parents=True)
        for i in range(30):
            drawn = picture(1000 * seed + 100 * i + place, hue=COLOURS[label])
            drawn.save(photos / label / f"{i}.png")
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


class Answer(NamedTuple):
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

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection of its own; in names of headers _ stands for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            found = connection.getresponse()
            told = {name.lower(): value for name, value in found.getheaders()}
            return Answer(found.status, told, found.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, None, **headers)

    def post(self, path: str, body: bytes = b"", **headers: str) -> Answer:
        return self.ask("POST", path, body, **{"Content_Type": "image/png", **headers})

    def post_form(self, path: str, *files: tuple[str, bytes]) -> Answer:
        """Files as the parts of a form."""
        parts = b"".join(
            b'--frame\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\n\r\n%s\r\n'
            % (name.encode(), data)
            for name, data in files
        )
        kind = "multipart/form-data; boundary=frame"
        return self.post(path, parts + b"--frame--\r\n", Content_Type=kind)

    def lines(self) -> list[dict[str, Any]]:
        """What it logged."""
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
        told = process.stdout.readline()
        assert told, log.read_text()
        yield Server(process, int(json.loads(told)["url"].rstrip("/").rsplit(":", 1)[1]), log)
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()

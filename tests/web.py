"""A real web server for tests, which does what servers do to programs that gather pictures."""

import contextlib
import csv
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from conftest import picture
from diptych.gathering import Limits
from served import encoded

# Everything at once, and no long waits.
QUICK = Limits(delay=0, connections=8, backoff=0.01, seconds=5, allow_private=True)


class Asked(NamedTuple):
    """A request as it arrived."""

    path: str
    headers: Mapping[str, str]
    at: float  # seconds, of the monotonic clock


class Visitor(BaseHTTPRequestHandler):
    """Answers one request after the other on a connection."""

    protocol_version = "HTTP/1.1"
    web: "Web"
    timeout = 10

    def do_GET(self) -> None:
        self.web.asked.append(Asked(self.path, dict(self.headers.items()), time.monotonic()))
        page = self.web.pages.get(self.path.partition("?")[0], status(404))
        with contextlib.suppress(ConnectionError):
            page(self)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


Page = Callable[[Visitor], None]


class Web:
    """What a server has, by path, and what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[Asked] = []
        self.port = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a path on it."""
        return f"http://{host}:{self.port}{path}"

    @property
    def paths(self) -> list[str]:
        """What it was asked for, but for its rules."""
        return [one.path for one in self.asked if one.path != "/robots.txt"]


@contextlib.contextmanager
def web_server(host: str = "127.0.0.1") -> Iterator[Web]:
    """A server on a free port."""
    web = Web()
    server = ThreadingHTTPServer((host, 0), type("Own", (Visitor,), {"web": web}))
    server.daemon_threads = True
    server.block_on_close = False
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def body(data: bytes, kind: str = "image/jpeg", **headers: str) -> Page:
    """Some bytes, of which the server says what it says."""

    def answer(visitor: Visitor) -> None:
        said = {"content_type": kind, "content_length": str(len(data))} | headers
        visitor.send_response(200)
        for name, value in said.items():
            if value:
                visitor.send_header(name.replace("_", "-"), value)
        visitor.close_connection = said["content_length"] != str(len(data))
        visitor.end_headers()
        visitor.wfile.write(data)

    return answer


def status(code: int, **headers: str) -> Page:
    """A status without a body."""

    def answer(visitor: Visitor) -> None:
        visitor.send_response(code)
        for name, value in ({"content_length": "0"} | headers).items():
            visitor.send_header(name.replace("_", "-"), value)
        visitor.end_headers()

    return answer


def redirect(location: str, code: int = 302) -> Page:
    """Somewhere else."""
    return status(code, location=location)


def broken_off(data: bytes, after: int) -> Page:
    """A connection that is reset in the middle."""

    def answer(visitor: Visitor) -> None:
        visitor.send_response(200)
        visitor.send_header("content-length", str(len(data)))
        visitor.end_headers()
        visitor.wfile.write(data[:after])
        visitor.wfile.flush()
        visitor.close_connection = True
        visitor.connection.shutdown(socket.SHUT_RDWR)

    return answer


def endless(piece: bytes, pause: float = 0.0) -> Page:
    """A body without a length, or an end."""

    def answer(visitor: Visitor) -> None:
        visitor.send_response(200)
        visitor.send_header("connection", "close")
        visitor.close_connection = True
        visitor.end_headers()
        while True:
            visitor.wfile.write(piece)
            visitor.wfile.flush()
            time.sleep(pause)

    return answer


def after(seconds: float, page: Page) -> Page:
    """An answer that takes its time."""

    def answer(visitor: Visitor) -> None:
        time.sleep(seconds)
        page(visitor)

    return answer


def in_turn(*pages: Page) -> Page:
    """Another answer each time; the last one from then on."""
    waiting = list(pages)
    lock = threading.Lock()

    def answer(visitor: Visitor) -> None:
        with lock:
            page = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        page(visitor)

    return answer


def photo(seed: int, kind: str = "JPEG") -> bytes:
    """A picture in a file; every seed is another."""
    return encoded(picture(seed, 40), kind)


def table(path: Path, titles: Sequence[str], *rows: Sequence[str]) -> Path:
    """A CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([titles, *rows])
    return path


def manifest(folder: Path) -> list[dict[str, str]]:
    """The rows of gathered.csv."""
    with (folder / "gathered.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

"""The answers of a server, as the bundle that it serves would give them here.

Pictures go over a few kept connections, one a request, as they are and without their names. A
server that is busy is asked again when it says, and one that restarts is waited for.
"""

import http.client
import json
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from diptych.bundles.predictor import Prediction, about
from diptych.errors import InputError
from diptych.images.decoding import read_file
from diptych.images.preprocess import as_png
from diptych.sources import is_table
from diptych.sources.pixel_csv import read_pixels

CONNECTIONS: dict[str, type[http.client.HTTPConnection]] = {
    "http": http.client.HTTPConnection,
    "https": http.client.HTTPSConnection,
}
IN_FLIGHT = 8  # requests at a time
TIMEOUT = 90.0  # seconds without a byte from the server
# Seconds until a server is given up: one that is busy all the time, one that was there and is gone.
PATIENCE, GONE = 600.0, 20.0
LONGEST_WAIT = 60.0  # seconds between two tries, whatever the server says
BUSY = (429, 503)
WHOSE_KEY = (401, 403)
# What concerns the one picture, and will not get better; with 500 it was too much for the server.
THE_PICTURE = (400, 408, 413, 415, 422, 500)

Read = Callable[[], bytes]


def is_address(name: str) -> bool:
    """Whether a name is that of a server rather than of a bundle."""
    return name.partition("://")[0].lower() in CONNECTIONS and "://" in name


class Client:
    """A server at `http://host:port`; `?model=NAME` after it picks one of its models.

    Raises InputError where nothing answers there, or something else than `diptych serve`.
    """

    def __init__(self, address: str, key: str | None = None) -> None:
        self._site = _site(address)
        self._headers = {"X-API-Key": _sendable(key)} if key else {}
        self._idle = deque[http.client.HTTPConnection]()
        self._stopped = Event()
        try:
            facts = self._accepted(self._exchanged("GET", "model"))
            height, width, channels = facts["input"]
            self._shape = (height, width, channels)
            self._largest = int(facts["limits"]["bytes"])
        except _GoneError as error:
            raise self._unreachable(error) from error
        except (KeyError, TypeError, ValueError) as error:
            raise self._foreign() from error

    def stream(self, pictures: Iterable[str | Path]) -> Iterator[Prediction]:
        """Answer for files as they are ready, in their order; never fails because of a picture.

        A CSV of pixels has an answer for each row. Raises InputError where the server is gone, or
        refuses whoever asks.
        """
        running = deque[Future[Prediction]]()
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            try:
                for name, read in self._named(map(Path, pictures)):
                    running.append(pool.submit(self._answer, name, read))
                    if len(running) == 2 * IN_FLIGHT:
                        yield running.popleft().result()
                while running:
                    yield running.popleft().result()
            finally:
                self._stopped.set()
                pool.shutdown(cancel_futures=True)
                self._stopped.clear()
                while self._idle:
                    self._idle.pop().close()

    def _named(self, paths: Iterable[Path]) -> Iterator[tuple[str, Read]]:
        """What each picture is called, and how to get the bytes of its file."""
        for path in paths:
            if is_table(path):
                yield from self._rows(path)
            else:
                yield str(path), partial(self._read, path)

    def _rows(self, table: Path) -> Iterator[tuple[str, Read]]:
        """Every row of a CSV of pixels, as a file that decodes to them."""
        try:
            for names, pixels_NHWC in read_pixels(table, self._shape):
                for name, pixels in zip(names, pixels_NHWC, strict=True):
                    yield name, partial(as_png, pixels)
        except InputError as error:
            yield str(table), _raising(InputError(about(table, error)))

    def _read(self, path: Path) -> bytes:
        data = read_file(path)
        if len(data) > self._largest:
            raise InputError(
                f"too large: {len(data):,} bytes; the server takes at most {self._largest:,}"
            )
        return data

    def _answer(self, name: str, read: Read) -> Prediction:
        try:
            data = read()
        except InputError as error:
            return Prediction(name, error=str(error))
        answer = self._patiently("POST", "predict", data)
        if answer.status in THE_PICTURE:
            return Prediction(name, error=answer.complaint)
        try:
            (one,) = self._accepted(answer)["predictions"]
            return Prediction(name, **{field: one[field] for field in Prediction._fields[1:]})
        except (KeyError, TypeError, ValueError) as error:
            raise self._foreign() from error

    def _patiently(self, method: str, what: str, body: bytes) -> "_Answer":
        """The answer of a server that may be busy or about to be back."""
        started = monotonic()
        tries = 0
        while True:
            tries += 1
            usual = min(0.25 * 2**tries, 8.0)
            try:
                answer = self._exchanged(method, what, body)
            except _GoneError as error:
                if monotonic() - started > GONE or self._stopped.is_set():
                    raise self._unreachable(error) from error
                wait = usual
            else:
                if answer.status not in BUSY:
                    return answer
                if monotonic() - started > PATIENCE or self._stopped.is_set():
                    raise InputError(f"{self._site.address}: still busy: {answer.complaint}")
                wait = min(answer.wait or usual, LONGEST_WAIT)
            # Spread a little, so that not all come back at once.
            self._stopped.wait(wait * random.uniform(1, 1.25))

    def _exchanged(self, method: str, what: str, body: bytes | None = None) -> "_Answer":
        """One request and its answer, on a connection that is kept where there is one."""
        headers = self._headers | ({"Content-Type": "application/octet-stream"} if body else {})
        while True:
            try:
                connection, kept = self._idle.pop(), True
            except IndexError:
                connection, kept = self._site.connection(), False
            try:
                connection.request(method, self._site.target(what), body, headers)
                found = connection.getresponse()
                answer = _Answer(found.status, _seconds(found.headers["Retry-After"]), found.read())
            except (OSError, http.client.HTTPException, UnicodeError) as error:
                connection.close()
                # A server closes connections that were idle for long; that is no reason to fail.
                if kept and not isinstance(error, TimeoutError):
                    continue
                raise _GoneError(_why(error)) from error
            self._idle.append(connection)
            return answer

    def _accepted(self, answer: "_Answer") -> Any:
        """What the server says in an answer that is a yes; raises InputError for a no."""
        if answer.status == 200:
            return json.loads(answer.body)
        if answer.status in WHOSE_KEY:
            raise InputError(
                f"{self._site.address}: {answer.complaint}; give a key with --key or in DIPTYCH_KEY"
            )
        raise InputError(f"{self._site.address}: {answer.complaint}")

    def _unreachable(self, error: "_GoneError") -> InputError:
        return InputError(
            f"{self._site.address}: cannot be reached: {error}; is `diptych serve` running there?"
        )

    def _foreign(self) -> InputError:
        return InputError(f"{self._site.address}: something answers there, but not `diptych serve`")


class _GoneError(Exception):
    """A server cannot be reached; the message says why."""


class _Answer(NamedTuple):
    status: int
    wait: float  # seconds until the server wants to be asked again; 0 where it does not say
    body: bytes

    @property
    def complaint(self) -> str:
        """What a problem document says (RFC 9457), or the least there is to say."""
        try:
            return str(json.loads(self.body)["detail"])
        except (KeyError, TypeError, ValueError):
            phrase = http.client.responses.get(self.status, "")
            return f"the server answered {self.status} {phrase}".rstrip()


class _Site(NamedTuple):
    """Where a server is, and which of its models is meant."""

    address: str  # as given
    scheme: str
    host: str
    port: int | None
    path: str  # what comes before the names of the interface; ends in "/"
    query: str

    def connection(self) -> http.client.HTTPConnection:
        return CONNECTIONS[self.scheme](self.host, self.port, timeout=TIMEOUT)

    def target(self, what: str) -> str:
        return f"{self.path}{what}{self.query}"


def _site(address: str) -> _Site:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
        query = parse_qsl(parts.query, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise InputError(f"{address}: no address of a server: {error}") from error
    if not host or parts.username or [name for name, _ in query] not in ([], ["model"]):
        raise InputError(
            f"{address}: no address of a server; give http://HOST:PORT, or http://HOST:PORT?model=NAME"
        )
    path = quote(parts.path.rstrip("/"), safe="/%") + "/"
    return _Site(address, parts.scheme, host, port, path, f"?{urlencode(query)}" if query else "")


def _sendable(key: str) -> str:
    if not (key.isascii() and key.isprintable()):
        raise InputError("the key has characters that no key has; give it as it was printed")
    return key


def _seconds(retry_after: str | None) -> float:
    """How long to wait; 0 where the header is missing or is a date."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {TIMEOUT:.0f} s"
    strerror = error.strerror if isinstance(error, OSError) else None
    return (strerror or str(error) or type(error).__name__).lower()


def _raising(error: InputError) -> Read:
    def read() -> bytes:
        raise error

    return read

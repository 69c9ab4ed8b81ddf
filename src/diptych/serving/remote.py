"""Requests to a server elsewhere, over a few kept connections.

A server that is busy is asked again when it says, and one that restarts is waited for.
"""

import http.client
import json
import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from diptych.errors import InputError

CONNECTIONS: dict[str, type[http.client.HTTPConnection]] = {
    "http": http.client.HTTPConnection,
    "https": http.client.HTTPSConnection,
}
TIMEOUT = 90.0  # seconds without a byte from the server
# Seconds until a server is given up: one that is busy all the time, one that was there and is gone.
PATIENCE, GONE = 600.0, 20.0
LONGEST_WAIT = 60.0  # seconds between two tries, whatever the server says
BUSY = (429, 503)
WHOSE_KEY = (401, 403)


def is_address(name: str) -> bool:
    """Whether a name is that of a server rather than of a bundle."""
    return name.partition("://")[0].lower() in CONNECTIONS and "://" in name


class GoneError(Exception):
    """A server cannot be reached; the message says why."""


class Response(NamedTuple):
    """What a server answered."""

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


class RemoteServer:
    """A server at `http://host:port`; `?model=NAME` after it is sent with every request."""

    def __init__(self, address: str, key: str | None) -> None:
        """Raises InputError where the address or the key can be none."""
        self._site = _site(address)
        self._headers = {"X-API-Key": _sendable(key)} if key else {}
        self._idle = deque[http.client.HTTPConnection]()
        self._stopped = Event()

    def request(self, method: str, route: str, body: bytes | None = None) -> Response:
        """One request, on a connection that is kept where there is one; may raise GoneError."""
        headers = self._headers | ({"Content-Type": "application/octet-stream"} if body else {})
        while True:
            try:
                connection, kept = self._idle.pop(), True
            except IndexError:
                connection, kept = self._site.connection(), False
            try:
                connection.request(method, self._site.target(route), body, headers)
                reply = connection.getresponse()
                wait = _seconds(reply.headers["Retry-After"])
                response = Response(reply.status, wait, reply.read())
            except (OSError, http.client.HTTPException, UnicodeError) as error:
                connection.close()
                # A server closes connections that were idle for long; that is no reason to fail.
                if kept and not isinstance(error, TimeoutError):
                    continue
                raise GoneError(_why(error)) from error
            self._idle.append(connection)
            return response

    def request_patiently(self, method: str, route: str, body: bytes) -> Response:
        """The response of a server that may be busy or about to be back.

        Raises InputError where it stays so for too long.
        """
        started = monotonic()
        tries = 0
        while True:
            tries += 1
            usual = min(0.25 * 2**tries, 8.0)
            try:
                response = self.request(method, route, body)
            except GoneError as error:
                if monotonic() - started > GONE or self._stopped.is_set():
                    raise self.unreachable(error) from error
                wait = usual
            else:
                if response.status not in BUSY:
                    return response
                if monotonic() - started > PATIENCE or self._stopped.is_set():
                    raise InputError(f"{self._site.address}: still busy: {response.complaint}")
                wait = min(response.wait or usual, LONGEST_WAIT)
            # Spread a little, so that not all come back at once.
            self._stopped.wait(wait * random.uniform(1, 1.25))

    def accepted(self, response: Response) -> Any:
        """What the server says in a response that is a yes; raises InputError for a no."""
        if response.status == 200:
            return json.loads(response.body)
        key = "; give a key with --key or in DIPTYCH_KEY" if response.status in WHOSE_KEY else ""
        raise InputError(f"{self._site.address}: {response.complaint}{key}")

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """For this long, whoever waits for the server gives up."""
        self._stopped.set()
        yield
        self._stopped.clear()

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop().close()

    def unreachable(self, error: GoneError) -> InputError:
        """What to say of a server that is gone."""
        return InputError(
            f"{self._site.address}: cannot be reached: {error}; is `diptych serve` running there?"
        )

    def foreign(self) -> InputError:
        """What to say of a server that speaks otherwise."""
        return InputError(f"{self._site.address}: something answers there, but not `diptych serve`")


class _Site(NamedTuple):
    """Where a server is, and which of its models is meant."""

    address: str  # as a person wrote it
    scheme: str
    host: str
    port: int | None
    path: str  # what comes before the names of the interface; ends in "/"
    query: str

    def connection(self) -> http.client.HTTPConnection:
        return CONNECTIONS[self.scheme](self.host, self.port, timeout=TIMEOUT)

    def target(self, route: str) -> str:
        return f"{self.path}{route}{self.query}"


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

"""Requests to servers: over connections to addresses that were looked at, until a deadline.

The only module that needs httpcore2. A name is resolved once for each connection, and the address
that was looked at is the one that is connected to, so that a name which changes in between (DNS
rebinding) leads nowhere else. The name stays in the Host header, and in TLS.
"""

import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from diptych.errors import MissingExtra
from diptych.gathering import guard
from diptych.gathering.addresses import WebAddress
from diptych.gathering.failures import Again, Failure
from diptych.gathering.limits import Limits
from diptych.gathering.retrying import SAYING_WHEN, seconds_asked

try:
    import httpcore2
except ModuleNotFoundError as cause:
    raise MissingExtra("httpcore2", "gather") from cause

KEPT = 15.0  # seconds that a connection is kept for the next request to the same host


class Reply(NamedTuple):
    """What a server answers; its body comes in pieces as they arrive."""

    status: int
    headers: Mapping[str, str]  # by their names in small letters
    pieces: Iterator[bytes]

    @property
    def wait(self) -> float | None:
        """Seconds that it asks to wait before the next request; None where it does not say."""
        if self.status not in SAYING_WHEN:
            return None
        return seconds_asked(self.headers.get("retry-after", ""))


class Client:
    """Asks servers, from many threads at once."""

    def __init__(
        self,
        limits: Limits,
        resolve: guard.Resolve = guard.resolve,
        certificates: ssl.SSLContext | None = None,
    ) -> None:
        self._headers = {
            "User-Agent": limits.agent,
            "Accept": "image/*,*/*;q=0.5",
            # Pictures are compressed already.
            "Accept-Encoding": "identity",
        }
        self._seconds = limits.seconds
        self._wire = _Wire(resolve, limits.allow_private)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=certificates,
            max_connections=limits.at_once,
            keepalive_expiry=KEPT,
            network_backend=self._wire,
        )

    @contextmanager
    def get(self, address: WebAddress) -> Iterator[Reply]:
        """The answer to a request, while it is used; raises Failure, reading the body too."""
        url = address.url
        headers = [("Host", address.host), *self._headers.items()]
        if address.login:
            headers.append(("Authorization", address.login))
        asked = httpcore2.URL(
            scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
        )
        self._wire.begin(self._seconds)
        with (
            _failures(self._seconds),
            self._pool.stream("GET", asked, headers=headers) as response,
        ):
            fields: dict[str, str] = {}
            for name, value in response.headers:
                fields.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
            yield Reply(response.status, fields, response.iter_stream())

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


@contextmanager
def _failures(seconds: float) -> Iterator[None]:
    """What a request may raise, as a Failure."""
    try:
        yield
    except httpcore2.TimeoutException as cause:
        raise Again("no answer", f"not within {seconds:g} seconds") from cause
    except httpcore2.ConnectError as cause:
        if isinstance(ssl_error := _cause_of(cause), ssl.SSLCertVerificationError):
            said = f"the certificate of the server does not hold: {ssl_error.verify_message}"
            raise Failure("bad certificate", said) from cause
        raise Again("no answer", f"no connection: {_said(cause)}") from cause
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as cause:
        raise Again("connection broken", _said(cause)) from cause


def _cause_of(error: BaseException) -> BaseException | None:
    """The error of the system behind one of httpcore2's, which gives it as what it says."""
    return next((one for one in error.args if isinstance(one, BaseException)), error.__cause__)


def _said(error: BaseException) -> str:
    cause = _cause_of(error)
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return " ".join(str(error).split()) or "it was cut off"


class _Wire(httpcore2.NetworkBackend):
    """Connections to addresses that were looked at, on which nothing waits past the deadline."""

    def __init__(self, resolve: guard.Resolve, allow_private: bool) -> None:
        self._resolve, self._allow_private = resolve, allow_private
        self._sockets = httpcore2.SyncBackend()
        self._of_thread = threading.local()

    def begin(self, seconds: float) -> None:
        """Let what this thread does from now on take so long."""
        self._of_thread.deadline = time.monotonic() + seconds

    def left(self, error: type[Exception]) -> float:
        """Seconds to this thread's deadline; raises the error after it."""
        left = float(self._of_thread.deadline - time.monotonic())
        if left <= 0:
            raise error("too late")
        return left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = self._resolve(host, port)
        if not self._allow_private:
            addresses = guard.public(addresses)
        refusal: Exception = httpcore2.ConnectError("it has no address")
        for number, address in enumerate(addresses):
            # One that does not answer leaves time for the next.
            share = self.left(httpcore2.ConnectTimeout) / (len(addresses) - number)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, share, local_address, socket_options or ()
                )
                return _Stream(stream, self)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                refusal = error
        raise refusal


class _Stream(httpcore2.NetworkStream):
    """A connection on which nothing waits past the deadline of the thread that uses it."""

    def __init__(self, stream: httpcore2.NetworkStream, wire: _Wire) -> None:
        self._stream, self._wire = stream, wire

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._wire.left(httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._wire.left(httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._wire.left(httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._wire)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

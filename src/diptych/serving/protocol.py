"""HTTP/1.1 by uvicorn and httptools, with limits on how long and how large a request's head is."""

import asyncio
import json

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

# Bytes of a request's first line and headers.
HEAD = 32 * 2**10
# Seconds for them to arrive at most.
SECONDS = 10.0
# Seconds in which what a refused client still sends is thrown away. Closed at once, with bytes
# unread, a connection is reset, and the refusal lost (RFC 9112, 9.6).
LINGER = 2.0


def http_protocol(seconds: float) -> type[HttpToolsProtocol]:
    """The class of connections on which the head of a request has so many seconds to arrive."""

    class Protocol(HttpProtocol):
        patience = min(seconds, SECONDS)

    return Protocol


class HttpProtocol(HttpToolsProtocol):
    """A connection that ends where a head is endless, or does not come."""

    patience = SECONDS
    _head = 0  # bytes of the head so far
    _in_head = True
    _refused = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.patience, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unset_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and not self._is_over():
            if self._head > HEAD:
                self._too_large()
            elif self._head and self._deadline is None:
                self._deadline = self.loop.call_later(self.patience, self._late)
        self._rearm_keepalive()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head = 0
        self._unset_deadline()
        # A large one may have come as a whole.
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD:
            self._too_large()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_over():
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._is_over():
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "this is no HTTP request")

    def _too_large(self) -> None:
        self._refuse(431, f"the head of a request may have {HEAD:,} bytes")

    def _late(self) -> None:
        self._deadline = None
        if not self._is_over():
            self._refuse(408, f"the head of a request was not complete after {self.patience:g} s")

    def _rearm_keepalive(self) -> None:
        """Wait no longer for the rest of a request that was answered before its end."""
        answered = self.cycle is not None and self.cycle.response_complete
        if answered and self.timeout_keep_alive_task is None and not self._is_over():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _unset_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _is_over(self) -> bool:
        """Whether nothing more is answered here."""
        return self._refused or self.transport.is_closing()

    def _refuse(self, status: int, detail: str) -> None:
        if self._is_over():
            return
        self._refused = True
        title = STATUS_LINE[status].decode().split(" ", 2)[2].strip()
        problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        body = json.dumps(problem).encode()
        head = (
            "content-type: application/problem+json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[status] + head.encode() + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.loop.call_later(LINGER, self.transport.close)
        else:
            self.transport.close()

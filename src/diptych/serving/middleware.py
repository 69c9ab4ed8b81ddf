"""What every request passes, in and out: its id, its key, its line in the log.

Plain ASGI: a middleware of Starlette's own kind costs more than all of this.
"""

import asyncio
import re
import time
import uuid
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from diptych.serving import keys, logs, problems
from diptych.serving.problems import Problem, busy
from diptych.serving.state import ServerState

# Whether a path had a slash at its end, in the scope of a request.
SLASH = "diptych.slash"
_ENDS_IN_SLASH = re.compile(r"[^/]/\Z")
# What needs no key.
OPEN = re.compile(r"/(healthz|readyz|docs|openapi\.json|watch|static/.*|)")
_ROUTES = re.compile(
    r"/(?:$|(?:predict|explain|model|models|drift|watch|docs|healthz|readyz|metrics|static|v2)\b)"
)
_SANE = re.compile(rb"[A-Za-z0-9._-]{1,64}")
# What a page of ours may load and do: nothing from elsewhere, and no script inside of a page.
_POLICY = (
    b"default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'self'; "
    b"form-action 'self'; frame-ancestors 'none'"
)
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", _POLICY),
)
# The status of a request whose client went away, as proxies log it.
GONE = 499
# Seconds for the rest of a request that is refused anyway.
REST = 5.0


class LoggingMiddleware:
    """Gives each request an id, counts it, writes its line, and answers what nobody foresaw."""

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        sent = dict(scope["headers"]).get(b"x-request-id", b"")
        identity = sent if _SANE.fullmatch(sent) else uuid.uuid4().hex.encode()
        facts = scope["log"] = {}
        status = GONE

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", identity), *_ALWAYS]
                if self._state.closing:
                    headers.append((b"connection", b"close"))
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, receive, send_marked)
        except ClientDisconnect:
            pass
        except Exception as error:
            logs.failure(identity.decode(), error)
            if status == GONE:
                unforeseen = Problem(500, "this should not have happened; the log tells more")
                await problems.response(unforeseen, scope)(scope, receive, send_marked)
        finally:
            seconds = time.perf_counter() - started
            route = _ROUTES.match(scope["path"])
            self._state.monitor.counters.count_request(
                route[0] if route else "other", status, seconds
            )
            logs.write(
                id=identity.decode(),
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(1000 * seconds, 1),
                **facts,
            )


class RequestLineMiddleware:
    """Answers HEAD as GET, and a path with a slash at its end as the one without.

    No redirect: behind a proxy the server does not know what its own addresses are.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        has_slash = bool(_ENDS_IN_SLASH.search(path))
        plain = {
            # uvicorn, which still sees HEAD, leaves out the body.
            "method": "GET" if method == "HEAD" else method,
            "path": path[:-1] if has_slash else path,
            SLASH: has_slash,
        }
        await self._app({**scope, **plain}, receive, send)


class AccessMiddleware:
    """Turns away who has no key where one is needed, and who comes too late."""

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = None if OPEN.fullmatch(scope["path"]) else self._refusal(scope)
        if problem is None:
            await self._app(scope, receive, send)
            return
        if self._state.closing:
            # A connection that is closed amid a body may take the answer with it.
            with suppress(TimeoutError):
                async with asyncio.timeout(REST):
                    while (await receive()).get("more_body"):
                        pass
        await problems.response(problem, scope)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        if self._state.closing:
            return busy("the server is shutting down; send it again", status=503)
        if self._state.keys:
            owner = keys.owner(self._state.keys, dict(scope["headers"]))
            if owner is None:
                return Problem(
                    401,
                    "a key is needed: send it as X-API-Key, or as Authorization: Bearer",
                    headers={"WWW-Authenticate": 'Bearer realm="diptych"'},
                )
            scope["log"]["key"] = owner
        return None

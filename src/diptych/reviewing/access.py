"""Who may ask: only this machine, by the address with the token in it, from no other page.

A page of somebody else can have a browser ask 127.0.0.1, by a name that leads there (DNS
rebinding) or by a form: it knows no token, its name is another, and its origin is.
"""

import re
import secrets

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What the page may load and do: nothing from elsewhere, and no script inside of the page.
_POLICY = (
    b"default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    b"form-action 'none'; frame-ancestors 'none'"
)
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", _POLICY),
)
_HERE = re.compile(r"(?:127\.0\.0\.1|localhost)(?::\d{1,5})?")
_PATH = re.compile(r"/([^/]*)(/.*)?")


def new_token() -> str:
    """What only who was told the address knows."""
    return secrets.token_urlsafe(24)


class AccessMiddleware:
    """Lets in who has the token in the path, which is taken off it, and nobody else."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_ALWAYS]}
            await send(message)

        path, refusal = self._within(scope)
        if refusal:
            answer = JSONResponse({"detail": refusal}, 403, media_type="application/problem+json")
            await answer(scope, receive, send_marked)
            return
        inner = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(inner, receive, send_marked)

    def _within(self, scope: Scope) -> tuple[str, str]:
        """The path below the token, and why nobody is let in, or ""."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not _HERE.fullmatch(host):
            return "", "this page answers at 127.0.0.1 alone"
        origin = headers.get(b"origin")
        if origin is not None and origin != f"http://{host}":
            return "", "this page answers no other page"
        match = _PATH.fullmatch(scope["path"])
        token = (match[1] if match else "").encode(errors="replace")
        if not secrets.compare_digest(token, self._token):
            return "", "open the address that `diptych review` has printed: it has a token in it"
        return (match[2] if match else None) or "/", ""

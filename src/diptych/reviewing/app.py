"""The review as an ASGI application: the page, pictures by number, and what is decided."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from diptych.errors import DiptychError, ImageError, InputError
from diptych.reviewing.access import AccessMiddleware
from diptych.reviewing.decisions import NotSaved
from diptych.reviewing.session import Session
from diptych.system.asgi import static_files

WEB = Path(__file__).parent / "web"
DECISIONS = ("keep", "drop", "relabel", "accept", "open")
# Of a body: the numbers of a million pictures.
LARGEST = 16 * 2**20
# A number is the same picture as long as the token is the same.
_KEPT = {"Cache-Control": "private, max-age=3600"}


def application(session: Session, token: str) -> ASGIApp:
    """The review as an ASGI application that answers below its token."""
    routes = Routes(session)
    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/overview", routes.overview),
            Route("/gallery", routes.gallery),
            Route("/pictures", routes.pictures),
            Route("/picture/{number:int}", routes.small),
            Route("/picture/{number:int}/large", routes.large),
            Route("/picture/{number:int}/neighbours", routes.neighbours),
            Route("/changes", routes.changes),
            Route("/decide", routes.decide, methods=["POST"]),
            Route("/undo", routes.undo, methods=["POST"]),
            Route("/redo", routes.redo, methods=["POST"]),
            Route("/learn", routes.learn, methods=["POST"]),
            Route("/train", routes.train, methods=["POST"]),
            Mount("/static", static_files(WEB)),
        ],
        exception_handlers={InputError: _refused, DiptychError: _refused, HTTPException: _missing},
    )
    app.router.redirect_slashes = False
    return AccessMiddleware(app, token)


class Routes:
    """What is asked of a review by HTTP. The work is done on threads: it waits for the disk."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._review = session.review

    async def overview(self, request: Request) -> Response:
        return await _answered(self._session.overview)

    async def gallery(self, request: Request) -> Response:
        name = request.query_params.get("id", "")
        return await _answered(lambda: {"id": name, "numbers": self._review.gallery(name)})

    async def pictures(self, request: Request) -> Response:
        numbers = _numbers(request.query_params.get("numbers", "").split(","))
        return await _answered(lambda: {"pictures": self._review.details(numbers)})

    async def small(self, request: Request) -> Response:
        return await self._picture(request, self._review.pictures.small)

    async def large(self, request: Request) -> Response:
        return await self._picture(request, self._review.pictures.large)

    async def neighbours(self, request: Request) -> Response:
        number = self._number(request)
        return await _answered(lambda: self._review.neighbours(number))

    async def changes(self, request: Request) -> Response:
        window = request.query_params.get("window", "")
        since = _whole(request.query_params.get("since", "0"))
        return await _answered(lambda: self._session.changes(window, since))

    async def decide(self, request: Request) -> Response:
        body = await _body(request)
        decision, numbers = body.get("decision"), body.get("numbers")
        if decision not in DECISIONS:
            raise InputError(f"a decision is one of {', '.join(DECISIONS)}")
        if not isinstance(numbers, list):
            raise InputError("the numbers are a list")
        label = body.get("label") or ""
        if not isinstance(label, str):
            raise InputError("a label is a text")
        return await _answered(
            lambda: self._session.decide(
                window=_window(body),
                seen=_whole(body.get("seen", 0)),
                numbers=_numbers(numbers),
                decision=decision,
                label=label,
                new=body.get("new") is True,
            )
        )

    async def undo(self, request: Request) -> Response:
        window = _window(await _body(request))
        return await _answered(lambda: self._session.undo(window))

    async def redo(self, request: Request) -> Response:
        window = _window(await _body(request))
        return await _answered(lambda: self._session.redo(window))

    async def learn(self, request: Request) -> Response:
        await _body(request)
        return await _answered(self._session.learn)

    async def train(self, request: Request) -> Response:
        await _body(request)
        return await _answered(self._session.train)

    async def _picture(self, request: Request, shown: Callable[[int], Any]) -> Response:
        number = self._number(request)
        file = await run_in_threadpool(shown, number)
        return Response(file.data, media_type=file.kind, headers=_KEPT)

    def _number(self, request: Request) -> int:
        number: int = request.path_params["number"]
        if not self._review.has(number):
            raise HTTPException(404)
        return number


async def _page(request: Request) -> Response:
    return FileResponse(WEB / "index.html")


async def _answered(function: Callable[[], Any]) -> Response:
    return Response(_json(await run_in_threadpool(function)), media_type="application/json")


def _json(value: Any) -> bytes:
    # Bytes in names that are no text are halves of surrogate pairs, which JSON can only escape.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


async def _body(request: Request) -> Mapping[str, Any]:
    """The object that a request brings; its type is one that no form of another page can send."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise HTTPException(415, "send application/json")
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > LARGEST:
            raise HTTPException(413, "that is too much at once")
    try:
        value = json.loads(bytes(data) or b"{}")
    except ValueError as cause:
        raise HTTPException(400, "that is no JSON") from cause
    if not isinstance(value, dict):
        raise HTTPException(400, "send an object")
    return value


def _window(body: Mapping[str, Any]) -> str:
    window = body.get("window")
    if not isinstance(window, str) or not 0 < len(window) <= 64:
        raise InputError("a window names itself")
    return window


def _whole(value: object) -> int:
    try:
        return int(str(value))
    except ValueError as cause:
        raise InputError("a version is a whole number") from cause


def _numbers(values: list[Any]) -> list[int]:
    try:
        return [int(value) for value in values if value != ""]
    except (TypeError, ValueError) as cause:
        raise InputError("pictures are named by their numbers") from cause


async def _refused(request: Request, error: Exception) -> Response:
    # What could not be saved may be another time; the page tries again.
    status = 503 if isinstance(error, NotSaved) else 422 if isinstance(error, ImageError) else 409
    return _problem(status, str(error))


async def _missing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, error.detail)


def _problem(status: int, detail: str) -> Response:
    """What went wrong, as a problem document (RFC 9457)."""
    facts = {"type": "about:blank", "status": status, "detail": detail}
    return Response(_json(facts), status, media_type="application/problem+json")

"""What went wrong, as a problem document (RFC 9457)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Scope

from diptych.errors import DiptychError, ImageError
from diptych.serving.proxies import shown_path

# The status for each reason that a picture cannot be used; 422 for every other.
_BY_REASON = {"too large": 413, "not an image": 415}


class Problem(DiptychError):
    """An answer that is no: its status, what is wrong, and with which file."""

    def __init__(
        self,
        status: int,
        detail: str,
        file: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        # JSON may bring halves of surrogate pairs, which no answer could hold.
        detail = detail.encode(errors="backslashreplace").decode()
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.file = file
        self.headers = dict(headers or {})


def picture_problem(error: ImageError, file: str | None) -> Problem:
    """A picture that cannot be used."""
    return Problem(_BY_REASON.get(error.reason, 422), str(error), file)


def busy(detail: str, status: int = 429, seconds: int = 1) -> Problem:
    """A request that may well be sent again, some seconds later."""
    return Problem(status, detail, headers={"Retry-After": str(seconds)})


def document(problem: Problem, scope: Scope) -> dict[str, Any]:
    """The problem of a request as plain data."""
    facts = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": shown_path(scope),
    }
    if problem.file is not None:
        facts["file"] = problem.file
    if scope["path"].startswith("/v2"):
        # Where the Open Inference Protocol looks for it.
        facts["error"] = problem.detail
    return facts


def response(problem: Problem, scope: Scope) -> JSONResponse:
    """The problem of a request as an answer to it."""
    return JSONResponse(
        document(problem, scope),
        problem.status,
        problem.headers,
        media_type="application/problem+json",
    )


@asynccontextmanager
async def in_time(seconds: float) -> AsyncIterator[None]:
    """Raise Problem where there is no answer in time."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as cause:
        raise busy(f"no answer after {seconds:g} s; send it again later", status=503) from cause

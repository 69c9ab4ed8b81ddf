"""The server as an ASGI application: routes, pages, middleware, and problems as answers."""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from diptych.serving import open_inference, openapi, problems, routes
from diptych.serving.middleware import AccessMiddleware, LoggingMiddleware
from diptych.serving.problems import Problem
from diptych.serving.state import ServerState

WEB = Path(__file__).parent / "web"


def application(state: ServerState) -> ASGIApp:
    """The server as an ASGI application."""
    app = FastAPI(
        title="Diptych",
        summary="Answers what is on a picture.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.server = state
    app.include_router(routes.router)
    _add_pages(app)
    app.include_router(open_inference.router)
    openapi.add_routes(app)
    _add_problems(app)
    inner: ASGIApp = AccessMiddleware(app, state)
    if state.settings.origins:
        inner = CORSMiddleware(
            inner,
            allow_origins=state.settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"],
            expose_headers=["Retry-After", "X-Request-ID"],
        )
    return LoggingMiddleware(inner, state)


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(WEB / "index.html")

    @app.get("/watch", include_in_schema=False)
    async def watch() -> Response:
        return FileResponse(WEB / "watch.html")

    app.mount("/static", StaticFiles(directory=WEB))


def _add_problems(app: FastAPI) -> None:
    """Whatever is raised becomes a problem document."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return problems.response(error, request.url.path)

    @app.exception_handler(HTTPException)
    async def refusal(request: Request, error: HTTPException) -> Response:
        problem = Problem(error.status_code, _detail(error, request), headers=error.headers)
        return problems.response(problem, request.url.path)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = first["loc"][-1]
        return problems.response(Problem(400, f"{where}: {first['msg']}"), request.url.path)


def _detail(error: HTTPException, request: Request) -> str:
    if error.status_code == 404:
        return f"there is nothing at {request.url.path}; /docs tells what there is"
    if error.status_code == 405:
        return f"{request.method} cannot be used here; {(error.headers or {}).get('Allow')} can"
    return str(error.detail)

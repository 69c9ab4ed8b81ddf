"""The server as an ASGI application: routes, pages, middleware, and problems as answers."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from diptych.serving import open_inference, openapi, pages, problems, routes
from diptych.serving.middleware import AccessMiddleware, LoggingMiddleware, RequestLineMiddleware
from diptych.serving.problems import Problem
from diptych.serving.proxies import PREFIX, ProxyMiddleware, networks, root_path, shown_path
from diptych.serving.state import ServerState
from diptych.serving.tensors import JSON_LENGTH


def application(state: ServerState) -> ASGIApp:
    """The server as an ASGI application."""
    app = FastAPI(
        title="Diptych",
        summary="Answers what is on a picture.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.server = state
    app.include_router(routes.router)
    pages.add_routes(app)
    app.include_router(open_inference.router)
    openapi.add_routes(app)
    _add_problems(app)
    inner: ASGIApp = RequestLineMiddleware(AccessMiddleware(app, state))
    if state.settings.origins:
        inner = CORSMiddleware(
            inner,
            allow_origins=state.settings.origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                JSON_LENGTH,
                "X-API-Key",
                "X-Request-ID",
            ],
            expose_headers=[JSON_LENGTH, "Retry-After", "X-Request-ID"],
        )
    settings = state.settings
    logged = LoggingMiddleware(inner, state)
    return ProxyMiddleware(logged, root_path(settings.root_path), networks(settings.proxies))


def _add_problems(app: FastAPI) -> None:
    """Whatever is raised becomes a problem document."""

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return problems.response(error, request.scope)

    @app.exception_handler(HTTPException)
    async def refusal(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = _allowed(headers.get("Allow", "GET"))
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
        problem = Problem(error.status_code, _detail(error, request, headers), headers=headers)
        return problems.response(problem, request.scope)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = first["loc"][-1]
        return problems.response(Problem(400, f"{where}: {first['msg']}"), request.scope)


def _allowed(methods: str) -> str:
    """Methods, of which a route names those that it answers itself."""
    names = set(methods.split(", "))
    return ", ".join(sorted(names | {"HEAD"} if "GET" in names else names))


def _detail(error: HTTPException, request: Request, headers: Mapping[str, str]) -> str:
    if error.status_code == 404:
        docs = f"{request.scope[PREFIX]}/docs"
        return f"there is nothing at {shown_path(request.scope)}; {docs} tells what there is"
    if error.status_code == 405:
        return f"{request.method} cannot be used here; {headers['Allow']} can"
    return str(error.detail)

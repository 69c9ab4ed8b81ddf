"""What can be asked of the server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from diptych.bundles.predictor import Prediction
from diptych.errors import ImageError
from diptych.serving import bodies, open_inference, problems
from diptych.serving import openapi as described
from diptych.serving import schemas as answers
from diptych.serving.bodies import Given
from diptych.serving.middleware import Door, Guard
from diptych.serving.models import Model
from diptych.serving.problems import Problem, busy
from diptych.serving.state import Serving

WEB = Path(__file__).parent / "web"
Which = Annotated[str | None, Query(description="a model's name; without one, the first")]
Class = Annotated[str | None, Query(alias="class", description="without one, that of the answer")]
Force = Annotated[bool, Query(description="take it even where its classes are others")]


def application(serving: Serving) -> ASGIApp:
    """The server as an ASGI application."""
    app = FastAPI(
        title="Diptych",
        summary="Answers what is on a picture.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    _answers(app, serving)
    _state(app, serving)
    _pages(app)
    app.include_router(open_inference.router(serving))
    described.add(app)

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return problems.response(error, request.url.path)

    @app.exception_handler(HTTPException)
    async def refusal(request: Request, error: HTTPException) -> Response:
        told = Problem(error.status_code, _about(error, request), headers=error.headers)
        return problems.response(told, request.url.path)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = first["loc"][-1]
        return problems.response(Problem(400, f"{where}: {first['msg']}"), request.url.path)

    guarded: ASGIApp = Guard(app, serving)
    if serving.settings.origins:
        guarded = CORSMiddleware(
            guarded,
            allow_origins=serving.settings.origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"],
            expose_headers=["Retry-After", "X-Request-ID"],
        )
    return Door(guarded, serving)


def _answers(app: FastAPI, serving: Serving) -> None:
    limits = serving.settings.limits

    @app.post(
        "/predict",
        responses={200: {"model": answers.Answers}, **answers.problems(*answers.OF_PICTURES)},
        openapi_extra=answers.PICTURES,
    )
    async def predict(request: Request, model: Which = None) -> Response:
        """Say what is on pictures.

        Send one as it is, or several as the parts of a form. Of several, one that cannot be used
        has an error in its place; one alone that cannot be used is refused.
        """
        chosen = serving.models.named(model)
        with serving.room() as hold:
            given = await bodies.pictures(request, limits, hold)
            request.scope["noted"] |= {"model": chosen.name, "pictures": len(given)}
            async with _in_time(limits.seconds):
                if len(given) == 1:
                    found = [await _answer(chosen, given[0])]
                else:
                    found = await asyncio.gather(*(_answer_or_error(chosen, g) for g in given))
        return JSONResponse({"model": chosen.name, "predictions": list(map(_told, found))})

    @app.post(
        "/explain",
        response_class=Response,
        responses={
            200: {"content": {"image/png": {}}, "description": "The picture under its heat."},
            **answers.problems(*answers.OF_PICTURES),
        },
        openapi_extra=answers.PICTURE,
    )
    async def explain(request: Request, model: Which = None, of: Class = None) -> Response:
        """Colour what speaks for a class on a picture, as a PNG."""
        chosen = serving.models.named(model)
        with serving.room() as hold:
            data = await bodies.whole(request, limits, hold)
            request.scope["noted"] |= {"model": chosen.name, "pictures": 1}
            async with _in_time(limits.seconds):
                try:
                    png = await serving.models.explain(chosen, data, of)
                except ImageError as error:
                    raise problems.of_picture(error, None) from error
        return Response(png, media_type="image/png")


def _state(app: FastAPI, serving: Serving) -> None:
    @app.get("/model", responses={200: {"model": answers.About}, **answers.problems(401, 404, 503)})
    async def about(model: Which = None) -> Response:
        """What is known of a model."""
        chosen = serving.models.named(model)
        return JSONResponse(chosen.described(serving.models.names, serving.settings.limits))

    @app.get("/drift", responses={200: {"model": answers.Drift}, **answers.problems(401, 404, 503)})
    async def drift(model: Which = None) -> Response:
        """What a model answered since it was loaded, and how that differs from its training."""
        return JSONResponse(serving.watch.drift(serving.models.named(model)))

    @app.get("/healthz", responses={200: {"model": answers.State}})
    async def healthz() -> Response:
        """Whether the process lives."""
        return JSONResponse({"status": "ok"})

    @app.get("/readyz", responses={200: {"model": answers.State}, **answers.problems(503)})
    async def readyz() -> Response:
        """Whether it takes requests."""
        if serving.closing:
            raise busy("the server is shutting down", status=503)
        return JSONResponse({"status": "ready", "models": serving.models.names})

    @app.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, **answers.problems(401, 503)},
    )
    async def metrics() -> Response:
        """Counters for Prometheus."""
        text, kind = serving.watch.exposition(serving.models)
        return Response(text, media_type=kind)

    @app.post(
        "/models/{name}/reload",
        responses={
            200: {"model": answers.Reloaded},
            **answers.problems(400, 401, 403, 404, 409, 503),
        },
    )
    async def reload(request: Request, name: str, force: Force = False) -> Response:
        """Open a bundle anew; what was asked before is still answered by the old one."""
        _refuse_foreign(request, bool(serving.keys))
        version = await serving.reload(name, force)
        classes = list(serving.models.named(name).classes)
        return JSONResponse({"model": name, "version": version, "classes": classes})


def _pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return FileResponse(WEB / "index.html")

    @app.get("/watch", include_in_schema=False)
    async def watch() -> Response:
        return FileResponse(WEB / "watch.html")

    app.mount("/static", StaticFiles(directory=WEB))


def _refuse_foreign(request: Request, has_key: bool) -> None:
    """Raise Problem for who is neither on this machine nor has a key, and for pages of others."""
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise Problem(403, "a page from elsewhere cannot ask for this")
    if not has_key and not (request.client and ip_address(request.client.host).is_loopback):
        raise Problem(403, "without --keys, only this machine itself can ask for this")


def _about(error: HTTPException, request: Request) -> str:
    if error.status_code == 404:
        return f"there is nothing at {request.url.path}; /docs tells what there is"
    if error.status_code == 405:
        return f"{request.method} cannot be used here; {(error.headers or {}).get('Allow')} can"
    return str(error.detail)


@asynccontextmanager
async def _in_time(seconds: float) -> AsyncIterator[None]:
    """Raise Problem where there is no answer in time."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as cause:
        raise busy(f"no answer after {seconds:g} s; send it again later", status=503) from cause


async def _answer(model: Model, given: Given) -> Prediction:
    try:
        return await model.predict(given.name or "picture", given.data)
    except ImageError as error:
        raise problems.of_picture(error, given.name) from error


async def _answer_or_error(model: Model, given: Given) -> Prediction:
    try:
        return await model.predict(given.name or "picture", given.data)
    except ImageError as error:
        return Prediction(given.name or "picture", error=str(error))


def _told(prediction: Prediction) -> dict[str, Any]:
    return {**prediction._asdict(), "words": None if prediction.error else _words(prediction)}


def _words(prediction: Prediction) -> str:
    if prediction.probability is None:
        return str(prediction.label)
    return f"{prediction.label}, {100 * prediction.probability:.1f} %"

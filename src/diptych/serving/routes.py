"""What can be asked of the server: predictions, heatmaps, and how its models are."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from diptych.bundles.predictor import Prediction
from diptych.errors import ImageError
from diptych.serving import problems, schemas
from diptych.serving.bodies import Upload
from diptych.serving.models import Model, Models
from diptych.serving.parameters import agreed, refuse_unknown_in_query
from diptych.serving.problems import Problem, busy, in_time
from diptych.serving.schemas import problem_responses
from diptych.serving.state import server_state
from diptych.serving.uploads import Received, read_uploads

# What a setting is called in a query, a form or JSON.
MODEL, CLASS = "model", "class"

ModelNames = Annotated[
    str | None, Query(description="a model's name, or several parted by commas; else the first")
]
ModelName = Annotated[str | None, Query(description="a model's name; without one, the first")]
Class = Annotated[str | None, Query(alias=CLASS, description="without one, that of the answer")]
Force = Annotated[bool, Query(description="take it even where its classes are others")]
KNOWN_ONLY = [Depends(refuse_unknown_in_query)]

router = APIRouter()


@router.post(
    "/predict",
    responses={
        200: {"model": schemas.PredictionsSchema | schemas.SeveralSchema},
        **problem_responses(*schemas.OF_PICTURES),
    },
    openapi_extra=schemas.PICTURES,
    dependencies=KNOWN_ONLY,
)
async def predict(request: Request, model: ModelNames = None) -> Response:
    """Say what is on pictures.

    Send one as it is, or several as the parts of a form or in JSON. Of several, one that cannot be
    used has an error in its place; one alone that cannot be used is refused. Several models answer
    where several are named, parted by commas; those on the same backbone share its pass.
    """
    state = server_state(request)
    limits = state.settings.limits
    state.models.several(model)  # before the body is read
    with state.admit() as reserve:
        received = await read_uploads(request, limits, reserve, [MODEL])
        served = state.models.several(agreed({MODEL: model}, received.fields).get(MODEL))
        names = [one.name for one in served]
        request.scope["log"] |= {"model": ",".join(names), "pictures": len(received.pictures)}
        with ExitStack() as stack:
            for one in served:
                stack.enter_context(one.batcher.in_use())
            async with in_time(limits.seconds):
                predictions = await _predictions(state.models, served, received)
    answers = [
        {"model": name, "predictions": list(map(_to_json, own))}
        for name, own in zip(names, zip(*predictions, strict=True), strict=True)
    ]
    return JSONResponse(answers[0] if len(answers) == 1 else {"answers": answers})


@router.post(
    "/explain",
    response_class=Response,
    responses={
        200: {"content": {"image/png": {}}, "description": "The picture under its heat."},
        **problem_responses(*schemas.OF_PICTURES),
    },
    openapi_extra=schemas.PICTURE,
    dependencies=KNOWN_ONLY,
)
async def explain(request: Request, model: ModelName = None, of: Class = None) -> Response:
    """Colour what speaks for a class on a picture, as a PNG.

    Send the picture as it is, as the part of a form or in JSON.
    """
    state = server_state(request)
    limits = state.settings.limits
    state.models.get(model)  # before the body is read
    with state.admit() as reserve:
        received = await read_uploads(request, limits, reserve, [MODEL, CLASS])
        if len(received.pictures) > 1:
            raise Problem(400, f"{len(received.pictures)} pictures; send one at a time")
        settings = agreed({MODEL: model, CLASS: of}, received.fields)
        served = state.models.get(settings.get(MODEL))
        request.scope["log"] |= {"model": served.name, "pictures": 1}
        with served.batcher.in_use():
            async with in_time(limits.seconds):
                png = await _heatmap(state.models, served, received, settings.get(CLASS))
    return Response(png, media_type="image/png")


@router.get(
    "/model",
    responses={200: {"model": schemas.ModelSchema}, **problem_responses(400, 401, 404, 503)},
    dependencies=KNOWN_ONLY,
)
async def about(request: Request, model: ModelName = None) -> Response:
    """What is known of a model."""
    state = server_state(request)
    facts = state.models.get(model).to_json(state.models.names, state.settings.limits)
    return JSONResponse(facts)


@router.get(
    "/drift",
    responses={200: {"model": schemas.DriftSchema}, **problem_responses(400, 401, 404, 503)},
    dependencies=KNOWN_ONLY,
)
async def drift(request: Request, model: ModelName = None) -> Response:
    """What a model answered since it was loaded, and how that differs from its training."""
    state = server_state(request)
    return JSONResponse(state.monitor.drift(state.models.get(model).monitored))


@router.get("/healthz", responses={200: {"model": schemas.StatusSchema}})
async def healthz() -> Response:
    """Whether the process lives."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", responses={200: {"model": schemas.StatusSchema}, **problem_responses(503)})
async def readyz(request: Request) -> Response:
    """Whether it takes requests."""
    state = server_state(request)
    if state.closing:
        raise busy("the server is shutting down", status=503)
    return JSONResponse({"status": "ready", "models": state.models.names})


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **problem_responses(401, 503)},
)
async def metrics(request: Request) -> Response:
    """Counters for Prometheus."""
    state = server_state(request)
    text, kind = state.monitor.exposition(model.monitored for model in state.models)
    return Response(text, media_type=kind)


@router.post(
    "/models/{name}/reload",
    responses={
        200: {"model": schemas.ReloadSchema},
        **problem_responses(400, 401, 403, 404, 409, 503),
    },
    dependencies=KNOWN_ONLY,
)
async def reload(request: Request, name: str, force: Force = False) -> Response:
    """Open a bundle anew; what was asked before is still answered by the old one."""
    state = server_state(request)
    _refuse_foreign(request, bool(state.keys))
    version = await state.reload(name, force)
    classes = list(state.models.get(name).classes)
    return JSONResponse({"model": name, "version": version, "classes": classes})


async def _predictions(
    models: Models, asked: Sequence[Model], received: Received
) -> list[list[Prediction]]:
    """For each picture the answers of the models that are asked."""
    if len(received.pictures) > 1:
        several = (_predictions_or_errors(models, asked, one) for one in received.pictures)
        return await asyncio.gather(*several)
    (upload,) = received.pictures
    try:
        return [await models.predict(asked, upload.name or "picture", upload.data)]
    except ImageError as error:
        raise _refusal(error, received) from error


async def _predictions_or_errors(
    models: Models, asked: Sequence[Model], upload: Upload
) -> list[Prediction]:
    name = upload.name or "picture"
    try:
        return await models.predict(asked, name, upload.data)
    except ImageError as error:
        return [Prediction(name, error=str(error))] * len(asked)


async def _heatmap(models: Models, model: Model, received: Received, label: str | None) -> bytes:
    try:
        return await models.explain(model, received.pictures[0].data, label)
    except ImageError as error:
        raise _refusal(error, received) from error


def _refusal(error: ImageError, received: Received) -> Problem:
    """Why the one picture of a request cannot be used."""
    if mistake := received.mistake():
        return Problem(415, mistake)
    return problems.picture_problem(error, received.pictures[0].name)


def _to_json(prediction: Prediction) -> dict[str, Any]:
    return {**prediction._asdict(), "words": None if prediction.error else _words(prediction)}


def _words(prediction: Prediction) -> str:
    if prediction.probability is None:
        return str(prediction.label)
    return f"{prediction.label}, {100 * prediction.probability:.1f} %"


def _refuse_foreign(request: Request, has_key: bool) -> None:
    """Raise Problem for who is neither on this machine nor has a key, and for pages of others."""
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise Problem(403, "a page from elsewhere cannot ask for this")
    if not has_key and not (request.client and ip_address(request.client.host).is_loopback):
        raise Problem(403, "without --keys, only this machine itself can ask for this")

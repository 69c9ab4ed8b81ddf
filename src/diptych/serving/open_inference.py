"""The Open Inference Protocol, version 2, as other inference servers speak it.

Pictures come as `pictures` (BYTES: encoded files in base64) or, decoded and of the network's shape,
as `images` (UINT8 [N, H, W, C]). Answers go out as `probabilities`, `ood_score` and `labels`.
"""

import asyncio
import base64
import binascii
import importlib.metadata
import json
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from diptych.bundles.predictor import Output
from diptych.errors import ImageError
from diptych.images.preprocess import Pixels
from diptych.serving import bodies, problems, schemas
from diptych.serving.models import Model
from diptych.serving.problems import Problem, in_time
from diptych.serving.schemas import problem_responses
from diptych.serving.state import server_state

IMAGES, PICTURES = "images", "pictures"
OUTPUTS = ("probabilities", "ood_score", "labels")
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["inputs"]},
                "example": {
                    "inputs": [
                        {
                            "name": PICTURES,
                            "shape": [1],
                            "datatype": "BYTES",
                            "data": ["/9j/4AAQSkZJRg… (base64)"],
                        }
                    ]
                },
            }
        },
    }
}


router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])
_refusals = problem_responses(*schemas.OF_PICTURES)


@router.get("")
async def server() -> Response:
    """The server's name and version."""
    version = importlib.metadata.version("diptych")
    return JSONResponse({"name": "diptych", "version": version, "extensions": []})


@router.get("/health/live")
async def live() -> Response:
    """Whether the process lives."""
    return JSONResponse({"live": True})


@router.get("/health/ready")
async def ready() -> Response:
    """Whether it takes requests."""
    return JSONResponse({"ready": True})


@router.get("/models/{name}", responses=problem_responses(401, 404))
@router.get("/models/{name}/versions/{version}", responses=problem_responses(401, 404))
async def metadata(request: Request, name: str, version: str | None = None) -> Response:
    """A model's inputs and outputs."""
    return JSONResponse(_metadata(_model(request, name, version)))


@router.get("/models/{name}/ready", responses=problem_responses(401, 404))
@router.get("/models/{name}/versions/{version}/ready", responses=problem_responses(401, 404))
async def model_ready(request: Request, name: str, version: str | None = None) -> Response:
    """Whether a model answers."""
    return JSONResponse({"name": _model(request, name, version).name, "ready": True})


@router.post("/models/{name}/infer", responses=_refusals, openapi_extra=_BODY)
@router.post("/models/{name}/versions/{version}/infer", responses=_refusals, openapi_extra=_BODY)
async def infer(request: Request, name: str, version: str | None = None) -> Response:
    """Answer for pictures."""
    state, model = server_state(request), _model(request, name, version)
    limits = state.settings.limits
    with state.admit() as reserve:
        body = _parse(await bodies.read_body(request, limits, reserve))
        names = _output_names(body)
        pictures = _pictures(body["inputs"], model, limits.files)
        request.scope["log"] |= {"model": model.name, "pictures": len(pictures)}
        async with in_time(limits.seconds):
            try:
                outputs = await asyncio.gather(*(_infer(model, one) for one in pictures))
            except ImageError as error:
                raise problems.picture_problem(error, None) from error
    answer = {
        "model_name": model.name,
        "model_version": model.version,
        "outputs": [_tensor(name, model, outputs) for name in names],
    }
    return JSONResponse(answer | ({"id": body["id"]} if "id" in body else {}))


def _model(request: Request, name: str, version: str | None) -> Model:
    model = server_state(request).models.get(name)
    if version not in (None, model.version):
        raise Problem(404, f"no version '{version}' of {name}; there is: {model.version}")
    return model


def _metadata(model: Model) -> dict[str, Any]:
    shape = list(model.predictor.bundle.shape)
    return {
        "name": model.name,
        "versions": [model.version],
        "platform": "diptych_onnx",
        "inputs": [
            {"name": IMAGES, "datatype": "UINT8", "shape": [-1, *shape]},
            {"name": PICTURES, "datatype": "BYTES", "shape": [-1]},
        ],
        "outputs": [
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, len(model.classes)]},
            {"name": "ood_score", "datatype": "FP32", "shape": [-1]},
            {"name": "labels", "datatype": "BYTES", "shape": [-1]},
        ],
    }


def _parse(data: bytes) -> dict[str, Any]:
    """The body of a request for inference, with a list of inputs at least."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as cause:
        raise Problem(400, f"the body is no JSON: {cause}") from cause
    if not (isinstance(body, dict) and isinstance(body.get("inputs"), list)):
        raise Problem(400, "the body has no list of inputs")
    return body


def _output_names(body: dict[str, Any]) -> list[str]:
    """The names of the outputs that are asked for; without any, of all."""
    outputs = body.get("outputs") or [{"name": name} for name in OUTPUTS]
    if not (isinstance(outputs, list) and all(isinstance(one, dict) for one in outputs)):
        raise Problem(400, "outputs are no list of names")
    names = [str(one.get("name")) for one in outputs]
    for name in names:
        if name not in OUTPUTS:
            raise Problem(400, f"no output '{name}'; there are: {', '.join(OUTPUTS)}")
    return names


def _pictures(inputs: list[Any], model: Model, limit: int) -> list[bytes | Pixels]:
    """The pictures in an input, encoded or decoded."""
    if len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise Problem(400, f"send one input, '{PICTURES}' or '{IMAGES}'")
    (tensor,) = inputs
    name, kind, data = tensor.get("name"), tensor.get("datatype"), tensor.get("data")
    pictures: list[bytes | Pixels]
    if (name, kind) == (PICTURES, "BYTES"):
        pictures = _from_base64(data)
    elif (name, kind) == (IMAGES, "UINT8"):
        pictures = list(_from_numbers(data, model.predictor.bundle.shape))
    else:
        raise Problem(
            400, f"no input {name!r} of {kind!r}; there are: {PICTURES} (BYTES), {IMAGES} (UINT8)"
        )
    shape = tensor.get("shape")
    if not (isinstance(shape, list) and shape[:1] == [len(pictures)]):
        raise Problem(400, f"the shape {shape} does not fit {len(pictures)} pictures")
    if len(pictures) > limit:
        raise Problem(413, f"{len(pictures)} pictures; the limit is {limit} a request")
    return pictures


def _from_base64(data: Any) -> list[bytes | Pixels]:
    """Encoded pictures."""
    if not (isinstance(data, list) and data and all(isinstance(one, str) for one in data)):
        raise Problem(400, f"the data of '{PICTURES}' are no list of texts in base64")
    try:
        return [base64.b64decode(one, validate=True) for one in data]
    except (binascii.Error, ValueError) as cause:
        raise Problem(400, f"'{PICTURES}' holds a text that is no base64: {cause}") from cause


def _from_numbers(data: Any, shape: tuple[int, ...]) -> Pixels:
    """Decoded pictures of the network's shape."""
    try:
        levels = np.array(data)
        whole = levels.dtype.kind == "i" and levels.size > 0
        if whole and levels.min() >= 0 and levels.max() <= 255:
            return levels.astype(np.uint8).reshape(-1, *shape)
    except ValueError:
        pass
    sides = ", ".join(map(str, shape))
    raise Problem(400, f"the data of '{IMAGES}' are no whole numbers 0 to 255 of [N, {sides}]")


async def _infer(model: Model, picture: bytes | Pixels) -> Output:
    if isinstance(picture, bytes):
        return await model.infer(picture)
    return await model.batcher.infer_pixels(picture)


def _tensor(name: str, model: Model, outputs: list[Output]) -> dict[str, Any]:
    """One of the outputs of N pictures, as the protocol writes it."""
    n = len(outputs)
    if name == "probabilities":
        flat = [float(p) for output in outputs for p in output.p_K]
        return {"name": name, "datatype": "FP32", "shape": [n, len(model.classes)], "data": flat}
    if name == "ood_score":
        scores = [output.ood_score for output in outputs]
        return {"name": name, "datatype": "FP32", "shape": [n], "data": scores}
    labels = [model.predictor.prediction("", output).label for output in outputs]
    return {"name": name, "datatype": "BYTES", "shape": [n], "data": labels}

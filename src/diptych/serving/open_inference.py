"""The Open Inference Protocol, version 2, as other inference servers speak it.

Pictures come as `pictures` (BYTES: encoded files in base64) or, decoded and of the network's shape,
as `images` (UINT8 [N, H, W, C]). Answers go out as `probabilities`, `OOD score` and `labels`.
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

from diptych.bundles.predictor import Answer
from diptych.errors import ImageError
from diptych.images.preprocess import Pixels
from diptych.serving import bodies, problems
from diptych.serving import schemas as answers
from diptych.serving.models import Model
from diptych.serving.problems import Problem, busy
from diptych.serving.state import Serving

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


def router(serving: Serving) -> APIRouter:
    """The routes of the protocol."""
    v2 = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])
    limits = serving.settings.limits

    @v2.get("")
    async def server() -> Response:
        """The server's name and version."""
        version = importlib.metadata.version("diptych")
        return JSONResponse({"name": "diptych", "version": version, "extensions": []})

    @v2.get("/health/live")
    async def live() -> Response:
        """Whether the process lives."""
        return JSONResponse({"live": True})

    @v2.get("/health/ready")
    async def ready() -> Response:
        """Whether it takes requests."""
        return JSONResponse({"ready": True})

    @v2.get("/models/{name}", responses=answers.problems(401, 404))
    @v2.get("/models/{name}/versions/{version}", responses=answers.problems(401, 404))
    async def metadata(name: str, version: str | None = None) -> Response:
        """A model's inputs and outputs."""
        return JSONResponse(_metadata(_model(serving, name, version)))

    @v2.get("/models/{name}/ready", responses=answers.problems(401, 404))
    @v2.get("/models/{name}/versions/{version}/ready", responses=answers.problems(401, 404))
    async def model_ready(name: str, version: str | None = None) -> Response:
        """Whether a model answers."""
        return JSONResponse({"name": _model(serving, name, version).name, "ready": True})

    refusals = answers.problems(*answers.OF_PICTURES)

    @v2.post("/models/{name}/infer", responses=refusals, openapi_extra=_BODY)
    @v2.post("/models/{name}/versions/{version}/infer", responses=refusals, openapi_extra=_BODY)
    async def infer(request: Request, name: str, version: str | None = None) -> Response:
        """Answer for pictures."""
        model = _model(serving, name, version)
        with serving.room() as hold:
            asked = _read(await bodies.whole(request, limits, hold))
            wanted = _wanted(asked)
            given = _given(asked["inputs"], model, limits.files)
            request.scope["noted"] |= {"model": model.name, "pictures": len(given)}
            try:
                async with asyncio.timeout(limits.seconds):
                    found = await asyncio.gather(*(_answer(model, one) for one in given))
            except ImageError as error:
                raise problems.of_picture(error, None) from error
            except TimeoutError as cause:
                raise busy(f"no answer after {limits.seconds:g} s", status=503) from cause
        outputs = [_output(name, model, found) for name in wanted]
        told = {"model_name": model.name, "model_version": model.version, "outputs": outputs}
        if "id" in asked:
            told["id"] = asked["id"]
        return JSONResponse(told)

    return v2


def _model(serving: Serving, name: str, version: str | None) -> Model:
    model = serving.models.named(name)
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


def _read(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as cause:
        raise Problem(400, f"the body is no JSON: {cause}") from cause
    if not (isinstance(asked, dict) and isinstance(asked.get("inputs"), list)):
        raise Problem(400, "the body has no list of inputs")
    return asked


def _wanted(asked: dict[str, Any]) -> list[str]:
    """The names of the outputs that are asked for; without any, of all."""
    outputs = asked.get("outputs") or [{"name": name} for name in OUTPUTS]
    if not (isinstance(outputs, list) and all(isinstance(one, dict) for one in outputs)):
        raise Problem(400, "outputs are no list of names")
    names = [str(one.get("name")) for one in outputs]
    for name in names:
        if name not in OUTPUTS:
            raise Problem(400, f"no output '{name}'; there are: {', '.join(OUTPUTS)}")
    return names


def _given(inputs: list[Any], model: Model, limit: int) -> list[bytes | Pixels]:
    """The pictures in an input, encoded or decoded."""
    if len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise Problem(400, f"send one input, '{PICTURES}' or '{IMAGES}'")
    (tensor,) = inputs
    name, kind, data = tensor.get("name"), tensor.get("datatype"), tensor.get("data")
    given: list[bytes | Pixels]
    if (name, kind) == (PICTURES, "BYTES"):
        given = _encoded(data)
    elif (name, kind) == (IMAGES, "UINT8"):
        given = list(_decoded(data, model.predictor.bundle.shape))
    else:
        raise Problem(
            400, f"no input {name!r} of {kind!r}; there are: {PICTURES} (BYTES), {IMAGES} (UINT8)"
        )
    shape = tensor.get("shape")
    if not (isinstance(shape, list) and shape[:1] == [len(given)]):
        raise Problem(400, f"the shape {shape} does not fit {len(given)} pictures")
    if len(given) > limit:
        raise Problem(413, f"{len(given)} pictures; the limit is {limit} a request")
    return given


def _encoded(data: Any) -> list[bytes | Pixels]:
    if not (isinstance(data, list) and data and all(isinstance(one, str) for one in data)):
        raise Problem(400, f"the data of '{PICTURES}' are no list of texts in base64")
    try:
        return [base64.b64decode(one, validate=True) for one in data]
    except (binascii.Error, ValueError) as cause:
        raise Problem(400, f"'{PICTURES}' holds a text that is no base64: {cause}") from cause


def _decoded(data: Any, shape: tuple[int, ...]) -> Pixels:
    try:
        levels = np.array(data)
        whole = levels.dtype.kind == "i" and levels.size > 0
        if whole and levels.min() >= 0 and levels.max() <= 255:
            return levels.astype(np.uint8).reshape(-1, *shape)
    except ValueError:
        pass
    sides = ", ".join(map(str, shape))
    raise Problem(400, f"the data of '{IMAGES}' are no whole numbers 0 to 255 of [N, {sides}]")


async def _answer(model: Model, given: bytes | Pixels) -> Answer:
    if isinstance(given, bytes):
        return await model.answer(given)
    return await model.batcher.answer_pixels(given)


def _output(name: str, model: Model, found: list[Answer]) -> dict[str, Any]:
    n = len(found)
    if name == "probabilities":
        flat = [float(p) for answer in found for p in answer.p_K]
        return {"name": name, "datatype": "FP32", "shape": [n, len(model.classes)], "data": flat}
    if name == "ood_score":
        strange = [answer.ood_score for answer in found]
        return {"name": name, "datatype": "FP32", "shape": [n], "data": strange}
    labels = [model.predictor.prediction("", answer).label for answer in found]
    return {"name": name, "datatype": "BYTES", "shape": [n], "data": labels}

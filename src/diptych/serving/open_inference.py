"""The Open Inference Protocol, version 2, as other inference servers speak it.

Pictures come as `pictures` (BYTES: encoded files, in base64 where they are in JSON) or, decoded and
of the network's shape, as `images` (UINT8 [N, H, W, C]). Answers go out as `probabilities`,
`ood_score` and `labels`.
"""

import asyncio
import importlib.metadata
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response

from diptych.bundles.predictor import Output
from diptych.errors import ImageError
from diptych.images.preprocess import Pixels
from diptych.serving import bodies, problems, schemas, tensors
from diptych.serving.models import Model
from diptych.serving.problems import Problem, in_time
from diptych.serving.schemas import problem_responses
from diptych.serving.state import server_state
from diptych.serving.tensors import EXTENSION, IMAGES, JSON_LENGTH, PICTURES, Tensor

JsonLength = Annotated[
    int | None,
    Header(
        alias=JSON_LENGTH,
        ge=0,
        description="how many bytes of the body are JSON, where tensors in binary follow",
    ),
]
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
            },
            # JSON, and then tensors in binary.
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])
_refusals = problem_responses(*schemas.OF_PICTURES)


@router.get("")
async def server() -> Response:
    """The server's name and version."""
    version = importlib.metadata.version("diptych")
    return JSONResponse({"name": "diptych", "version": version, "extensions": [EXTENSION]})


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
async def infer(
    request: Request, name: str, version: str | None = None, json_length: JsonLength = None
) -> Response:
    """Answer for pictures."""
    state, model = server_state(request), _model(request, name, version)
    limits = state.settings.limits
    with state.admit() as reserve, model.batcher.in_use():
        body = await bodies.read_body(request, limits, reserve)
        shape = model.predictor.bundle.shape
        # Aside, because others want to be answered while so many numbers are read.
        asked = await asyncio.to_thread(tensors.parse, body, json_length, shape, limits.files)
        request.scope["log"] |= {"model": model.name, "pictures": len(asked.pictures)}
        async with in_time(limits.seconds):
            try:
                several = (_infer(model, picture) for picture in asked.pictures)
                outputs = await asyncio.gather(*several)
            except ImageError as error:
                raise problems.picture_problem(error, None) from error
    facts = {"model_name": model.name, "model_version": model.version}
    if asked.id is not None:
        facts["id"] = asked.id
    answers = [_tensor(name, model, outputs) for name in asked.outputs]
    return tensors.response(facts, answers, asked.outputs)


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


async def _infer(model: Model, picture: bytes | Pixels) -> Output:
    if isinstance(picture, bytes):
        return await model.infer(picture)
    return await model.batcher.infer_pixels(picture)


def _tensor(name: str, model: Model, outputs: list[Output]) -> Tensor:
    """One of the outputs of N pictures, as the protocol has it."""
    n = len(outputs)
    if name == "probabilities":
        flat = [float(p) for output in outputs for p in output.p_K]
        return Tensor(name, "FP32", [n, len(model.classes)], flat)
    if name == "ood_score":
        return Tensor(name, "FP32", [n], [output.ood_score for output in outputs])
    labels = [str(model.predictor.prediction("", output).label) for output in outputs]
    return Tensor(name, "BYTES", [n], labels)

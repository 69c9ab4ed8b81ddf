"""What is asked and answered, described for people and programs (OpenAPI), with examples."""

from typing import Any

from pydantic import BaseModel, Field


class PredictionSchema(BaseModel):
    """The answer for one picture; where there is an error all else is null."""

    path: str = Field(description="the name of the file that was sent, else 'picture'")
    label: str | None = Field(description="a class, or 'none of these'")
    probability: float | None = Field(description="calibrated; null for 'none of these'")
    probabilities: dict[str, float] | None = Field(description="of each class")
    ood_score: float | None = Field(description="above 1: none of these")
    prediction_set: list[str] | None = Field(description="the classes that are likely enough")
    words: str | None = Field(description="the answer for people")
    error: str | None = Field(description="why there is no answer")


PREDICTION = {
    "path": "lunch.jpg",
    "label": "pizza",
    "probability": 0.973,
    "probabilities": {"not_pizza": 0.027, "pizza": 0.973},
    "ood_score": 0.61,
    "prediction_set": ["pizza"],
    "words": "pizza, 97.3 %",
    "error": None,
}


class PredictionsSchema(BaseModel):
    """The answers for all pictures, in their order."""

    model: str
    predictions: list[PredictionSchema]


class SeveralSchema(BaseModel):
    """The answers of several models, in the order in which these were named."""

    answers: list[PredictionsSchema]


PREDICTIONS = {"model": "pizza", "predictions": [PREDICTION]}


class ScoreSchema(BaseModel):
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float


class TestSchema(BaseModel):
    """How well it was tested."""

    n: int | None = Field(description="test pictures")
    accuracy: ScoreSchema | None


class LimitsSchema(BaseModel):
    """What a request may have."""

    bytes: int
    pixels: int
    files: int
    seconds: float


class ValuesSchema(BaseModel):
    """What the numbers meant that a model's pictures came as."""

    low: float = Field(description="the number that means black")
    high: float = Field(description="the number that means white")
    planar: bool | None = Field(description="whether the colours of a row come one after the other")


class DropSchema(BaseModel):
    """A share that is lost, with its 95 % interval."""

    value: float
    low: float
    high: float


class FileSchema(BaseModel):
    """The file that answers, and how it differs from the network on held-back pictures."""

    name: str
    runtime: str
    kind: str = Field(description="fp32, int8 or bf16")
    pictures: int | None = Field(description="held-back ones; null for the bundle's own graph")
    accuracy_drop: DropSchema | None = Field(description="of a lighter file, as a share")
    acceptance_drop: DropSchema | None = Field(description="of pictures taken for known ones")
    agreement: float | None = Field(description="the share of pictures with the same answer")
    max_difference: float | None = Field(description="the largest, in probability")


class ModelSchema(BaseModel):
    """What is known of a model."""

    name: str
    models: list[str] = Field(description="every name that ?model= takes; the first is the default")
    version: str = Field(description="the beginning of the bundle's hash")
    classes: list[str]
    classes_sha256: str
    input: list[int] = Field(description="height, width and channels of the network's pixels")
    values: ValuesSchema | None = Field(description="of pictures that came as numbers")
    network: str | None
    engine: str | None
    created: str | None
    diptych: str | None = Field(description="the version that made it")
    test: TestSchema
    prediction_sets: dict[str, float | None]
    ood: dict[str, float | None]
    file: FileSchema
    limits: LimitsSchema


class QuantitySchema(BaseModel):
    """Something that is watched."""

    name: str
    psi: float = Field(description="population stability index")
    by_chance: float = Field(description="what it stays below without a change")
    drifted: bool = Field(description="whether it changed beyond chance, and enough to matter")
    shares: list[float] = Field(description="of the pictures in each bin since then")
    expected: list[float] = Field(description="the same in training")


class DriftSchema(BaseModel):
    """What was answered since a model was loaded, and how that differs from its training."""

    model: str
    version: str
    since: str
    pictures: int
    none_of_these: int
    classes: dict[str, int]
    errors: dict[str, int] = Field(description="pictures that could not be used, by the reason")
    quantities: list[QuantitySchema]


class StatusSchema(BaseModel):
    """That all is well."""

    status: str
    models: list[str] = []


class ReloadSchema(BaseModel):
    """What answers now."""

    model: str
    version: str
    classes: list[str]


class ProblemSchema(BaseModel):
    """What is wrong, and what to do (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    file: str | None = None


PROBLEM = {
    "type": "about:blank",
    "title": "Unsupported Media Type",
    "status": 415,
    "detail": "not an image: none of the formats JPEG, PNG, …",
    "instance": "/predict",
    "file": "notes.txt",
}


_SETTINGS = {
    "model": {"type": "string", "description": "a model's name; without one, the first"},
    "class": {"type": "string", "description": "without one, that of the answer"},
}
_FILE = {"type": "string", "format": "binary"}
_TEXT = {"type": "string", "description": "an encoded picture, in base64 or as a data URL"}


def _picture_body(
    in_form: dict[str, Any], in_json: dict[str, Any], example: dict[str, Any], *settings: str
) -> dict[str, Any]:
    """A body with a picture as it is, a form or JSON; in both of them there may be settings."""
    more = {name: _SETTINGS[name] for name in settings}
    as_it_is = {"schema": _FILE}
    return {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": list(in_form),
                        "properties": in_form | more,
                    }
                },
                "application/json": {
                    "schema": {
                        "type": "object",
                        "oneOf": [{"required": [name]} for name in in_json],
                        "properties": in_json | more,
                        "additionalProperties": False,
                    },
                    "example": example,
                },
                "image/*": as_it_is,
                "application/octet-stream": as_it_is,
            },
        }
    }


_FILES = {"type": "array", "items": _FILE, "minItems": 1}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}
_EXAMPLE = "/9j/4AAQSkZJRg… (base64)"
# One picture.
PICTURE = _picture_body(
    {"file": _FILE}, {"image": _TEXT}, {"image": _EXAMPLE, "class": "pizza"}, "model", "class"
)
# One or many.
PICTURES = _picture_body(
    {"files": _FILES},
    {"image": _TEXT, "images": _TEXTS},
    {"images": [_EXAMPLE, "data:image/png;base64,iVBORw0KGgo…"], "model": "pizza"},
    "model",
)

_REASONS = {
    400: "The request is not as it should be.",
    401: "A key is needed.",
    403: "Not from here.",
    404: "There is no such model.",
    408: "The request did not come in time.",
    409: "The bundle cannot be taken.",
    413: "Too many bytes, pixels or files.",
    415: "That is no picture.",
    422: "The picture cannot be decoded.",
    429: "Too much to do; Retry-After says when to come again.",
    503: "Shutting down, or no answer in time.",
}
OF_PICTURES = (400, 401, 404, 408, 413, 415, 422, 429, 503)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How a route may refuse."""
    schema = {"schema": {"$ref": "#/components/schemas/ProblemSchema"}}
    content = {"application/problem+json": schema}
    return {status: {"description": _REASONS[status], "content": content} for status in statuses}

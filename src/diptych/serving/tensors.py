"""Tensors of the Open Inference Protocol: in JSON, and by its binary tensor data extension.

In binary the numbers of a tensor follow the JSON of the body, little-endian and in the order of the
tensors; an element of BYTES has its length before it, in four bytes.
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import math
import re
import reprlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from starlette.responses import JSONResponse, Response

from diptych.data.dataset import Shape
from diptych.images.preprocess import Pixels
from diptych.serving.bodies import parse_json, refuse_many
from diptych.serving.problems import Problem
from diptych.serving.text_pictures import from_text

IMAGES, PICTURES = "images", "pictures"
OUTPUTS = ("probabilities", "ood_score", "labels")
EXTENSION = "binary_tensor_data"
# The header that says how many bytes of a body are JSON, where others follow.
JSON_LENGTH = "Inference-Header-Content-Length"
# Parameters by other extensions, without which a tensor would be another.
_FOREIGN = ("classification", "shared_memory_region")
_LENGTH = 4
# Axes that a shape may have, and values that a request may hold beside its data.
_AXES, VALUES = 8, 1000
_TEXT = re.compile(rb"data:|[a-z]+://|[A-Za-z0-9+/_-]{4}[A-Za-z0-9+/_=\s-]*\Z", re.IGNORECASE)


class Asked(NamedTuple):
    """A request for inference."""

    id: str | None
    pictures: Sequence[bytes | Pixels]  # encoded, or decoded and of the network's shape
    outputs: dict[str, bool]  # by name, whether in binary


class Tensor(NamedTuple):
    """An output of N pictures."""

    name: str
    datatype: str
    shape: list[int]
    data: list[float] | list[str]


def parse(data: bytes, json_length: int | None, shape: Shape, limit: int) -> Asked:
    """A request for inference; `shape` is that of the network's pictures, `limit` their number.

    Raises Problem where it is not as the protocol has it, or has too many pictures.
    """
    if json_length is not None and json_length > len(data):
        raise Problem(
            400, f"{JSON_LENGTH} is {json_length:,}, but the body has {len(data):,} bytes"
        )
    length = len(data) if json_length is None else json_length
    # A tensor in JSON has a value for each number, and about as many lists at most.
    body = parse_json(data[:length], VALUES + 2 * limit * math.prod(shape))
    if not (isinstance(body, dict) and isinstance(body.get("inputs"), list)):
        raise Problem(400, "the body has no list of inputs")
    identity = body.get("id")
    # Half of a surrogate pair could not be sent back.
    if identity is not None and not (isinstance(identity, str) and _is_sendable(identity)):
        raise Problem(400, "the id is no text")
    outputs = _outputs(body)
    return Asked(identity, _pictures(body["inputs"], data[length:], shape, limit), outputs)


def response(facts: dict[str, Any], tensors: Sequence[Tensor], binary: dict[str, bool]) -> Response:
    """An answer with tensors, of which those that are so named are in binary."""
    outputs, blobs = [], []
    for tensor in tensors:
        output: dict[str, Any] = tensor._asdict()
        if binary[tensor.name]:
            blobs.append(_blob(tensor))
            del output["data"]
            output["parameters"] = {"binary_data_size": len(blobs[-1])}
        outputs.append(output)
    head = JSONResponse({**facts, "outputs": outputs})
    if not blobs:
        return head
    return Response(
        bytes(head.body) + b"".join(blobs),
        media_type="application/octet-stream",
        headers={JSON_LENGTH: str(len(head.body))},
    )


def _is_sendable(text: str) -> bool:
    return text == text.encode(errors="replace").decode()


def _outputs(body: dict[str, Any]) -> dict[str, bool]:
    """The outputs that are asked for, without any all of them; and whether in binary."""
    usual = _is_binary(_parameters(body), "binary_data_output", False)
    outputs = body.get("outputs") or [{"name": name} for name in OUTPUTS]
    if not (isinstance(outputs, list) and all(isinstance(one, dict) for one in outputs)):
        raise Problem(400, "outputs are no list of names")
    for name in (one.get("name") for one in outputs):
        if name not in OUTPUTS:
            raise Problem(400, f"no output {name!r}; there are: {', '.join(OUTPUTS)}")
    return {one["name"]: _is_binary(_parameters(one), "binary_data", usual) for one in outputs}


def _parameters(part: dict[str, Any]) -> dict[str, Any]:
    """Those of a request, an input or an output."""
    parameters = part.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Problem(400, "parameters are no object")
    for name in _FOREIGN:
        if parameters.get(name):
            raise Problem(400, f"{name} is of an extension that is not here; there is: {EXTENSION}")
    return parameters


def _is_binary(parameters: dict[str, Any], name: str, usual: bool) -> bool:
    value = parameters.get(name, usual)
    if not isinstance(value, bool):
        raise Problem(400, f"{name} is neither true nor false")
    return value


def _pictures(inputs: list[Any], blob: bytes, shape: Shape, limit: int) -> Sequence[bytes | Pixels]:
    """The pictures in an input, of which the data may be in the bytes after the JSON."""
    if len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise Problem(400, f"send one input, '{PICTURES}' or '{IMAGES}'")
    (tensor,) = inputs
    name, kind = tensor.get("name"), tensor.get("datatype")
    if (name, kind) not in ((PICTURES, "BYTES"), (IMAGES, "UINT8")):
        raise Problem(
            400, f"no input {name!r} of {kind!r}; there are: {PICTURES} (BYTES), {IMAGES} (UINT8)"
        )
    is_binary = _is_in_blob(tensor, blob)
    pictures: Sequence[bytes | Pixels]
    if name == PICTURES:
        elements: Iterable[bytes | str] = (
            _elements(blob, limit) if is_binary else _texts(tensor.get("data"), limit)
        )
        pictures = [_encoded(one, f"{PICTURES}[{i}]") for i, one in enumerate(elements)]
        size = 1
    else:
        pictures = list(_levels(blob, shape) if is_binary else _numbers(tensor.get("data"), shape))
        size = math.prod(shape)
    if not _fits(tensor.get("shape"), len(pictures), size):
        said = reprlib.repr(tensor.get("shape"))
        raise Problem(400, f"the shape {said} does not fit {len(pictures)} pictures")
    if not pictures:
        raise Problem(400, f"no picture in '{name}'")
    refuse_many(len(pictures), limit)
    return pictures


def _is_in_blob(tensor: dict[str, Any], blob: bytes) -> bool:
    """Whether the data of the only input are the bytes after the JSON."""
    size = _parameters(tensor).get("binary_data_size")
    if size is None:
        if blob:
            raise Problem(400, f"{len(blob):,} bytes follow the JSON; no input has them as its own")
        return False
    if type(size) is not int or size != len(blob):
        raise Problem(
            400, f"binary_data_size is {str(size)[:80]}, but {len(blob):,} bytes follow the JSON"
        )
    if "data" in tensor:
        raise Problem(400, "an input has both data and binary_data_size; send one of them")
    return True


def _fits(shape: Any, n: int, size: int) -> bool:
    """Whether a shape is that of n pictures of so many numbers."""
    if not (isinstance(shape, list) and 0 < len(shape) <= _AXES):
        return False
    # Numbers without end would take as long to multiply.
    fit = all(type(side) is int and 0 <= side <= max(n, size) for side in shape)
    return fit and shape[0] == n and math.prod(shape) == n * size


def _texts(data: Any, limit: int) -> list[str]:
    """Encoded pictures in JSON."""
    if not (isinstance(data, list) and data and all(isinstance(one, str) for one in data)):
        raise Problem(400, f"the data of '{PICTURES}' are no list of texts in base64")
    refuse_many(len(data), limit)
    return data


def _elements(blob: bytes, limit: int) -> Iterator[bytes]:
    """Encoded pictures in binary."""
    at = n = 0
    while at < len(blob):
        refuse_many(n + 1, limit)
        size = int.from_bytes(blob[at : at + _LENGTH], "little")
        at += _LENGTH
        if at + size > len(blob):
            raise Problem(
                400,
                f"{PICTURES}[{n}] has {size:,} bytes by the {_LENGTH} before it, but "
                f"{max(len(blob) - at, 0):,} follow",
            )
        yield blob[at : at + size]
        at += size
        n += 1


def _encoded(element: str | bytes, where: str) -> bytes:
    """The bytes of an encoded picture, which may be in base64 in binary, too."""
    if isinstance(element, bytes):
        # No file of a picture is like that, so clients may send the same texts either way.
        if not _TEXT.match(element):
            return element
        element = element.decode("ascii", "replace")
    return from_text(element, where)


def _numbers(data: Any, shape: Shape) -> Pixels:
    """Decoded pictures of the network's shape in JSON."""
    try:
        # Of what is no number, or too large a one, NumPy would make more than there is memory for.
        levels = bytes(_flat(data))
        return np.frombuffer(levels, np.uint8).reshape(-1, *shape)
    except ValueError as cause:
        raise Problem(
            400, f"the data of '{IMAGES}' are no whole numbers 0 to 255 of {_said(shape)}"
        ) from cause


def _flat(data: Any) -> list[int]:
    """The whole numbers in a list, or in lists in lists; raises ValueError for anything else."""
    while isinstance(data, list) and set(map(type, data)) == {list}:
        if len(set(map(len, data))) > 1:
            raise ValueError("lists of different lengths")
        data = list(chain.from_iterable(data))
    if not (isinstance(data, list) and set(map(type, data)) == {int}):
        raise ValueError("something else than whole numbers")
    return data


def _levels(blob: bytes, shape: Shape) -> Pixels:
    """The same in binary."""
    if not blob or len(blob) % math.prod(shape):
        raise Problem(400, f"'{IMAGES}' has {len(blob):,} bytes, which are none of {_said(shape)}")
    return np.frombuffer(blob, np.uint8).reshape(-1, *shape)


def _said(shape: Shape) -> str:
    return f"[N, {', '.join(map(str, shape))}]"


def _blob(tensor: Tensor) -> bytes:
    """An output's data in binary."""
    if tensor.datatype == "BYTES":
        texts = [str(one).encode() for one in tensor.data]
        return b"".join(len(text).to_bytes(_LENGTH, "little") + text for text in texts)
    return np.array(tensor.data, "<f4").tobytes()

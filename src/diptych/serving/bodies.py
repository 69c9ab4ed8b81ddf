"""The bytes of a request's body, read under limits: what is too much is not read to its end."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

from starlette.requests import Request

from diptych.serving.problems import Problem
from diptych.serving.settings import Limits


class Upload(NamedTuple):
    """An encoded picture that was sent."""

    name: str | None  # of its file, where it was sent
    data: bytes


# The settings in a body, by name; a name may come again.
Fields = list[tuple[str, str]]

# Takes the number of bytes that came, and raises Problem where too many are held already.
Reserve = Callable[[int], None]


async def read_body(request: Request, limits: Limits, reserve: Reserve) -> bytes:
    """A body's bytes; raises Problem where they are too many, or do not come in time."""
    return b"".join([chunk async for chunk in read_chunks(request, limits, reserve)])


async def read_chunks(request: Request, limits: Limits, reserve: Reserve) -> AsyncIterator[bytes]:
    """A body's bytes as they come."""
    _refuse_coded(request.headers.get("content-encoding", "identity"))
    length = request.headers.get("content-length", "0")
    refuse_large(int(length) if length.isdecimal() else 0, limits.bytes)
    size = 0
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in request.stream():
                size += len(chunk)
                refuse_large(size, limits.bytes)
                reserve(len(chunk))
                yield chunk
    except TimeoutError as cause:
        detail = f"the request was not complete after {limits.seconds:g} s"
        raise Problem(408, detail, headers={"Connection": "close"}) from cause


def refuse_large(size: int, limit: int) -> None:
    """Raise Problem for more bytes than a request may have."""
    if size > limit:
        raise Problem(413, f"too large: {size:,} bytes or more; the limit is {limit:,} a request")


def refuse_many(pictures: int, limit: int) -> None:
    """Raise Problem for more pictures than a request may have."""
    if pictures > limit:
        raise Problem(413, f"more pictures than {limit}, the limit a request")


def parse_json(data: bytes, most: int) -> Any:
    """What a body in JSON holds; raises Problem where it is none, or says something twice.

    So does one of more than about `most` values: each takes many times its letters in memory.
    """
    if sum(map(data.count, (b",", b"[", b"{"))) > most:
        raise Problem(413, f"the JSON holds more than {most:,} values")
    try:
        return json.loads(data, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as cause:
        raise Problem(400, f"the body is no JSON: {cause}") from cause


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise Problem(400, f"{double!r} is there twice in one object of the JSON; say it once")
    return values


def _refuse_coded(coding: str) -> None:
    if coding.strip().lower() not in ("", "identity"):
        raise Problem(
            415,
            f"a body in {coding} is not taken; send it as it is, without Content-Encoding",
            headers={"Accept-Encoding": "identity"},
        )

"""The pictures and settings of a request: a picture as it is, a form, or JSON, by content type."""

import asyncio
from collections.abc import Collection
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from diptych.serving import json_pictures, mistakes
from diptych.serving.bodies import Fields, Reserve, Upload, read_body, read_chunks
from diptych.serving.forms import Form
from diptych.serving.problems import Problem
from diptych.serving.settings import Limits

FORM = "multipart/form-data"


class Received(NamedTuple):
    """What a request's body holds."""

    pictures: list[Upload]
    fields: Fields
    kind: str | None = None  # the content type of a picture that is the body itself

    def mistake(self) -> str | None:
        """What was done wrong, as far as can be told, where the body itself is no picture."""
        if self.kind is None:
            return None
        return mistakes.in_body(self.pictures[0].data, self.kind)


async def read_uploads(
    request: Request, limits: Limits, reserve: Reserve, known: Collection[str]
) -> Received:
    """What a body holds; `known` are the settings that may be in it.

    Raises Problem where there is no picture or too much, and where it does not come in time.
    """
    name, options = parse_options_header(request.headers.get("content-type"))
    kind = name.decode("latin-1")
    if kind == FORM:
        form = await _read_form(request, limits, reserve, known, options.get(b"boundary", b""))
        return Received(*form)
    if kind in ("application/json", "text/json") or kind.endswith("+json"):
        body = await read_body(request, json_pictures.body_limits(limits), reserve)
        # Aside, because others want to be answered while so much text is read.
        return Received(*await asyncio.to_thread(json_pictures.parse, body, known, limits))
    if kind.startswith("multipart/"):
        raise Problem(415, f"{kind} is not taken; send {FORM}")
    data = await read_body(request, limits, reserve)
    return Received([Upload(None, data)], [], kind)


async def _read_form(
    request: Request, limits: Limits, reserve: Reserve, known: Collection[str], boundary: bytes
) -> tuple[list[Upload], Fields]:
    try:
        form = Form(boundary, known, limits.files)
        async for chunk in read_chunks(request, limits, reserve):
            form.write(chunk)
        fields = form.finish()
    except FormParserError as cause:
        raise Problem(400, f"the form cannot be read: {cause}") from cause
    if not form.pictures:
        raise Problem(400, "no picture in the form; send each as a file: curl -F files=@lunch.jpg")
    return form.pictures, fields

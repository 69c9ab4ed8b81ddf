"""The pictures in a request's body, read under limits: what is too much is not read to its end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from diptych.serving.problems import Problem
from diptych.serving.settings import Limits


class Upload(NamedTuple):
    """An encoded picture that was sent."""

    name: str | None  # of its file, where it was sent
    data: bytes


# Takes the number of bytes that came, and raises Problem where too many are held already.
Reserve = Callable[[int], None]


async def read_pictures(request: Request, limits: Limits, reserve: Reserve) -> list[Upload]:
    """Every picture in a body: the parts of a form, or the body itself.

    Raises Problem where there is none or too much, and where it does not come in time.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        return [Upload(None, await read_body(request, limits, reserve))]
    try:
        form = _Form(options.get(b"boundary", b""), limits.files)
        async for chunk in read_chunks(request, limits, reserve):
            form.write(chunk)
        form.finish()
    except FormParserError as cause:
        raise Problem(400, f"the form cannot be read: {cause}") from cause
    if not form.files:
        raise Problem(400, "no picture in the form; send each as a part called files")
    return form.files


async def read_body(request: Request, limits: Limits, reserve: Reserve) -> bytes:
    """A body's bytes; raises Problem where they are too many, or do not come in time."""
    return b"".join([chunk async for chunk in read_chunks(request, limits, reserve)])


async def read_chunks(request: Request, limits: Limits, reserve: Reserve) -> AsyncIterator[bytes]:
    """A body's bytes as they come."""
    length = request.headers.get("content-length", "0")
    _refuse_large(int(length) if length.isdecimal() else 0, limits.bytes)
    size = 0
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in request.stream():
                size += len(chunk)
                _refuse_large(size, limits.bytes)
                reserve(len(chunk))
                yield chunk
    except TimeoutError as cause:
        detail = f"the request was not complete after {limits.seconds:g} s"
        raise Problem(408, detail, headers={"Connection": "close"}) from cause


def _refuse_large(size: int, limit: int) -> None:
    if size > limit:
        raise Problem(413, f"too large: {size:,} bytes or more; the limit is {limit:,} a request")


class _Form:
    """A multipart form, of which the files are kept, and fields without a file's name too."""

    def __init__(self, boundary: bytes, limit: int) -> None:
        if not boundary:
            raise FormParserError("it has no boundary")
        self.files: list[Upload] = []
        self._limit = limit
        self._header, self._value, self._disposition = b"", b"", b""
        self._data = bytearray()
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._read_header,
                "on_header_value": self._read_value,
                "on_header_end": self._end_header,
                "on_part_data": self._read_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def write(self, chunk: bytes) -> None:
        self._parser.write(chunk)

    def finish(self) -> None:
        self._parser.finalize()
        if not self._ended:
            raise FormParserError("it was cut short")

    def _begin(self) -> None:
        if len(self.files) == self._limit:
            raise Problem(413, f"more pictures than {self._limit}, the limit a request")
        self._disposition = b""
        self._data = bytearray()

    def _read_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _read_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _read_data(self, data: bytes, start: int, end: int) -> None:
        self._data += memoryview(data)[start:end]

    def _end_part(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"filename")
        file = name.decode(errors="replace") if name else None
        self.files.append(Upload(file, bytes(self._data)))

    def _end(self) -> None:
        self._ended = True

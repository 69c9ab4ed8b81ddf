"""A multipart form (RFC 7578): parts with a file's name are pictures, all others are settings."""

import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from diptych.serving.bodies import Fields, Upload, refuse_many
from diptych.serving.parameters import LONGEST_SETTING, refuse_long, refuse_unknown
from diptych.serving.problems import Problem
from diptych.serving.text_pictures import from_base64

# The part that tells how the other texts of a form are encoded (HTML, 4.10.21.4).
CHARSET = "_charset_"
_HINT = (
    "; a part without a file name is a setting, and a picture is sent as a file: "
    "curl -F files=@lunch.jpg"
)
_EXTENDED_NAME = re.compile(r"filename\*\s*=\s*([\w-]*)'[^']*'([^;\s]*)", re.IGNORECASE)


class Form:
    """A form that is read piece by piece; wrong settings and too many pictures end it at once."""

    def __init__(self, boundary: bytes, known: Collection[str], limit: int) -> None:
        """`known` are the settings that there may be, `limit` is the number of pictures."""
        if not boundary:
            raise FormParserError("it has no boundary")
        self.pictures: list[Upload] = []
        self._known = known
        self._limit = limit
        self._settings: list[_Setting] = []
        self._headers: dict[bytes, bytes] = {}
        self._header, self._value = b"", b""
        self._part = _Part({})
        self._data = bytearray()
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._read_header,
                "on_header_value": self._read_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._end_headers,
                "on_part_data": self._read_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    def write(self, chunk: bytes) -> None:
        """Go on with these bytes; raises Problem, and FormParserError where they are no form."""
        self._parser.write(chunk)

    def finish(self) -> Fields:
        """The settings, now that all bytes have come."""
        self._parser.finalize()
        if not self._ended:
            raise FormParserError("it was cut short")
        charsets = [setting for setting in self._settings if setting.name == CHARSET]
        usual = charsets[0].text("ascii") if charsets else "utf-8"
        return [
            (setting.name, setting.text(usual))
            for setting in self._settings
            if setting.name != CHARSET
        ]

    def _begin(self) -> None:
        self._headers = {}
        self._data = bytearray()

    def _read_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _read_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header, self._value = b"", b""

    def _end_headers(self) -> None:
        self._part = _Part(self._headers)

    def _read_data(self, data: bytes, start: int, end: int) -> None:
        self._data += memoryview(data)[start:end]
        if self._part.is_picture:
            refuse_many(len(self.pictures) + 1, self._limit)
        elif len(self._data) > LONGEST_SETTING:
            self._refuse_unknown(self._part.name)
            refuse_long(self._part.name, len(self._data))

    def _end_part(self) -> None:
        part = self._part
        if not part.is_picture:
            self._refuse_unknown(part.name)
            self._settings.append(_Setting(part.name, bytes(self._data), part.charset))
        # Browsers send an input without a file as one without a name and without bytes.
        elif self._data or part.file_name:
            refuse_many(len(self.pictures) + 1, self._limit)
            self.pictures.append(Upload(part.file_name or None, part.decoded(self._data)))

    def _end(self) -> None:
        self._ended = True

    def _refuse_unknown(self, name: str) -> None:
        if name != CHARSET:
            refuse_unknown(name, self._known, _HINT)


class _Part:
    """What the headers of a part say."""

    def __init__(self, headers: dict[bytes, bytes]) -> None:
        disposition = headers.get(b"content-disposition", b"")
        kind, options = parse_options_header(headers.get(b"content-type"))
        _, names = parse_options_header(disposition)
        self.name = names.get(b"name", b"").decode(errors="replace")
        self.file_name = _file_name(disposition, names.get(b"filename"))
        self.charset = options.get(b"charset", b"").decode("ascii", "replace")
        # Some programs leave the name of a file out, but not that it is one.
        as_file = kind.startswith(b"image/") or kind == b"application/octet-stream"
        self.is_picture = self.file_name is not None or as_file
        self._coding = headers.get(b"content-transfer-encoding", b"").strip().lower()

    def decoded(self, data: bytearray) -> bytes:
        """Its bytes; raises Problem where they are coded in a way that is not known."""
        if self._coding in (b"", b"binary", b"7bit", b"8bit"):
            return bytes(data)
        coding = self._coding.decode(errors="replace")
        if coding != "base64":
            raise Problem(415, f"a part in {coding!r} is not taken; send its bytes as they are")
        where = f"the part {self.file_name or self.name!r}"
        return from_base64(data.decode("ascii", "replace"), where)


class _Setting(NamedTuple):
    name: str
    data: bytes
    charset: str  # empty: that of the form

    def text(self, usual: str) -> str:
        """Its value; raises Problem where it is not encoded as it says."""
        charset = self.charset or usual
        try:
            return self.data.decode(charset)
        except (LookupError, ValueError) as cause:
            raise Problem(
                400, f"the setting {self.name!r} is no text in {charset!r}; send it in UTF-8"
            ) from cause


def _file_name(disposition: bytes, plain: bytes | None) -> str | None:
    """The name of a part's file, which may be empty; None where it has none.

    `filename*` is against the standard of forms, but some programs send nothing else.
    """
    if plain is not None:
        return plain.decode(errors="replace")
    extended = _EXTENDED_NAME.search(disposition.decode("latin-1"))
    return unquote(extended[2]) if extended else None

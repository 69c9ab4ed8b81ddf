"""What a body may be that was to be a picture and is none: the usual ways to send one wrongly."""

import json
import re

from diptych.serving.text_pictures import is_address, is_data_url

URLENCODED = "application/x-www-form-urlencoded"
_RIGHT = (
    "send the file itself (curl --data-binary @lunch.jpg), or as a form (curl -F files=@lunch.jpg)"
)
_JSON = "send as Content-Type: application/json"
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{64}[A-Za-z0-9+/_\s=-]*")
# How files of pictures begin, as far as that is no line end and no zero.
_BEGINS = re.compile(rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF|BM|II\*|MM\*|.?ftyp", re.DOTALL)
# So many bytes have a line end or a zero among them, but for one file in a hundred thousand.
_MANY = 1000
# A text of more letters is not read to the end only to say what it is.
_LONG = 2**16


def in_body(data: bytes, kind: str) -> str | None:
    """What was done wrong, and what to do, for a body that is no picture; None if that is unclear.

    `kind` is its content type.
    """
    if not data.isascii():
        return _in_bytes(data)
    text = data.decode().strip()
    if is_data_url(text) or _BASE64.fullmatch(text):
        return f'this is a text in base64; {_JSON} {{"image": "…"}}'
    if is_address(text) and not re.search(r"\s", text):
        return f"this is an address, and the server fetches nothing; {_RIGHT}"
    if f"{text[:1]}{text[-1:]}" in ("{}", "[]") and (len(text) > _LONG or _is_json(text)):
        return f"this is JSON under another name; {_JSON} it"
    if kind == URLENCODED and text:
        return f"{kind} carries no picture; {_RIGHT}"
    return None


def _in_bytes(data: bytes) -> str | None:
    """`curl -d @FILE` leaves out every line end and zero."""
    if any(byte in data for byte in b"\r\n\0"):
        return None
    if len(data) < _MANY and not _BEGINS.match(data):
        return None
    return f"the line ends and zeros of this file are gone, as curl -d takes them away; {_RIGHT}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True

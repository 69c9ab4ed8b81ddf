"""Pictures in texts: base64 and data URLs (RFC 2397)."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from diptych.serving.problems import Problem

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_WEB_SAFE = str.maketrans("-_", "+/", " \t\r\n\f")


def is_address(text: str) -> bool:
    """Whether a text says where something is, rather than what."""
    return bool(_SCHEME.match(text)) and not is_data_url(text)


def is_data_url(text: str) -> bool:
    """Whether a text is an address that holds the data itself."""
    return text[:5].lower() == "data:"


def from_text(text: str, where: str) -> bytes:
    """The bytes of an encoded picture in base64 or in a data URL.

    `where` tells in a Problem which text it was, where it holds something else.
    """
    text = text.strip()
    if is_address(text):
        raise Problem(
            400,
            f"{where} is an address, and the server fetches nothing; send the picture itself, "
            "in base64",
        )
    if not is_data_url(text):
        return from_base64(text, where)
    head, comma, data = text[5:].partition(",")
    if not comma:
        raise Problem(400, f"{where} is a data URL without a comma, and so without data")
    # What is no text (half of a surrogate pair) is no base64 either.
    plain = unquote_to_bytes(data.encode(errors="replace"))
    if not re.search(r";\s*base64\s*$", head, re.IGNORECASE):
        return plain
    return from_base64(plain.decode("ascii", "replace"), where)


def from_base64(text: str, where: str) -> bytes:
    """The bytes of a text in base64, plain or safe for addresses.

    Line ends in it do not matter, nor does padding that is missing.
    """
    plain = text.translate(_WEB_SAFE)
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as cause:
        raise Problem(400, f"{where} is no base64 ({cause})") from cause

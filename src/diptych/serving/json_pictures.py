"""Pictures in JSON: {"image": TEXT} or {"images": [TEXT, …]}, each in base64 or as a data URL.

Whatever else the object holds is a setting.
"""

from collections.abc import Collection, Iterator
from typing import Any

from diptych.serving.bodies import Fields, Upload, parse_json, refuse_large, refuse_many
from diptych.serving.parameters import refuse_long, refuse_unknown
from diptych.serving.problems import Problem
from diptych.serving.settings import Limits
from diptych.serving.text_pictures import from_text, is_address

ONE, SEVERAL = "image", "images"
# Beside the pictures; a data URL has a comma in it.
VALUES = 1000
SHAPE = f'{{"{ONE}": "…"}} or {{"{SEVERAL}": ["…", "…"]}}, each in base64 or as a data URL'


def body_limits(limits: Limits) -> Limits:
    """Those of a body in JSON: of what is in it all pictures together have the limit in bytes.

    Base64 takes a third more, and broken into lines a little more than that.
    """
    return limits._replace(bytes=limits.bytes * 3 // 2)


def parse(data: bytes, known: Collection[str], limits: Limits) -> tuple[list[Upload], Fields]:
    """The pictures in a body, and the settings, of which there may be those that are known.

    Raises Problem where it holds anything else, or too much.
    """
    body = parse_json(data, VALUES + 2 * limits.files)
    if not isinstance(body, dict):
        raise Problem(400, f"the JSON is no object; send {SHAPE}")
    texts = _texts({name: body.pop(name, None) for name in (ONE, SEVERAL)})
    fields = list(_fields(body, known))
    if not texts:
        raise Problem(400, f"no picture in the JSON; send {SHAPE}")
    refuse_many(len(texts), limits.files)
    uploads = [Upload(None, from_text(text, where)) for where, text in texts.items()]
    refuse_large(sum(len(upload.data) for upload in uploads), limits.bytes)
    return uploads, fields


def _texts(body: dict[str, Any]) -> dict[str, str]:
    """The text of each picture by the place where it was found."""
    one, several = body[ONE], body[SEVERAL]
    if one is not None and several is not None:
        raise Problem(400, f"the JSON has both {ONE} and {SEVERAL}; send one of them")
    if not isinstance(several or [], list):
        raise Problem(400, f"{SEVERAL} is no list; send {SHAPE}")
    places = {ONE: one} if one is not None else {}
    places |= {f"{SEVERAL}[{i}]": text for i, text in enumerate(several or [])}
    for where, text in places.items():
        if not isinstance(text, str):
            raise Problem(400, f"{where} is no text; send {SHAPE}")
    return places


def _fields(body: dict[str, Any], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """What is left of a body, as settings."""
    for name, value in body.items():
        if name not in known and isinstance(value, str) and is_address(value):
            raise Problem(
                400, f"{name!r} is an address, and the server fetches nothing; send {SHAPE}"
            )
        refuse_unknown(name, known, f"; pictures are sent as {SHAPE}")
        if not isinstance(value, str | None):
            raise Problem(400, f"the setting {name!r} is no text")
        refuse_long(name, len(value or ""))
        yield name, value or ""

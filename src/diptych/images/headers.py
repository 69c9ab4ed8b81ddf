"""What the header of a picture's file says of where it comes from; its pixels are not decoded."""

import io
import warnings
from pathlib import Path
from typing import IO, NamedTuple

from PIL import Image

from diptych.data.places import Place, size_of
from diptych.errors import ImageError
from diptych.images.preprocess import FORMATS, load_decoders, refusals

_MAKE, _MODEL, _CHANGED, _MORE, _TAKEN = 0x010F, 0x0110, 0x0132, 0x8769, 0x9003


class Header(NamedTuple):
    """What a file says of itself."""

    bytes: int
    camera: str = ""  # maker and model, by EXIF
    taken: str = ""  # the day, as 2026-11-27, by EXIF
    coarseness: float = (
        0.0  # of a JPEG: the mean step of brightness; about 3 at quality 95, 40 at 50
    )


def read_header(place: Place) -> Header | None:
    """The header of a file; None where it cannot be read."""
    load_decoders()
    try:
        if isinstance(place, Path):
            with place.open("rb") as file:
                return _header(file, size_of(place))
        data = place.read_bytes()
        return _header(io.BytesIO(data), len(data))
    except (ImageError, OSError):
        return None


def _header(file: IO[bytes], size: int) -> Header:
    with refusals(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(file, formats=FORMATS) as image:
            return Header(size, *_exif(image), _coarseness(image))


def _exif(image: Image.Image) -> tuple[str, str]:
    """Camera and day; Pillow would decode a PNG to look for what may stand at its end."""
    if image.format == "PNG" and "exif" not in image.info:
        return "", ""
    try:
        exif = image.getexif()
        camera = " ".join(_text(exif.get(tag)) for tag in (_MAKE, _MODEL)).strip()
        taken = _text(exif.get_ifd(_MORE).get(_TAKEN)) or _text(exif.get(_CHANGED))
    except Exception:
        # Pillow raises a dozen kinds of error on broken EXIF.
        return "", ""
    return camera, taken[:10].replace(":", "-")


def _text(value: object) -> str:
    return value.replace("\0", " ").strip() if isinstance(value, str) else ""


def _coarseness(image: Image.Image) -> float:
    tables = getattr(image, "quantization", None) or {}
    first = tables.get(0) or ()
    return sum(first) / len(first) if first else 0.0

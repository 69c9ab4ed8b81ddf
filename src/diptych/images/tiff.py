"""Why a TIFF is not read: what its tags say of pixels that nobody decodes here.

Satellites, drones and microscopes write TIFFs of many bands, of signed or floating-point numbers.
"""

import io
from collections.abc import Mapping
from typing import Any

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from diptych.errors import ImageError
from diptych.images.depth import FLOATS

HEADERS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two of BigTIFF
_NUMBERS = {1: "unsigned whole numbers", 2: "signed whole numbers", 5: "complex", 6: "complex"}
_RGB = 2
# PhotometricInterpretation: ColorFilterArray and LinearRaw, of DNG.
_OF_SENSORS = (32803, 34892)
RAW = "a RAW file of a camera; save what it shows as JPEG, PNG or TIFF"


def why_not_read(data: bytes) -> ImageError:
    """Why a file that begins as a TIFF is not read."""
    tags = _first_tags(data)
    if not tags.get(256) or not tags.get(257):  # ImageWidth, ImageLength
        return ImageError("truncated", "a TIFF without what describes its pixels: cut off")
    bits = tags.get(258, (1,))[0]
    bands = tags.get(277, 1)
    kind = tags.get(339, (1,))[0]
    if is_raw(tags):
        return ImageError("unreadable", RAW)
    if kind == 3:
        return ImageError("unreadable", f"{_bands(bands)}{FLOATS}")
    if bands > 1 and (tags.get(262), bands) != (_RGB, 3):
        return ImageError(
            "unreadable",
            f"{bands} bands of {bits} bits; say which are red, green and blue by saving those as "
            "RGB",
        )
    numbers = _NUMBERS.get(kind, "numbers of an unknown kind")
    return ImageError(
        "unreadable",
        f"a TIFF of {_bands(bands)}{numbers} of {bits} bits, compressed by way "
        f"{tags.get(259, 1)}, which is not read here; save it with 8 or 16 bits, as PNG or plain "
        "TIFF",
    )


def is_raw(tags: Mapping[int, Any]) -> bool:
    """Whether it is of a camera's sensor, beside which there is at most a small preview."""
    is_preview = bool(tags.get(254, 0) & 1) and 330 in tags  # NewSubfileType, SubIFDs
    return is_preview or tags.get(262) in _OF_SENSORS


def _bands(count: int) -> str:
    return f"{count} bands of " if count > 1 else ""


def _first_tags(data: bytes) -> Mapping[int, Any]:
    """The tags of the first page; none where they cannot be read."""
    try:
        directory = ImageFileDirectory_v2(
            data[: 16 if data[2:3] == b"+" or data[3:4] == b"+" else 8]
        )
        file = io.BytesIO(data)
        file.seek(directory.next)
        directory.load(file)
        return dict(directory)
    except Exception:
        # Pillow raises whatever damaged tags make it stumble over.
        return {}

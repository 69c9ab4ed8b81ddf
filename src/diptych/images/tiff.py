"""TIFF: what its tags say of pixels that are not decoded here, and of those that are.

Satellites, drones and microscopes write TIFFs of many bands, of signed or floating-point numbers.
"""

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from diptych.errors import ImageError

HEADERS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # the last two of BigTIFF
_NUMBERS = {1: "unsigned whole numbers", 2: "signed whole numbers", 5: "complex", 6: "complex"}
_RGB = 2
# PhotometricInterpretation: ColorFilterArray and LinearRaw, of DNG.
_OF_SENSORS = (32803, 34892)
FLOATS = "floating-point pixels have no agreed white; save it with 8 or 16 bits"
RAW = "a RAW file of a camera; save what it shows as JPEG, PNG or TIFF"


def why_not_read(data: bytes) -> ImageError:
    """Why a file that begins as a TIFF is not read."""
    tags = _first_tags(data)
    if not _numbers(tags, 256) or not _numbers(tags, 257):  # ImageWidth, ImageLength
        return ImageError("truncated", "a TIFF without what describes its pixels: cut off")
    bits, bands, kind, photometric, compression = (
        (*_numbers(tags, number), default)[0]
        for number, default in ((258, 1), (277, 1), (339, 1), (262, -1), (259, 1))
    )
    if is_raw(tags):
        return ImageError("unreadable", RAW)
    if kind == 3:
        return ImageError("unreadable", f"{_bands(bands)}{FLOATS}")
    if photometric == _RGB and bands > 3:
        return ImageError(
            "unreadable",
            f"{bands} bands of {bits} bits, stored in a way that is not read here; save red, green "
            "and blue alone, as RGB",
        )
    if bands > 1 and photometric != _RGB:
        return ImageError(
            "unreadable",
            f"{bands} bands of {bits} bits; say which are red, green and blue by saving those as "
            "RGB",
        )
    numbers = _NUMBERS.get(kind, "numbers of an unknown kind")
    return ImageError(
        "unreadable",
        f"a TIFF of {_bands(bands)}{numbers} of {bits} bits, compressed by way "
        f"{compression}, which is not read here; save it with 8 or 16 bits, as PNG or plain "
        "TIFF",
    )


def numbers(image: Image.Image, tag: int) -> tuple[int, ...]:
    """What a TIFF that is open says under a tag; nothing where it does not, or is no TIFF."""
    return _numbers(getattr(image, "tag_v2", {}), tag)


def extra_bands(image: Image.Image) -> int:
    """How many bands a TIFF has beside those that are decoded."""
    decoded = len(image.getbands())
    return max((*numbers(image, 277), decoded)) - decoded


def mend_planes(image: ImageFile.ImageFile) -> None:
    """Have planes of 16 bits, one after the other, read as what they are: not as ones of 8."""
    if not isinstance(image, TiffImageFile) or numbers(image, 284) != (2,):  # PlanarConfiguration
        return
    if 16 in numbers(image, 258) and image.tile[0].codec_name == "raw":
        order = "L" if image.tag_v2.prefix == b"II" else "B"
        planes = [(plane, *_arguments(plane)) for plane in image.tile]
        image.tile = [
            plane._replace(args=(f"{band};16{order}", *rest))
            for plane, band, *rest in planes
            if band in image.getbands()  # and no other that lies beside the colours
        ]


def is_raw(tags: Mapping[int, Any]) -> bool:
    """Whether it is of a camera's sensor, beside which there is at most a small preview."""
    is_small = any(kind & 1 for kind in _numbers(tags, 254))  # NewSubfileType
    return (is_small and 330 in tags) or any(p in _OF_SENSORS for p in _numbers(tags, 262))


def _numbers(tags: Mapping[int, Any], tag: int) -> tuple[int, ...]:
    """The whole numbers under a tag; damaged ones may hold anything."""
    value = tags.get(tag, ())
    values = value if isinstance(value, tuple) else (value,)
    return values if all(isinstance(one, int) for one in values) else ()


def _arguments(tile: Any) -> tuple[Any, ...]:
    """Those of the decoder of a part of the pixels."""
    return tile.args if isinstance(tile.args, tuple) else (tile.args,)


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

"""Levels of more than 8 bits: which of them is white, and what they are in 8.

A file of 16 bits does not say how many of them a camera or sensor filled. The brightest level of
one picture is a poor witness: of two that were taken alike, one may need 12 bits and the other 13.
So the pictures of a data set have one depth, `bits`: the fewest, from 8 on, that the brightest
level of all of them needs. Its white is 2^bits − 1. Without a data set, `bits` is 0.

Letters in names: H the height, W the width, C colours of pixels.
"""

import io
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from diptych.errors import ImageError

# Where no data set says more, grey has one of these depths: those of common cameras and scanners.
USUAL = (8, 10, 12, 16)
_MOST = 65_535
FLOATS = "floating-point pixels have no agreed white; save it with 8 or 16 bits"

# Colours of 16 bits by their raw mode in Pillow, which keeps their high bytes. With its bytes in
# the other order, a picture gives its low bytes.
_SWAPPED = {
    f"{colours};16{order}": f"{colours};16{other}"
    for colours in ("RGB", "RGBA", "RGBX")
    for order, other in (("L", "B"), ("B", "L"))
}

Levels = npt.NDArray[Any]  # of whole numbers


def usual(bits: int) -> int:
    """The least usual depth that has room for so many bits."""
    return next(depth for depth in USUAL if bits <= depth)


def common_bits(own: Iterable[int]) -> int:
    """The depth of pictures together, of the bits that each needs; 0 where all have 8 anyway."""
    return max(own, default=0)


def raw_mode(image: Image.Image) -> str:
    """How the pixels of a file are coded, in Pillow's words; "" once they are in memory."""
    tiles = image.tile if isinstance(image, ImageFile.ImageFile) else ()
    args = tiles[0].args if tiles else ""
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def eight_bits(
    image: Image.Image, bits: int, coded: str = "", data: bytes = b""
) -> tuple[Image.Image, int]:
    """A picture in memory with levels of 8 bits, and how many bits its own levels need.

    These are 0 where it has 8 anyway. `coded` is the raw mode that it had in its file, whose
    bytes are `data`. Raises ImageError where no level is known to be white, and where more than
    half of the picture is brighter than the white of `bits`.
    """
    _refuse_signed_bytes(image)
    if image.mode == "F":
        raise ImageError("unreadable", FLOATS)
    if image.mode.startswith("I"):
        return _grey(image, bits)
    # The machine's own order.
    coded = coded.replace(";16N", ";16L" if sys.byteorder == "little" else ";16B")
    if coded in _SWAPPED:
        return _colours(image, bits, coded, data)
    return image, 0


def _refuse_signed_bytes(image: Image.Image) -> None:
    """Raise ImageError for levels below zero that Pillow takes for bright ones."""
    if image.mode == "L" and 2 in _sample_formats(image):
        levels_HW = np.asarray(image).view(np.int8)
        if levels_HW.min() < 0:
            raise _unknown_white(int(levels_HW.min()), int(levels_HW.max()))


def _grey(image: Image.Image, bits: int) -> tuple[Image.Image, int]:
    """Grey with an alpha channel where one level is transparent, and the bits that it needs."""
    levels_HW = np.asarray(image)
    if levels_HW.dtype == np.int32 and 1 in _sample_formats(image):
        levels_HW = levels_HW.view(np.uint32)
    lowest, highest = int(levels_HW.min()), int(levels_HW.max())
    if lowest < 0 or highest > _MOST:
        raise _unknown_white(lowest, highest)
    own = max(highest.bit_length(), 8)
    depth = bits or usual(own)
    grey_HW = _shifted(levels_HW, depth)
    if _of_tiff(image, 262) == 0:  # PhotometricInterpretation: WhiteIsZero
        grey_HW = 255 - grey_HW
    grey = Image.fromarray(grey_HW)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey.putalpha(_opacity(levels_HW != clear))
    return grey, own


def _colours(image: Image.Image, bits: int, coded: str, data: bytes) -> tuple[Image.Image, int]:
    """Colours of 16 bits in 8; of a PNG with one transparent colour, with an alpha channel."""
    high_HWC = np.asarray(image)
    own = 8 + int(high_HWC[..., :3].max()).bit_length()
    clear = image.info.get("transparency")
    if bits in (0, 16) and clear is None:
        return image, own
    with Image.open(io.BytesIO(data), formats=[image.format or ""]) as low:
        low.tile = [
            tile._replace(args=_with_raw_mode(tile.args, _SWAPPED[coded])) for tile in low.tile
        ]
        levels_HWC = (high_HWC.astype(np.uint16) << 8) | np.asarray(low)
    eight = Image.fromarray(_shifted(levels_HWC[..., :3], bits or 16))
    if clear is not None:
        eight.putalpha(_opacity((levels_HWC != clear).any(2)))
    elif image.mode == "RGBA":
        eight.putalpha(image.getchannel("A"))
    return eight, own


def _with_raw_mode(args: Any, raw: str) -> Any:
    return (raw, *args[1:]) if isinstance(args, tuple) else raw


def _shifted(levels: Levels, bits: int) -> npt.NDArray[np.uint8]:
    """Levels of so many bits in 8; what is brighter than their white is white."""
    white = (1 << bits) - 1
    if 2 * np.count_nonzero(levels > white) > levels.size:
        raise ImageError(
            "unreadable",
            f"more than half of it is brighter than {white:,}, the white of the pictures that "
            f"white was told by ({bits} bits); it was saved with another depth than they",
        )
    eight: npt.NDArray[np.uint8] = np.minimum(levels >> (bits - 8), 255).astype(np.uint8)
    return eight


def _opacity(opaque_HW: npt.NDArray[np.bool]) -> Image.Image:
    return Image.fromarray(np.where(opaque_HW, 255, 0).astype(np.uint8))


def _unknown_white(lowest: int, highest: int) -> ImageError:
    return ImageError(
        "unreadable",
        f"levels from {lowest:,} to {highest:,}, and nobody said which is black and which is "
        "white; save it with 8 or 16 bits",
    )


def _sample_formats(image: Image.Image) -> tuple[int, ...]:
    """What a TIFF says of its numbers: 1 is unsigned, 2 signed, 3 floating point."""
    formats = _of_tiff(image, 339)
    return formats if isinstance(formats, tuple) else ()


def _of_tiff(image: Image.Image, tag: int) -> Any:
    """What a TIFF says under a tag; None where it does not, or is no TIFF."""
    tags = getattr(image, "tag_v2", None)
    return tags.get(tag) if tags is not None else None

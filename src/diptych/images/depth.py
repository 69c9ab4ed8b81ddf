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
from diptych.images.tiff import FLOATS, mend_planes, numbers

# Where no data set says more, grey has one of these depths: those of common cameras and scanners.
USUAL = (8, 10, 12, 16)
_MOST = 65_535

# Colours of 16 bits by their raw mode in Pillow, which keeps their high bytes; of planes one after
# the other that of the first.
_DEEP_COLOURS = ("RGB;16", "RGBA;16", "RGBX;16", "R;16")
_OWN_ORDER = "L" if sys.byteorder == "little" else "B"

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
    if coded[:-1] in _DEEP_COLOURS:
        return _colours(image, bits, data)
    return image, 0


def _refuse_signed_bytes(image: Image.Image) -> None:
    """Raise ImageError for levels below zero that Pillow takes for bright ones."""
    if image.mode == "L" and 2 in numbers(image, 339):
        levels_HW = np.asarray(image).view(np.int8)
        if levels_HW.min() < 0:
            raise _unknown_white(int(levels_HW.min()), int(levels_HW.max()))


def _grey(image: Image.Image, bits: int) -> tuple[Image.Image, int]:
    """Grey with an alpha channel where one level is transparent, and the bits that it needs."""
    levels_HW = np.asarray(image)
    if levels_HW.dtype == np.int32 and 1 in numbers(image, 339):
        levels_HW = levels_HW.view(np.uint32)
    lowest, highest = int(levels_HW.min()), int(levels_HW.max())
    if lowest < 0 or highest > _MOST:
        raise _unknown_white(lowest, highest)
    own = max(highest.bit_length(), 8)
    depth = bits or usual(own)
    grey_HW = _shifted(levels_HW, depth)
    if numbers(image, 262) == (0,):  # PhotometricInterpretation: WhiteIsZero
        grey_HW = 255 - grey_HW
    grey = Image.fromarray(grey_HW)
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey.putalpha(_opacity(levels_HW != clear))
    return grey, own


def _colours(image: Image.Image, bits: int, data: bytes) -> tuple[Image.Image, int]:
    """Colours of 16 bits in 8; of a PNG with one transparent colour, with an alpha channel."""
    high_HWC = np.asarray(image)
    own = 8 + int(high_HWC[..., :3].max()).bit_length()
    clear = image.info.get("transparency")
    if bits in (0, 16) and clear is None:
        return image, own
    levels_HWC = (high_HWC.astype(np.uint16) << 8) | _low_bytes(data, image.format or "")
    eight = Image.fromarray(_shifted(levels_HWC[..., :3], bits or 16))
    if clear is not None:
        eight.putalpha(_opacity((levels_HWC != clear).any(2)))
    elif image.mode == "RGBA":
        eight.putalpha(image.getchannel("A"))
    return eight, own


def _low_bytes(data: bytes, format: str) -> npt.NDArray[np.uint8]:
    """The low bytes of colours of 16 bits (H, W, C): what is read with the bytes swapped."""
    with Image.open(io.BytesIO(data), formats=[format]) as image:
        mend_planes(image)
        image.tile = [tile._replace(args=_swapped(tile.args)) for tile in image.tile]
        return np.asarray(image)


def _swapped(args: Any) -> Any:
    """The arguments of a decoder that takes the bytes of 16 bits in the other order."""
    raw, *rest = args if isinstance(args, tuple) else (args,)
    order = _OWN_ORDER if raw[-1] == "N" else raw[-1]
    raw = raw[:-1] + ("B" if order == "L" else "L")
    return (raw, *rest) if isinstance(args, tuple) else raw


def _shifted(levels: Levels, bits: int) -> npt.NDArray[np.uint8]:
    """Levels of so many bits in 8; what is brighter than their white is white."""
    white = (1 << bits) - 1
    if 2 * np.count_nonzero(levels > white) > levels.size:
        raise ImageError(
            "unreadable",
            f"more than half of it is brighter than {white:,}, which is white in the pictures of "
            f"the data set ({bits} bits); save it with the depth that they have",
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

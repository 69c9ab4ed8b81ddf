"""Which numbers mean black and white: said, known from before, or agreed among many.

Photographs have 0 to 255, fractions of white 0 to 1, scikit-learn's digits 0 to 16; sensors 10, 12,
14 or 16 bits. Numbers that were standardised, (x − mean) / deviation, have no black and white of
their own.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from diptych.data.pixel_format import PixelFormat
from diptych.errors import InputError
from diptych.sources.meaning import Meaning

Range: TypeAlias = tuple[float, float]  # black and white

BYTES: Range = (0.0, 255.0)
DEPTHS = (10, 12, 14, 16)  # bits of sensors
_FEW = 16.0  # white of scikit-learn's digits, which have 4 bits and one level more
# Numbers around 0 reach both ends of a range to this share of it.
_REACH = 0.01
# So far, in shares of the range, rounding may take a number out of it.
_ROUNDING = 1e-5
_NUMBER = r"[-+−]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"\s*({_NUMBER})\s*(?:-|–|:|\.\.|to)\s*({_NUMBER})\s*")


class Extent(NamedTuple):
    """The least and the greatest of some numbers, and whether all of them are whole."""

    low: float
    high: float
    whole: bool

    def __or__(self, other: "Extent") -> "Extent":
        both = min(self.low, other.low), max(self.high, other.high)
        return Extent(*both, self.whole and other.whole)


def extent_of(numbers: npt.NDArray[Any]) -> Extent:
    """The extent of an array with at least one number; NaN where one of them is none."""
    whole = numbers.dtype.kind in "bui" or bool((numbers == np.rint(numbers)).all())
    return Extent(float(numbers.min()), float(numbers.max()), whole)


def parse_range(text: str | Sequence[float]) -> Range:
    """A range that was said: "0-255", "-1-1", "-2.5:3.1", or the two numbers.

    Raises InputError for anything else.
    """
    found = _RANGE.fullmatch(text) if isinstance(text, str) else None
    ends = [end.replace("−", "-") for end in found.groups()] if found else text
    try:
        if isinstance(ends, str):
            raise ValueError
        low, high = map(float, ends)
    except (TypeError, ValueError) as cause:
        raise InputError(
            f"--range {text}: write it as LOW-HIGH, such as 0-255, -1-1 or -2.5-3.1"
        ) from cause
    if not (np.isfinite([low, high]).all() and low < high):
        raise InputError(f"--range {text}: {low:g}, which is black, is not less than {high:g}")
    return low, high


def said_range(meaning: Meaning, expected: PixelFormat) -> tuple[Range | None, str]:
    """Black and white as somebody said or as they were before, and who says so, for messages."""
    if meaning.value_range is not None:
        return parse_range(meaning.value_range), "as --range says"
    if expected.values:
        return (expected.values.low, expected.values.high), (
            "the range of the training pictures; scale these as those were"
        )
    return None, ""


def agreed_range(extent: Extent) -> Range | None:
    """The range that numbers of this extent have without doubt; None where there is doubt."""
    low, high, whole = extent
    if low < 0:
        near_zero = ((-128.0, 127.0),) if whole else ()
        ranges: tuple[Range, ...] = ((-1.0, 1.0), (-0.5, 0.5), *near_zero)
        return next((one for one in ranges if _reaches(extent, one)), None)
    if high <= 1 + _ROUNDING:
        return 0.0, 1.0
    if high <= _FEW and (whole or high == _FEW):
        return 0.0, _FEW
    # Fractions that do not reach 255 may be shares of 100; whole numbers are of dark pictures.
    reaches = BYTES[1] * (1 - _REACH) <= high
    if _FEW < high <= BYTES[1] * (1 + _ROUNDING) and (whole or reaches):
        return BYTES
    depths = (2.0**bits - 1 for bits in DEPTHS)
    return (0.0, high) if whole and high in depths else None


def suggested(extent: Extent) -> str:
    """A range that holds numbers of this extent, as --range takes it."""
    low, high, whole = extent
    if whole and low >= 0 and BYTES[1] < high < 2**16:
        high = next(2**bits - 1 for bits in DEPTHS if high < 2**bits)
    # Outwards where a number has more digits than are shown.
    ends = np.floor(low * 1e4 + 0.01) / 1e4, np.ceil(high * 1e4 - 0.01) / 1e4
    return "--range={}-{}".format(*(f"{end + 0.0:.10g}" for end in ends))


def refuse_fractions(where: object, extent: Extent, ends: Range, why: str) -> None:
    """Raise InputError where numbers from 0 to 1 are to be read by a range of whole ones."""
    if not extent.whole and extent.low >= 0 and extent.high <= 1 and ends[1] >= _FEW:
        raise InputError(
            f"{where}: its numbers are fractions up to {extent.high:.6g}, and not among "
            f"{ends[0]:g} to {ends[1]:g}, {why}"
        )


def outside(numbers: npt.NDArray[Any], ends: Range) -> npt.NDArray[np.bool]:
    """Which numbers are not in a range, by more than rounding; NaN is in none."""
    low, high = ends
    slack = (high - low) * _ROUNDING if np.isfinite(high - low) else 0.0
    return ~((numbers >= low - slack) & (numbers <= high + slack))


def levels(numbers: npt.NDArray[Any], ends: Range) -> npt.NDArray[np.uint8]:
    """Numbers of a range as levels from 0, black, to 255, white; those of bytes as they are."""
    if ends == BYTES and numbers.dtype == np.uint8:
        return numbers
    low, high = ends
    scale = np.float32(255 / (high - low))
    scaled = (numbers.astype(np.float32, copy=False) - np.float32(low)) * scale
    whole: npt.NDArray[np.uint8] = np.rint(scaled).clip(0, 255).astype(np.uint8)
    return whole


def _reaches(extent: Extent, ends: Range) -> bool:
    """Whether an extent is all of a range, and no more."""
    low, high = ends
    near, slack = (high - low) * _REACH, (high - low) * _ROUNDING
    return low - slack <= extent.low <= low + near and high - near <= extent.high <= high + slack

"""An array of numbers as pictures: which axis is what, and what is black and white."""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.data.pixel_format import PixelFormat, Shape
from diptych.errors import InputError
from diptych.images.preprocess import Pixels
from diptych.sources.meaning import Meaning
from diptych.sources.pixels.number_arrays import NumberArray
from diptych.sources.pixels.ranges import (
    Extent,
    Range,
    agreed_range,
    extent_of,
    levels,
    outside,
    refuse_fractions,
    said_range,
    suggested,
)
from diptych.sources.pixels.shapes import is_planar, parse_shape, refuse_shape, shape_of

CHANNELS = (1, 3)


class ArrayPictures(NamedTuple):
    """An array whose rows are pictures."""

    array: NumberArray
    shape: Shape
    planar: bool  # all of red, then all of green, then all of blue
    flat: bool  # the numbers of a picture are one axis, whose order is not said by the array

    def pixels(self, ends: Range, why: str) -> Iterator[Pixels]:
        """The pictures (N, H, W, C), some at a time.

        Raises InputError, naming the picture, for a number that is out of the range, and why that
        is the range.
        """
        done = 0
        height, width, channels = self.shape
        for block in self.array.rows():
            numbers = block.reshape(len(block), -1)
            if why:
                refuse_fractions(self.array, extent_of(numbers), ends, why)
            self._refuse_outside(numbers, ends, why, done)
            values = levels(numbers, ends)
            if self.planar:
                values = values.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
            yield np.ascontiguousarray(values).reshape(-1, height, width, channels)
            done += len(block)

    def _refuse_outside(self, numbers: npt.NDArray[Any], ends: Range, why: str, done: int) -> None:
        if not outside(np.array([numbers.min(), numbers.max()]), ends).any():
            return
        picture, at = np.argwhere(outside(numbers, ends))[0]
        number = numbers[picture, at]
        if np.isnan(number):
            raise InputError(f"{self.array}: picture {done + picture} has NaN, which is no number")
        low, high = ends
        raise InputError(
            f"{self.array}: picture {done + picture}: {number:g} is not among {low:g} to "
            f"{high:g}{why and ', '}{why}"
        )


def as_pictures(array: NumberArray, meaning: Meaning, expected: PixelFormat) -> ArrayPictures:
    """The pictures of an array; raises InputError where it holds none."""
    stated = parse_shape(meaning.shape) or expected.shape
    if array.dtype.kind not in "buif":
        raise InputError(f"{array}: an array of {array.dtype} holds no pictures; numbers do")
    if not array.shape or not array.shape[0] or not all(array.shape):
        raise InputError(f"{array}: there is no picture in it; its shape is {array.shape}")
    match array.shape:
        case (_, count):
            shape = shape_of(count, stated)
            if shape is None:
                raise refuse_shape(array, count, stated, meaning.shape)
            return ArrayPictures(array, shape, _flat_planar(array, shape, expected), True)
        case (_, height, width):
            shape, planar = (height, width, 1), False
        case (_, height, width, channels) if channels in CHANNELS:
            shape, planar = (height, width, channels), False
        case (_, channels, height, width) if channels in CHANNELS:
            shape, planar = (height, width, channels), channels > 1
        case _:
            raise InputError(
                f"{array}: its shape {array.shape} is not one of pictures: (N, H, W), (N, H, W, 3) "
                "or (N, 3, H, W), N pictures first; numpy.moveaxis moves an axis"
            )
    if stated and shape != stated:
        size, wanted = ("×".join(map(str, one)) for one in (shape, stated))
        raise InputError(f"{array}: its pictures are {size}, not {wanted}")
    return ArrayPictures(array, shape, planar, False)


def range_of(
    pictures: list[ArrayPictures], meaning: Meaning, expected: PixelFormat
) -> tuple[Range, str]:
    """Black and white of some pictures, and why, where it is not by their own numbers.

    Raises InputError where nobody said it, and the numbers do not tell.
    """
    ends, why = said_range(meaning, expected)
    if ends is not None:
        return ends, why
    extent = reduce(or_, (_extent(one.array) for one in pictures))
    ends = agreed_range(extent)
    if ends is None:
        raise InputError(
            f"{pictures[0].array}: numbers from {extent.low:.6g} to {extent.high:.6g} do not tell "
            f"what is black and white; say it, such as {suggested(extent)}"
        )
    return ends, ""


def _extent(array: NumberArray) -> Extent:
    done = 0
    extents = []
    for block in array.rows():
        extent = extent_of(block)
        if not np.isfinite([extent.low, extent.high]).all():
            bad = ~np.isfinite(block.reshape(len(block), -1)).all(1)
            raise InputError(
                f"{array}: picture {done + int(bad.argmax())} has NaN or infinity, which are no "
                "numbers"
            )
        extents.append(extent)
        done += len(block)
    return reduce(or_, extents)


def _flat_planar(array: NumberArray, shape: Shape, expected: PixelFormat) -> bool:
    """Whether the colours of rows of numbers come one after the other."""
    if shape[2] == 1:
        return False
    if expected.values and expected.values.planar is not None:
        return expected.values.planar
    first = next(array.rows())[:50].astype(np.float64)
    return is_planar(first, shape)

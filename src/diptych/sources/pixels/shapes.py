"""The shape of pictures that come as rows of numbers, and how they lie."""

import numpy as np
import numpy.typing as npt

from diptych.data.pixel_format import Shape
from diptych.errors import InputError


def parse_shape(shape: str | None) -> Shape | None:
    """A shape that was said, "28x28" or "32x32x3"; raises InputError for anything else."""
    if shape is None:
        return None
    sides = shape.lower().replace("×", "x").split("x")
    if len(sides) not in (2, 3) or not all(side.isdigit() and int(side) for side in sides):
        raise InputError(f"--shape {shape}: write it as HxW or HxWxC, such as 28x28 or 32x32x3")
    height, width, channels = (*map(int, sides), 1)[:3]
    if channels not in (1, 3):
        raise InputError(f"--shape {shape}: a picture has 1 or 3 channels, not {channels}")
    return height, width, channels


def shape_of(count: int, stated: Shape | None, *, coloured: bool = False) -> Shape | None:
    """The shape of so many numbers: square, grey before colour; None where there is none.

    Where they are known to be `coloured`, none is grey.
    """
    if stated:
        fits = int(np.prod(stated)) == count and (stated[2] == 3 or not coloured)
        return stated if fits else None
    for channels in (3,) if coloured else (1, 3):
        side = round((count / channels) ** 0.5)
        if side * side * channels == count and side >= 3:
            return side, side, channels
    return None


def refuse_shape(where: object, count: int, stated: Shape | None, said: str | None) -> InputError:
    """What to say of so many numbers that make no picture, or none of the shape wanted."""
    if said is None and stated is not None:
        size = "×".join(map(str, stated))
        return InputError(f"{where}: {count:,} numbers a row are no picture of {size}, as expected")
    what = f"picture of {said}" if said else "square picture; say it with --shape HxWxC"
    return InputError(f"{where}: {count:,} numbers a row are no {what}")


def is_planar(rows: npt.NDArray[np.float64], shape: Shape) -> bool:
    """Whether neighbours are more alike when the colours are read one after the other."""
    height, width, channels = shape
    interleaved = rows.reshape(-1, height, width, channels)
    planar = rows.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
    rough = [np.abs(np.diff(x, axis=axis)).mean() for x in (interleaved, planar) for axis in (1, 2)]
    return bool(rough[2] + rough[3] < rough[0] + rough[1])


def mirrored(name: str) -> str:
    """A word on pictures that lie mirrored, by what their file is called; "" on others."""
    if "emnist" not in name.lower():
        return ""
    return "read as they lie (EMNIST's own files have rows for columns: all are mirrored)"

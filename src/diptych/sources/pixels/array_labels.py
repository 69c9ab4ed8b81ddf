"""The labels of pictures that lie in arrays: one to each, or rows with a 1 at the class."""

from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError
from diptych.sources.pixels.array_names import Pair
from diptych.sources.pixels.number_arrays import NumberArray


def labels_of(pair: Pair) -> list[str]:
    """The label of each picture as it is written; "" where it has none.

    Raises InputError where there are no labels, or not one for each picture.
    """
    images, labels = pair.images, pair.labels
    if pair.label:
        return [pair.label] * images.shape[0]
    if labels is None:
        part = f"the {pair.part} part" if pair.part else "these pictures"
        raise InputError(
            f"{images}: no labels of {part}; call their array or file as that of the pictures, "
            "with labels for images or y for x, or name it with --label"
        )
    texts = words_of(labels)
    if len(texts) != images.shape[0]:
        hint = ""
        if images.shape[-1] == len(texts):
            hint = "; pictures come first in an array: numpy.moveaxis(x, -1, 0)"
        raise InputError(
            f"{images}: {images.shape[0]:,} pictures, but {len(texts):,} labels in {labels}{hint}"
        )
    return texts


def words_of(array: NumberArray) -> list[str]:
    """An array of a word or number for each picture, (N,) or (N, 1), or of rows with a single 1.

    Raises InputError for anything else.
    """
    if array.dtype.kind not in "buifUS":
        raise InputError(f"{array}: an array of {array.dtype} holds no labels")
    if not array.shape or not all(array.shape):
        raise InputError(f"{array}: there is nothing in it")
    values = array.whole()
    if values.ndim == 2 and 1 in values.shape:
        values = values.reshape(-1)
    if values.ndim == 2 and values.dtype.kind in "buif":
        values = _classes_of_rows(array, values)
    if values.ndim != 1:
        raise InputError(f"{array}: its shape {array.shape} is not (N,), a label for each picture")
    return [_text(value) for value in values.tolist()]


def _classes_of_rows(array: NumberArray, rows_NK: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The position of the 1 in each row; raises InputError where there is not just one."""
    if not np.isin(rows_NK, (0, 1)).all():
        raise InputError(f"{array}: rows of {rows_NK.shape[1]} numbers other than 0 and 1")
    ones = rows_NK.sum(1)
    if (ones != 1).any():
        row = int((ones != 1).argmax())
        raise InputError(
            f"{array}: picture {row} has {int(ones[row])} labels of {rows_NK.shape[1]}; each is to "
            "have one"
        )
    positions_N: npt.NDArray[np.intp] = rows_NK.argmax(1)
    return positions_N


def _text(value: object) -> str:
    text = value.decode("utf-8", "windows-1252") if isinstance(value, bytes) else str(value)
    return "" if isinstance(value, float) and value != value else text.strip()

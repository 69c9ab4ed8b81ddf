"""What can be told of each picture without knowing what it shows: the facts that slices go by.

Axes: N pictures, H their height, W their width, C colours.
"""

import math
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from diptych.data.dataset import PARTS, Dataset, Sample
from diptych.data.places import size_of
from diptych.images.decoding import CHUNK, stored_pictures
from diptych.images.preprocess import Pixels
from diptych.images.rows import StoredRows, in_batches
from diptych.images.store import Store
from diptych.sources.tables.cells import MOST_WORDS

Floats = npt.NDArray[np.float64]
Column = Sequence[str | float]  # a fact of each picture; "" and NaN where it is not known

# The facts of `picture_facts`, as pictures with their lowest and highest values are called.
CALLED = {
    "brightness": ("dark", "bright"),
    "contrast": ("flat", "contrasty"),
    "sharpness": ("blurred", "sharp"),
    "size": ("small", "large"),
    "aspect": ("narrow", "wide"),
    "kilobytes": ("lightweight", "heavyweight"),
}


def picture_facts(dataset: Dataset, store: Store) -> dict[str, Column]:
    """What can be told of each picture without knowing what it shows, in the data set's order.

    brightness   mean of the luma (ITU-R BT.601), 0 to 255
    contrast     standard deviation of the luma
    sharpness    variance of the luma's Laplacian (Pech-Pacheco et al., "Diatom Autofocusing in
                 Brightfield Microscopy", ICPR 2000), as a share of the luma's variance
    size         pixels of the shorter side, of the file
    aspect       width / height
    format       JPEG, PNG, …
    kilobytes    of the file
    folder       the folder inside the class folder; "" where there is none
    subfolder    all folders inside the class folder, where there are several

    The store has the pixels of every sample's digest.
    """
    digests = [sample.digest for sample in dataset.samples]
    batches = in_batches(StoredRows(store, digests), CHUNK)
    luma_3N = np.concatenate([np.empty((3, 0)), *map(_luma_facts, batches)], 1)
    pictures = list(stored_pictures(dataset.samples, store))
    folders = [_folders(sample) for sample in dataset.samples]
    return {
        **dict(zip(("brightness", "contrast", "sharpness"), luma_3N.tolist(), strict=True)),
        "size": [min(picture.width, picture.height) for picture in pictures],
        "aspect": [picture.width / max(picture.height, 1) for picture in pictures],
        "format": [picture.format for picture in pictures],
        "kilobytes": [math.nan if dataset.shape else _kilobytes(s) for s in dataset.samples],
        "folder": [above[0] if above else "" for above in folders],
        "subfolder": ["/".join(above) if len(above) > 1 else "" for above in folders],
    }


def column_facts(dataset: Dataset) -> dict[str, Column]:
    """What a table says of each picture besides its label, in the data set's order.

    Words, or numbers where there are too many different ones to be a word each.
    """
    return {
        title: _cells([values.get(sample.name, "") for sample in dataset.samples])
        for title, values in dataset.columns.items()
    }


def _cells(cells: Sequence[str]) -> Column:
    if len(set(cells)) <= MOST_WORDS:
        return cells
    try:
        return [float(cell) if cell else math.nan for cell in cells]
    except ValueError:
        return cells


def _luma_facts(pixels_NHWC: Pixels) -> Floats:
    """Brightness, contrast and sharpness of each picture (3, N)."""
    colours = pixels_NHWC.astype(np.float32)
    weight_C = np.array([0.299, 0.587, 0.114] if colours.shape[3] == 3 else [1], np.float32)
    luma_NHW = colours @ weight_C
    wide_NHW = np.pad(luma_NHW, ((0, 0), (1, 1), (1, 1)), "edge")
    beside_NHW = wide_NHW[:, 1:-1, :-2] + wide_NHW[:, 1:-1, 2:]
    above_NHW = wide_NHW[:, :-2, 1:-1] + wide_NHW[:, 2:, 1:-1]
    laplacian_NHW = beside_NHW + above_NHW - 4 * luma_NHW
    variance_N = luma_NHW.var((1, 2))
    # A picture of one colour is neither blurred nor sharp.
    sharpness_N = np.where(
        variance_N > 0, laplacian_NHW.var((1, 2)) / np.where(variance_N > 0, variance_N, 1), np.nan
    )
    return np.stack([luma_NHW.mean((1, 2)), np.sqrt(variance_N), sharpness_N]).astype(np.float64)


def _folders(sample: Sample) -> tuple[str, ...]:
    """The folders between a picture and its class, or its part where classes have no folder."""
    above = PurePosixPath(sample.name).parts[:-1]
    names = [unicodedata.normalize("NFC", folder) for folder in above]
    if sample.label in names:
        return above[names.index(sample.label) + 1 :]
    return above[1:] if above and above[0] in PARTS else above


def _kilobytes(sample: Sample) -> float:
    try:
        return size_of(sample.path) / 1000
    except OSError:
        return math.nan  # the file has gone since its pixels were read

"""The pictures that an export is made with, as a bundle's splits.csv names them."""

import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.bundles.format import Bundle
from diptych.data.pixel_format import PixelFormat
from diptych.data.places import Member, Place
from diptych.errors import InputError
from diptych.images.decoding import PixelStore, decode_files, pixel_store
from diptych.images.rows import Rows, StoredRows
from diptych.images.store import Store
from diptych.reliability.ood import reference_indices
from diptych.sources import read
from diptych.sources.inputs import named_pictures

# Training pictures that ranges of activations are taken from, each class in turn.
CALIBRATION = 200


class ValidationPictures(NamedTuple):
    """The pictures that files are checked by."""

    keys: Sequence[str]  # SHA-256 of each
    pixels: Rows  # uint8 (N, S, S, 1 or 3)
    targets_N: npt.NDArray[np.intp]  # positions among the classes
    groups: Sequence[str]  # of near-duplicates


class Pictures(NamedTuple):
    """All that an export needs."""

    validation: ValidationPictures
    calibration: Rows  # of the training part; none where nothing is calibrated


def pictures(bundle: Bundle, data: Path | None, *, calibrate: bool) -> Pictures:
    """The validation pictures, and those to calibrate with, from the cache or else from `data`.

    `data` is what the bundle was trained on, and is read only where the cache lacks something.
    Raises InputError where some pictures cannot be found.
    """
    valid = bundle.splits().valid
    keys = tuple(sample.digest for sample in valid.samples)
    calibration = calibration_keys(bundle) if calibrate else []
    store = _store_with(bundle, [*keys, *calibration], data)
    validation = ValidationPictures(
        keys,
        StoredRows(store, keys),
        np.array(valid.targets(), np.intp),
        tuple(sample.group or sample.name for sample in valid.samples),
    )
    return Pictures(validation, StoredRows(store, calibration))


def calibration_keys(bundle: Bundle) -> list[str]:
    """The SHA-256 of training pictures to calibrate with; never one of the validation part."""
    train = bundle.splits().train
    return [train.samples[i].digest for i in reference_indices(train.targets(), CALIBRATION)]


def _store_with(bundle: Bundle, keys: Sequence[str], data: Path | None) -> Store:
    """The store that has the pixels of these pictures."""
    store = pixel_store(bundle.shape, bundle.bits)
    missing = _missing(store, keys)
    if missing and data is not None:
        _bring(missing, data, store, bundle.pixel_format)
        # What a table was read into is a shard of another store.
        store = pixel_store(bundle.shape, bundle.bits)
        missing = _missing(store, keys)
    if missing:
        where = f"not in {data} either" if data else "name the data it was trained on with --data"
        raise InputError(
            f"{bundle.path}: the pixels of {len(missing):,} of {len(keys):,} pictures that exports "
            f"are checked by are no longer in the cache; {where}"
        )
    return store


def _missing(store: Store, keys: Sequence[str]) -> set[str]:
    return {key for key in keys if not store.has_row(key)}


def _bring(missing: set[str], data: Path, store: PixelStore, expected: PixelFormat) -> None:
    """Bring what is missing into the store, as far as the data has it.

    Which pictures are meant is known by their bytes: how the data is labelled makes no difference.
    Raises InputError where it cannot be read, and its files are not those either.
    """
    places, refusal = list[Place](), None
    try:
        dataset = read(data, expected=expected)
    except InputError as why:
        refusal = why  # it may be meant in several ways, as far as labels go
    else:
        if dataset.shape:
            return  # reading a table of pixels has put all of them into the cache
        places = [sample.path for sample in dataset.samples]
    left = set(missing)
    for picture in decode_files(chain(places, _files(data)), store):
        left.discard(picture.digest)
        if not left:
            return
    if refusal is not None and left == missing:
        raise refusal


def _files(data: Path) -> Iterator[Place]:
    """Every picture below a folder, in an archive or named by a table, whatever its label."""
    try:
        for picture in named_pictures([str(data)], sys.stdin):
            if isinstance(picture.content, Path | Member):
                yield picture.content
    except InputError:
        return  # there is none

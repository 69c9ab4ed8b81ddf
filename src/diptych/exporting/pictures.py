"""The pictures that exports are judged by, as a bundle's splits.csv names them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.bundles.format import Bundle
from diptych.errors import InputError
from diptych.images.cache import Store
from diptych.images.decoding import decoded, pixel_store
from diptych.images.rows import StoredRows
from diptych.sources import read


class Judges(NamedTuple):
    """The validation pictures of a bundle."""

    keys: tuple[str, ...]  # SHA-256 of each
    targets_N: npt.NDArray[np.intp]  # positions among the classes
    groups: tuple[str, ...]  # of near-duplicates


def judges(bundle: Bundle) -> Judges:
    """What a bundle says of its validation pictures."""
    valid = bundle.splits().valid
    return Judges(
        tuple(sample.digest for sample in valid.samples),
        np.array(valid.targets(), np.intp),
        tuple(sample.group or sample.name for sample in valid.samples),
    )


def pixels_of(bundle: Bundle, keys: Sequence[str], data: Path | None) -> StoredRows:
    """The pixels of the pictures with these hashes, from the cache or else from `data`.

    `data` is what the bundle was trained on, and is read only where the cache lacks something.
    Raises InputError where some cannot be found.
    """
    store = pixel_store(bundle.shape)
    missing = _missing(store, keys)
    if missing and data is not None:
        _find(missing, data, store)
        # What a table was read into is a shard of another store.
        store = pixel_store(bundle.shape)
        missing = _missing(store, keys)
    if missing:
        where = f"not in {data} either" if data else "name the data it was trained on with --data"
        raise InputError(
            f"{bundle.path}: the pixels of {len(missing):,} of {len(keys):,} pictures that exports "
            f"are checked by are no longer in the cache; {where}"
        )
    return StoredRows(store, keys)


def _missing(store: Store, keys: Sequence[str]) -> set[str]:
    return {key for key in keys if not store.has_row(key)}


def _find(missing: set[str], data: Path, store: Store) -> None:
    """Bring what is missing into the store, as far as the data has it."""
    pictures = read(data)
    if pictures.shape:
        return  # reading a table of pixels has put all of them into the cache
    left = set(missing)
    for picture in decoded((sample.path for sample in pictures.samples), store):
        left.discard(picture.digest)
        if not left:
            return

"""Pictures that come as numbers, as samples whose pixels are in the cache."""

import hashlib
from collections.abc import Sequence

from diptych.data.class_order import is_number
from diptych.errors import InputError
from diptych.images.preprocess import Pixels
from diptych.images.store import Store


def add_pixels(store: Store, pixels_NHWC: Pixels) -> list[str]:
    """Put pictures that come as pixels into the cache, unless they are there; their digests."""
    height, width, _ = pixels_NHWC.shape[1:]
    facts = {"reason": "", "detail": "", "width": width, "height": height, "format": "pixels"}
    digests = [_digest(row) for row in pixels_NHWC]
    new = {digest: i for i, digest in enumerate(digests) if digest not in store}
    if new:
        indices = slice(None) if len(new) == len(digests) else list(new.values())
        store.add_block(list(new), pixels_NHWC[indices], facts)
    return digests


def class_names(where: object, column: str, labels: Sequence[str]) -> dict[str, str]:
    """What each label in a column is called: whole numbers lose their ".0".

    Raises InputError for labels that are amounts, or almost as many as there are pictures.
    """
    different = sorted(set(labels))
    if all(is_number(label) for label in different):
        values = {label: float(label) for label in different}
        if odd := next((label for label, v in values.items() if v != int(v)), None):
            raise InputError(
                f"{where}: {column} looks continuous ('{odd}'); a label is a class, not an amount"
            )
        names = {label: str(int(value)) for label, value in values.items()}
    else:
        names = {label: label.strip() for label in different}
    if len(different) > max(20, len(labels) // 2):
        raise InputError(
            f"{where}: {column} has {len(different):,} different values in {len(labels):,} rows; "
            "it looks continuous, and no class to learn"
        )
    return names


def _digest(pixels_HWC: Pixels) -> str:
    return hashlib.sha256(b"%d %d %d " % pixels_HWC.shape + pixels_HWC.tobytes()).hexdigest()

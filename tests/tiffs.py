"""TIFFs of kinds that Pillow does not write, and in part does not read."""

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

_FORMATS = {"u": 1, "i": 2, "f": 3}


def tiff(
    levels: np.ndarray[Any, Any],
    photometric: int,
    more: Mapping[int, int] = {},
    *,
    planes: bool = False,
) -> bytes:
    """Levels (H, W) or (H, W, bands) as a plain little-endian TIFF; `more` are further tags.

    Bands lie pixel by pixel, or in `planes` one after the other.
    """
    height, width, bands = (*levels.shape, 1)[:3]
    whole = levels.astype(levels.dtype.newbyteorder("<")).reshape(height, width, bands)
    strips = [whole[..., i].tobytes() for i in range(bands)] if planes else [whole.tobytes()]
    tags: dict[int, list[int]] = {
        256: [width],
        257: [height],
        258: [levels.dtype.itemsize * 8] * bands,
        259: [1],
        262: [photometric],
        273: [0] * len(strips),
        277: [bands],
        278: [height],
        279: [len(strip) for strip in strips],
        284: [2 if planes else 1],
        339: [_FORMATS[levels.dtype.kind]] * bands,
        **{tag: [value] for tag, value in more.items()},
    }
    at = 8 + 2 + 12 * len(tags) + 4  # where lists begin, and then pixels
    lists = sum(4 * len(values) for values in tags.values() if len(values) > 1)
    tags[273] = [at + lists + sum(map(len, strips[:i])) for i in range(len(strips))]
    directory, listed = b"", b""
    for tag, values in sorted(tags.items()):
        data = struct.pack(f"<{len(values)}I", *values)
        if len(values) > 1:
            listed, data = listed + data, struct.pack("<I", at + len(listed))
        directory += struct.pack("<HHI", tag, 4, len(values)) + data
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags))
    return head + directory + bytes(4) + listed + b"".join(strips)

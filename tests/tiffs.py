"""TIFFs of kinds that Pillow does not write, and so does not read."""

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

_FORMATS = {"u": 1, "i": 2, "f": 3, "c": 6}


def tiff(levels: np.ndarray[Any, Any], photometric: int, more: Mapping[int, int] = {}) -> bytes:
    """Levels (H, W) or (H, W, bands) as a plain little-endian TIFF; `more` are further tags."""
    height, width, bands = (*levels.shape, 1)[:3]
    bits = levels.dtype.itemsize * 8
    data = levels.astype(levels.dtype.newbyteorder("<")).tobytes()
    numbers = {
        256: width,
        257: height,
        259: 1,
        262: photometric,
        277: bands,
        278: height,
        279: len(data),
        **more,
    }
    lists = {258: bits, 339: _FORMATS[levels.dtype.kind]}
    count = len(numbers) + len(lists) + 1
    at = 8 + 2 + 12 * count + 4
    entries = {tag: struct.pack("<HHII", tag, 4, 1, value) for tag, value in numbers.items()}
    extra = b""
    for tag, value in lists.items():
        if bands <= 2:
            whole = struct.pack(f"<{bands}H", *[value] * bands).ljust(4, b"\0")
        else:
            whole = struct.pack("<I", at + len(extra))
            extra += struct.pack(f"<{bands}H", *[value] * bands)
        entries[tag] = struct.pack("<HHI", tag, 3, bands) + whole
    entries[273] = struct.pack("<HHII", 273, 4, 1, at + len(extra))
    directory = b"".join(entries[tag] for tag in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", count) + directory + bytes(4) + extra + data

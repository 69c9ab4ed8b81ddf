"""What a network sees in each picture: computed once, by the fastest runtime, kept."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.graphs.surgery import seeing
from diptych.images.cache import Store, folder
from diptych.images.preprocess import Pixels
from diptych.runtimes import Outputs, fastest, open_outputs
from diptych.system.progress import Track, unwatched

# Small batches stay in the processor's cache: 8 to 32 at a time were fastest on two cores.
BATCH = 16
# Rows written at a time.
CHUNK = 128

Looks = tuple[npt.NDArray[np.float32], ...]  # features, and the look half-way: (N, width) each


class Sight(NamedTuple):
    """A backbone's graph, from pixels to what is seen: features, and a look half-way."""

    graph: bytes
    widths: tuple[int, ...]  # of each output


def sight(backbone: bytes, width: int) -> Sight:
    """What a backbone sees; `width` is that of its features."""
    graph, half_way = seeing(backbone)
    return Sight(graph, (width, half_way) if half_way else (width,))


def features(
    seen_by: Sight, keys: Sequence[str], pixels: Store, *, track: Track = unwatched
) -> Looks:
    """What is seen in the pictures of the keys."""
    runtime = fastest()
    run = None
    name = f"{hashlib.sha256(seen_by.graph).hexdigest()[:32]}-{runtime}"
    kept = folder() / "features" / name / pixels.folder.name
    store = Store(kept, (sum(seen_by.widths),), "float32")
    missing = [key for key in dict.fromkeys(keys) if key not in store]
    starts = range(0, len(missing), CHUNK)
    for start in track(starts, f"computing features ({runtime})", len(starts)):
        run = run or open_outputs(seen_by.graph, runtime)
        chunk = missing[start : start + CHUNK]
        rows = np.concatenate(looked(run, pixels.read(chunk)), axis=1)
        store.add((key, row, {}) for key, row in zip(chunk, rows, strict=True))
    return tuple(np.split(store.read(keys), np.cumsum(seen_by.widths)[:-1], axis=1))


def looked(run: Outputs, images_NHWC: Pixels) -> Looks:
    """What a running graph sees in pictures that are in memory."""
    starts = range(0, len(images_NHWC), BATCH)
    parts = [run(images_NHWC[start : start + BATCH]) for start in starts]
    return tuple(np.concatenate(look) for look in zip(*parts, strict=True))

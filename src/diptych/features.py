"""What a frozen backbone sees in each picture: computed once, by the fastest runtime, kept."""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from diptych.cache import Store, folder
from diptych.progress import Track, unwatched
from diptych.runtimes import fastest, open_graph

# Small batches stay in the processor's cache: 8 to 32 at a time were fastest on two cores.
BATCH = 16
# Rows written at a time.
CHUNK = 128


def features(
    graph: bytes, width: int, keys: Sequence[str], pixels: Store, *, track: Track = unwatched
) -> npt.NDArray[np.float32]:
    """The graph's output (N, width) for the pictures of the keys."""
    runtime = fastest()
    run = None
    kept = folder() / "features" / f"{hashlib.sha256(graph).hexdigest()[:32]}-{runtime}"
    store = Store(kept / pixels.folder.name, (width,), "float32")
    missing = [key for key in dict.fromkeys(keys) if key not in store]
    starts = range(0, len(missing), CHUNK)
    for start in track(starts, f"computing features ({runtime})", len(starts)):
        run = run or open_graph(graph, runtime)
        chunk = missing[start : start + CHUNK]
        images_NHWC = pixels.read(chunk)
        batches = range(0, len(chunk), BATCH)
        rows = np.concatenate([run(images_NHWC[i : i + BATCH]) for i in batches])
        store.add((key, row, {}) for key, row in zip(chunk, rows, strict=True))
    return store.read(keys)

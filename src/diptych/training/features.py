"""What a network sees in each picture: computed once, by the fastest runtime, kept."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.graphs.surgery import with_mid_features
from diptych.images.cache import Store, folder
from diptych.images.preprocess import Pixels
from diptych.runtimes import Outputs, fastest, open_outputs
from diptych.system.progress import Track, unwatched

# Small batches stay in the processor's cache: 8 to 32 at a time were fastest on two cores.
BATCH = 16
# Rows written at a time.
CHUNK = 128

Features = tuple[npt.NDArray[np.float32], ...]  # the last ones, and mid-level ones: (N, width) each


class FeatureExtractor(NamedTuple):
    """A backbone's graph, from pixels to what is seen: features, and a mid-level features."""

    graph: bytes
    widths: tuple[int, ...]  # of each output


def feature_extractor(backbone: bytes, width: int) -> FeatureExtractor:
    """What a backbone sees; `width` is that of its features."""
    graph, mid_layer = with_mid_features(backbone)
    return FeatureExtractor(graph, (width, mid_layer) if mid_layer else (width,))


def features(
    extractor: FeatureExtractor, keys: Sequence[str], pixels: Store, *, track: Track = unwatched
) -> Features:
    """What is seen in the pictures of the keys."""
    runtime = fastest()
    run = None
    name = f"{hashlib.sha256(extractor.graph).hexdigest()[:32]}-{runtime}"
    kept = folder() / "features" / name / pixels.folder.name
    store = Store(kept, (sum(extractor.widths),), "float32")
    missing = [key for key in dict.fromkeys(keys) if key not in store]
    starts = range(0, len(missing), CHUNK)
    for start in track(starts, f"computing features ({runtime})", len(starts)):
        run = run or open_outputs(extractor.graph, runtime)
        chunk = missing[start : start + CHUNK]
        rows = np.concatenate(extracted(run, pixels.read(chunk)), axis=1)
        store.add((key, row, {}) for key, row in zip(chunk, rows, strict=True))
    return tuple(np.split(store.read(keys), np.cumsum(extractor.widths)[:-1], axis=1))


def extracted(run: Outputs, images_NHWC: Pixels) -> Features:
    """What a running graph sees in pictures that are in memory."""
    starts = range(0, len(images_NHWC), BATCH)
    parts = [run(images_NHWC[start : start + BATCH]) for start in starts]
    return tuple(np.concatenate(look) for look in zip(*parts, strict=True))

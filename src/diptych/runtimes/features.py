"""Features of each picture: computed once, on a GPU or by the fastest runtime, kept."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError
from diptych.graphs.surgery import with_mid_features
from diptych.images.cache import folder
from diptych.images.preprocess import Pixels
from diptych.images.rows import Rows, StoredRows, in_batches, kept
from diptych.images.store import Store
from diptych.runtimes import PredictAll, fastest, kept_as, open_outputs
from diptych.system.progress import Track, unwatched
from diptych.system.workplace import elsewhere

# Of N pictures: (N, D) of each layer, the last one first.
Features = tuple[npt.NDArray[np.float32], ...]

# Small batches stay in the processor's cache: 8 to 32 at a time were fastest on two cores.
BATCH = 16
# Rows written at a time.
CHUNK = 128
# Of so many pictures features lie on the disk in 16 bits: a million pictures are 3 GB. Computed
# with, they are float32. Of fewer they stay exact: among pictures that are all alike a score of
# strangeness may come down to the fourth digit.
MANY, SHORT, LARGEST = 50_000, "float16", 65504.0


def _nowhere() -> None:
    """Where there is no GPU."""


class FeatureExtractor(NamedTuple):
    """A backbone's graph, from pixels to its features and, where there are some, mid-level ones."""

    graph: bytes
    widths: tuple[int, ...]  # of each output
    # What computes the same on a GPU; it gives None where there is none.
    on_gpu: Callable[[], PredictAll | None] = _nowhere


def feature_extractor(backbone: bytes, width: int) -> FeatureExtractor:
    """The extractor of a backbone's graph; `width` is that of its last features."""
    graph, mid_width = with_mid_features(backbone)
    return FeatureExtractor(graph, (width, mid_width) if mid_width else (width,))


class PixelRows(Protocol):
    """Pixels (N, H, W, C) by key, uint8, and the folder that is called as what they are."""

    @property
    def folder(self) -> Path: ...

    def read(self, keys: Sequence[str], /) -> Pixels: ...


def features(
    extractor: FeatureExtractor, keys: Sequence[str], pixels: PixelRows, *, track: Track = unwatched
) -> Features:
    """The features of the pictures of the keys, whose pixels are in a store.

    Raises InputError where some are no finite numbers.
    """
    rows = (
        feature_store(extractor, keys, pixels, track=track)
        .read(keys)
        .astype(np.float32, copy=False)
    )
    return tuple(np.split(rows, np.cumsum(extractor.widths)[:-1], axis=1))


def feature_store(
    extractor: FeatureExtractor, keys: Sequence[str], pixels: PixelRows, *, track: Track = unwatched
) -> Store:
    """Where the features of the keys are once computed: all layers of a picture in a row.

    Raises InputError where some are no finite numbers.
    """
    run = None if elsewhere() else extractor.on_gpu()
    runtime = "gpu" if run else fastest()
    stored = np.dtype(SHORT if len(keys) >= MANY else "float32")
    name = f"{hashlib.sha256(extractor.graph).hexdigest()[:32]}-{kept_as(runtime)}-{stored}"
    place = folder() / "features" / name / pixels.folder.name
    store = Store(place, (sum(extractor.widths),), stored)
    missing = [key for key in dict.fromkeys(keys) if key not in store]
    compute = partial(_by_runtime, extractor.graph, runtime) if run is None else lambda: run
    chunks = zip(in_batches(missing, CHUNK), _rows(compute, missing, pixels), strict=True)
    doing = f"computing features ({runtime})"
    for chunk, rows in track(chunks, doing, -(-len(missing) // CHUNK)):
        if not np.isfinite(rows).all():
            raise InputError(
                "the network answers in no finite numbers for some pictures; "
                "choose another, or other weights"
            )
        if stored == SHORT:
            rows = rows.clip(-LARGEST, LARGEST)
        store.add((key, row, {}) for key, row in zip(chunk, rows, strict=True))
    return store


def _rows(
    open_run: Callable[[], PredictAll], keys: Sequence[str], pixels: PixelRows
) -> Iterator[npt.NDArray[np.float32]]:
    """All layers of each picture in a row, (N, D), a chunk at a time."""
    if not keys:
        return
    if place := elsewhere():
        # Batch by batch, so that the same pictures meet in one as they do here.
        batches = (list(pixels.read(some)) for some in in_batches(keys, BATCH))
        rows = place.map(partial(_in_rows, open_run), batches, _lost)
        for chunk in in_batches(keys, CHUNK):
            yield np.stack(list(islice(rows, len(chunk))))
        return
    run = open_run()
    for chunk in in_batches(keys, CHUNK):
        yield np.concatenate(run(pixels.read(chunk)), axis=1)


def _in_rows(
    open_run: Callable[[], PredictAll],
) -> Callable[[Sequence[Pixels]], list[npt.NDArray[np.float32]]]:
    """What computes features where a worker is."""
    run = open_run()
    return lambda images: list(np.concatenate(run(np.stack(images)), axis=1))


def _lost(image_HWC: Pixels, reason: str) -> npt.NDArray[np.float32]:
    raise InputError(f"the features of a picture cannot be computed: {reason}")


@dataclass(frozen=True)
class FeatureRows:
    """Features of one layer, which are columns of a store: `Rows` that stay on the disk if many.

    Those of the last layer stand first; they tell what things are.
    """

    store: Store
    keys: Sequence[str]
    layer: slice

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.keys), self.layer.stop - self.layer.start

    def only(self, wanted_N: npt.NDArray[np.bool_]) -> "FeatureRows":
        """Those of some pictures."""
        chosen = [key for key, wanted in zip(self.keys, wanted_N, strict=True) if wanted]
        return replace(self, keys=chosen)

    @property
    def middle(self) -> "FeatureRows":
        """Those of a layer between, which tell what pictures are made of."""
        return replace(self, layer=slice(self.layer.stop, self.store.shape[0]))

    @cached_property
    def _rows(self) -> Rows:
        """All layers; checks read them a dozen times, so where they are few they are in memory."""
        return kept(StoredRows(self.store, self.keys), among=8)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, indices: slice | npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        return self._rows[indices][:, self.layer].astype(np.float32, copy=False)


def _by_runtime(graph: bytes, runtime: str) -> PredictAll:
    """What computes features in batches that suit a processor."""
    run = open_outputs(graph, runtime)
    return lambda images_NHWC: tuple(extract(run, images_NHWC))


def extract(run: PredictAll, images_NHWC: Pixels) -> Features:
    """The features that a running graph gives for pictures that are in memory."""
    parts = [run(batch) for batch in in_batches(images_NHWC, BATCH)]
    return tuple(np.concatenate(layer_ND) for layer_ND in zip(*parts, strict=True))

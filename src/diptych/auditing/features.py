"""What a network trained on ImageNet sees in pictures: what the checks of an audit compare.

Axes: N pictures, H, W and C of their pixels, D features.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.data.dataset import Dataset, Shape
from diptych.errors import MissingExtra
from diptych.graphs.writer import onnx_graph
from diptych.images.preprocess import Pixels
from diptych.images.rows import IN_MEMORY, Rows, StoredRows
from diptych.images.store import Store
from diptych.networks.pretrained import carried
from diptych.networks.zoo import ZOO
from diptych.runtimes.features import FeatureExtractor, PixelRows, feature_extractor, feature_store
from diptych.system.progress import Track

# The backbone that training takes by default: it finds these features in the cache.
BACKBONE = "efficientnet_lite0"
# A network that knows photographs makes little of smaller pictures, in pixels a side.
LEAST_SIDE = 96


def image_features(dataset: Dataset, store: Store, track: Track) -> "FeatureRows | None":
    """The features (N, D) of the samples, float32, whose pixels are in a store.

    None where no package with the weights is installed.
    """
    pixels: PixelRows = Enlarged(store) if dataset.shape else store
    shape = pixels.shape if isinstance(pixels, Enlarged) else store.shape
    try:
        extractor = _extractor((shape[0], shape[1], 3))
    except MissingExtra:
        return None
    keys = [sample.digest for sample in dataset.samples]
    computed = feature_store(extractor, keys, pixels, track=track)
    return FeatureRows(computed, keys, slice(0, extractor.widths[0]))


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
        small = len(self.keys) * self.store.shape[0] * self.store.dtype.itemsize <= IN_MEMORY
        return self.store.read(self.keys) if small else StoredRows(self.store, self.keys)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, indices: slice | npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        return self._rows[indices][:, self.layer]


@dataclass(frozen=True)
class Enlarged:
    """Small pictures that came as numbers, in three colours and as large as a network needs them.

    Every pixel becomes a square of equal ones.
    """

    small: Store

    @property
    def times(self) -> int:
        """How often each pixel is repeated."""
        return -(-LEAST_SIDE // min(self.small.shape[:2]))

    @property
    def shape(self) -> Shape:
        """(H, W, 3)."""
        height, width = self.small.shape[:2]
        return height * self.times, width * self.times, 3

    @property
    def folder(self) -> Path:
        """Called as what they are."""
        return self.small.folder.with_name(f"{self.small.folder.name}-{self.times}")

    def read(self, keys: Sequence[str], /) -> Pixels:
        """(N, H, W, 3) uint8."""
        large = self.small.read(keys).repeat(self.times, 1).repeat(self.times, 2)
        return np.ascontiguousarray(np.broadcast_to(large, (*large.shape[:3], 3)))


@cache
def _extractor(shape: Shape) -> FeatureExtractor:
    network = ZOO[BACKBONE](shape, 2, 0.0)
    backbone = onnx_graph(network.backbone, carried(network), probabilities=False)
    return feature_extractor(backbone, network.features)

"""What a network trained on ImageNet sees in pictures: what the checks of an audit compare.

Axes: N pictures, H, W and C of their pixels, D features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from diptych.data.dataset import Dataset, Shape
from diptych.errors import MissingExtra
from diptych.graphs.writer import onnx_graph
from diptych.images.preprocess import Pixels
from diptych.images.store import Store
from diptych.networks.pretrained import carried
from diptych.networks.zoo import ZOO
from diptych.runtimes.features import (
    FeatureExtractor,
    FeatureRows,
    PixelRows,
    feature_extractor,
    feature_store,
)
from diptych.system.progress import Track

# The backbone that training takes by default: it finds these features in the cache.
BACKBONE = "efficientnet_lite0"
# A network that knows photographs makes little of smaller pictures, in pixels a side.
LEAST_SIDE = 96


def image_features(dataset: Dataset, store: Store, track: Track) -> FeatureRows | None:
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

"""What the checks of an audit look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from diptych.auditing.measures import Measures, measures
from diptych.data.dataset import Dataset
from diptych.images.decoding import Picture, PixelStore
from diptych.images.rows import Rows, StoredRows
from diptych.runtimes.features import FeatureRows


@dataclass(frozen=True)
class Material:
    """The pictures of a data set that can be used, as they were read, compared and seen.

    Axes: N pictures, D features.
    """

    dataset: Dataset  # with digests; nothing in it is set aside
    pictures: Mapping[str, Picture]  # by the names of samples
    store: PixelStore  # of their pixels, by digest
    group_of: Mapping[str, str]  # sample name → the group of copies that it is in, if any
    features_ND: FeatureRows | None  # of a network trained on ImageNet; None where there is none

    @property
    def pixels(self) -> Rows:
        """The squashed pictures (N, H, W, C) of the samples, in their order, uint8."""
        return StoredRows(self.store, [sample.digest for sample in self.dataset.samples])

    @property
    def labels(self) -> npt.NDArray[np.intp]:
        """The position of each sample's label among the classes, (N,)."""
        return np.array(self.dataset.targets(), np.intp)

    @cached_property
    def measures(self) -> Measures:
        """Brightness, colour and detail of each sample's picture; computed when first asked for."""
        return measures(self.pixels)

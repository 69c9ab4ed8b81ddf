"""What trials are judged on: pictures, their features, and folds. The test part is no part of it.

Letters in names: N pictures, D features.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.data.dataset import Dataset, Shape
from diptych.data.folding import folds
from diptych.data.splitting import Splits
from diptych.errors import GateError
from diptych.images.decoding import PixelStore
from diptych.networks.zoo import backbones
from diptych.recipe import Recipe
from diptych.system.progress import Track, unwatched
from diptych.tuning.choice import Floats, features_of


class DevelopmentStore(PixelStore):
    """The pixels of the pictures that may be chosen by; those of any other are not given.

    A choice that had looked at the test part would flatter itself there.
    """

    def __init__(self, store: PixelStore, development: Dataset) -> None:
        super().__init__(development.shape_at(store.shape[0]), store.bits)
        self._development = development
        self._allowed = {sample.digest for sample in development.samples}

    def read(self, keys: Sequence[str]) -> npt.NDArray[Any]:
        self.refuse_others(keys)
        return super().read(keys)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (self.picture_shape, self.bits, self._development)

    def refuse_others(self, keys: Sequence[str]) -> None:
        """Raise GateError for a picture that nothing may be chosen by."""
        if strange := next((key for key in keys if key not in self._allowed), None):
            raise GateError(
                f"the picture {strange[:12]}… of the test part was about to be looked at in a "
                "search, which would flatter itself by it"
            )


def _reopened(shape: Shape, bits: int, development: Dataset) -> DevelopmentStore:
    """A store that came to another process, with what its own cache has."""
    return DevelopmentStore(PixelStore(shape, bits), development)


class Material:
    """The pictures of a search, with what was made of them already."""

    def __init__(self, data: Dataset, store: PixelStore, folds: int, track: Track) -> None:
        """Of all pictures that may be learned from and chosen by; the store has their pixels."""
        self.data, self.store = data, DevelopmentStore(store, data)
        self.labels_N = np.array(data.targets(), np.intp)
        self.groups = [sample.group or sample.name for sample in data.samples]
        self._folds, self._track = folds, track
        self._features: dict[tuple[str, str], Floats] = {}  # by backbone and views
        self._parted: dict[tuple[int, float], tuple[Splits, ...]] = {}
        self._place = {sample.name: i for i, sample in enumerate(data.samples)}

    def __getstate__(self) -> dict[str, Any]:
        """What travels to another process, where nobody watches."""
        return {**self.__dict__, "_track": unwatched}

    def folds(self, seed: int, recipe: Recipe) -> tuple[Splits, ...]:
        """The parts, once for each fold; the same for every trial of a seed."""
        key = (seed, recipe.valid_share)
        if key not in self._parted:
            self._parted[key] = folds(self.data, self._folds, seed, valid=recipe.valid_share)
        return self._parted[key]

    def places(self, part: Dataset) -> npt.NDArray[np.intp]:
        """Where the pictures of a part are among all."""
        return np.array([self._place[sample.name] for sample in part.samples], np.intp)

    def features(self, recipe: Recipe) -> Floats:
        """What a recipe's backbones make of every picture, (N, D); computed once."""
        self.store.refuse_others([sample.digest for sample in self.data.samples])
        parts = (recipe.network,) if "/" in recipe.network else backbones(recipe.network)
        keys = [(one, recipe.views) for one in parts]
        for key in keys:
            if key not in self._features:
                own = features_of(recipe, key[0], self.data, self.store, self._track)
                self._features[key] = own
        return np.concatenate([self._features[key] for key in keys], axis=1)

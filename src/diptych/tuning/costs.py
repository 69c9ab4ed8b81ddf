"""What a trial takes on this machine, from those before it or from a first look."""

import time
from collections.abc import Iterable

from diptych.networks.choosing import way_to_train
from diptych.recipe import Recipe
from diptych.training.ways.task import planned_epochs
from diptych.tuning.budget import epoch_seconds
from diptych.tuning.judging import head_logits
from diptych.tuning.material import Material
from diptych.tuning.study import Row

# What an estimate falls short by, at most.
MARGIN = 1.15
LOOK_EPOCHS = 4


class Costs:
    """Seconds of trials."""

    def __init__(
        self, default: Recipe, material: Material, folds: int, first_look: float = 0.0
    ) -> None:
        self._default, self._material, self._folds = default, material, folds
        self.first_look = first_look  # seconds of an epoch in a fold; 0 before there was one

    def look(self) -> None:
        """Train the default for a moment, to know something before the first trial."""
        recipe, material = self._default, self._material
        parts = material.folds(recipe.seed, recipe)[0]
        if way_to_train(recipe) != "head":
            self.first_look = epoch_seconds(recipe, parts.train, parts.valid, material.store)
            return
        few = recipe.replace(epochs=LOOK_EPOCHS, patience=LOOK_EPOCHS)
        started = time.monotonic()
        head_logits(few, material, parts)
        self.first_look = (time.monotonic() - started) / LOOK_EPOCHS

    def trial(self, recipe: Recipe, complete: Iterable[Row]) -> float:
        """What a trial of a recipe takes at most, as far as the complete ones tell."""
        epochs = self._folds * planned_epochs(recipe)
        return MARGIN * epochs * max(map(self._epoch, complete), default=self.first_look)

    def _epoch(self, row: Row) -> float:
        recipe = self._default.replace(**row.values)
        return row.seconds / self._folds / planned_epochs(recipe)

"""What a preset comes to on some pictures, as `train --preset` has it."""

from dataclasses import asdict
from numbers import Real
from typing import NamedTuple

from diptych.data.arguments import require_dataset
from diptych.data.dataset import Dataset
from diptych.data.matching import refuse_unfit_to_train
from diptych.errors import InputError, described
from diptych.recipe import Recipe
from diptych.system.arguments import require
from diptych.system.progress import Track, unwatched
from diptych.training.defaults import default_recipe
from diptych.training.pictures import at_one_depth
from diptych.tuning import choice
from diptych.tuning.candidates import Candidate
from diptych.tuning.presets import preset as preset_of

PLAIN = asdict(Recipe())


class Chosen(NamedTuple):
    """A recipe, why it was chosen, and what it was chosen among, if that was a choice."""

    recipe: Recipe
    reason: str = ""
    candidates: tuple[Candidate, ...] = ()


def choose(
    train: Dataset,
    preset: str = "best",
    recipe: Recipe | None = None,
    *,
    seconds: float | None = None,
    track: Track = unwatched,
) -> Chosen:
    """The recipe that a preset ("quick", "good" or "best") comes to on a training part.

    "best" cross-validates networks, heads and ways to train on the part; more than a head is tried
    only where `seconds` suffice for it, of which there are 1,800 where nothing is said. The others,
    and parts with fewer than ten independent pictures of a class, leave nothing to choose. What a
    given `recipe` says otherwise than `Recipe()` counts; the reason tells of it.

    Raises InputError for an unknown preset and pictures that cannot be trained on.
    """
    require_dataset(train, "choose")
    given = recipe is not None
    recipe = default_recipe(train).recipe if recipe is None else recipe
    require(recipe, Recipe, "recipe", "write Recipe(seed=1)")
    require(preset, str, "preset", 'write "quick", "good" or "best"')
    if isinstance(seconds, bool) or not isinstance(seconds, Real | None) or seconds != seconds:
        raise InputError(f"seconds are a number, not {described(seconds)}")
    said = {name for name, value in asdict(recipe).items() if given and value != PLAIN[name]}
    wanted = preset_of(preset, recipe, said)
    reasons = list(wanted.overruled)
    refuse_unfit_to_train(train)
    if not wanted.open or not choice.can_choose(train):
        reasons += ["too few pictures of a class to choose by"] if wanted.open else []
        return Chosen(wanted.networks[0], "; ".join(reasons))
    (part,), store = at_one_depth((train,), recipe.image_size, 0, track)
    found = choice.best_of(wanted, part, store, seconds=seconds, track=track)
    return Chosen(found.chosen.recipe, "; ".join([*reasons, found.reason]), found.candidates)

"""The search for a better recipe: trials, the first of the default, and a verdict on the winner."""

from collections.abc import Mapping
from dataclasses import asdict
from numbers import Real
from pathlib import Path
from typing import Any

from diptych.data.arguments import require_dataset
from diptych.data.dataset import Dataset
from diptych.data.folding import MOST_FOLDS, development
from diptych.data.matching import matched, refuse_shared, refuse_unfit_to_train
from diptych.errors import InputError, described
from diptych.networks.choosing import way_to_train
from diptych.recipe import Recipe
from diptych.reliability.calibration import require_scipy
from diptych.system.arguments import require, whole_number
from diptych.system.files import path_of
from diptych.system.progress import Track, unwatched
from diptych.system.workplace import elsewhere
from diptych.training.crossvalidation import refuse_earlier
from diptych.training.defaults import default_recipe
from diptych.training.memory import enough_memory
from diptych.training.pictures import at_one_depth
from diptych.tuning.clock import Clock
from diptych.tuning.elsewhere import Search, trials_elsewhere
from diptych.tuning.material import Material
from diptych.tuning.space import Space, default_space, read_space, space_of
from diptych.tuning.study import load_optuna
from diptych.tuning.tuned import Tuned
from diptych.tuning.worker import Log

MOST_TRIALS = 100_000
# A fold of features takes moments, one of pixels as long as a training.
HEAD_FOLDS, PIXEL_FOLDS = 5, 3


def tune(
    train: Dataset,
    valid: Dataset,
    recipe: Recipe | None = None,
    *,
    out: Path | str,
    trials: int = 40,
    seconds: float | None = None,
    space: Space | Mapping[str, Any] | Path | str | None = None,
    cv: int = 0,
    track: Track = unwatched,
    log: Log = lambda line: None,
) -> Tuned:
    """Search for a better recipe, on the parts that may be learned from and chosen by.

    Each trial is cross-validated in `cv` folds of both parts (5 for a head, 3 for what trains on
    pixels, where it is 0) by its calibrated log loss; the first is that of the recipe as it is. The
    winner is judged again beside it, in folds of seeds that no trial had: `recipe` of the answer is
    the winner's where it is better beyond noise, else the recipe as it was.

    `space` says what is searched: plain data as in TOML ({"dropout": {"low": 0.0, "high": 0.5},
    "batch_size": [16, 32]}), or a file of it; by default what pays for the way that the recipe
    trains. The folder `out` keeps the study: the same call goes on where it was stopped or killed,
    and several processes share the trials. After `seconds` nothing begins that would not have
    ended; `log` is told of each trial in a line.

    Raises InputError where the folder is of a search on other pictures, by another recipe, space or
    number of folds; a class is too small for the folds; the time is too short, with the least that
    is needed; MissingExtra without Optuna or SciPy.
    """
    require_dataset(train, "tune")
    require_dataset(valid, "tune")
    recipe = default_recipe(train).recipe if recipe is None else recipe
    require(recipe, Recipe, "recipe", "write Recipe(epochs=10)")
    if isinstance(seconds, bool) or not isinstance(seconds, Real | None):
        raise InputError(f"seconds are a number, not {described(seconds)}")
    trials = whole_number(trials, "the number of trials", 1, MOST_TRIALS)
    folds = cv or (HEAD_FOLDS if way_to_train(recipe) == "head" else PIXEL_FOLDS)
    folds = whole_number(folds, "the number of folds", 2, MOST_FOLDS)
    searched = _space(space, recipe)
    clock = Clock(seconds)
    folder = path_of(out, "the folder of a search")
    load_optuna()
    refuse_earlier(recipe)
    refuse_unfit_to_train(train)
    valid = matched(valid, "valid", train)
    require_scipy(len(valid))
    with enough_memory(recipe):
        (train, valid), store = at_one_depth((train, valid), recipe.image_size, 0, track)
        refuse_shared(valid, "valid", train)
        material = Material(development(train, valid), store, folds, clock.watched(track))
        material.folds(recipe.seed, recipe)  # which refuses a class that is too small
        facts = {
            "pictures": {"sha256": material.data.fingerprint(), "bits": train.bits},
            "recipe": asdict(recipe),
            "space": searched.to_json(),
            "number of folds": {"folds": folds},
        }
        default = searched.values_of(recipe)
        search = Search(folder.absolute(), facts, searched, default, recipe, folds, material)
        with search.study() as study:
            worker = search.worker(study, clock, log)
            worker.prepare()
            if (place := elsewhere()) and search.of_features():
                trials_elsewhere(place, search, trials, clock, worker.first_look, log)
            worker.run(trials)
            return worker.end(track)


def _space(given: Space | Mapping[str, Any] | Path | str | None, recipe: Recipe) -> Space:
    if isinstance(given, Space):
        return given
    if given is None:
        return default_space(recipe)
    return space_of(given, recipe) if isinstance(given, Mapping) else read_space(given, recipe)

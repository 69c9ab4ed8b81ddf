"""Space: what a search may choose, as TOML, and a good one for each way to train.

learning_rate = { low = 0.0003, high = 0.03, log = true }
label_smoothing = { low = 0.0, high = 0.2 }
batch_size = [16, 32, 64]
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

from diptych.errors import InputError, described, nearest
from diptych.images.augmentation import AugmentationPolicy
from diptych.networks.choosing import has_pretrained, refuse_unknown, way_to_train
from diptych.recipe import RANGES, Recipe
from diptych.system.files import path_of, read_toml

Value = str | int | float

_KINDS: Mapping[str, Any] = get_type_hints(Recipe)
HOW = "write { low = …, high = …, log = true } or a list of values"
# Which pictures there are, how they are read, and what is asked of the answer, is no matter of
# search; nor is what the clock decides.
FIXED = frozenset((
    "engine", "weights", "image_size", "balance", "seed", "on_nan", "train_seconds", "valid_share",
    "test_share", "min_side", "acceptance", "coverage",
))  # fmt: skip
# Of a number that is chosen so many digits are kept: a recipe is read by people.
DIGITS = 3


class Dimension(NamedTuple):
    """One key of a recipe that is searched: a range, or the `choices` where there are some."""

    key: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    choices: tuple[Value, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether only whole numbers of the range count."""
        return _KINDS[self.key] is int

    def holds(self, value: Value) -> bool:
        """Whether a search might choose the value."""
        if self.choices:
            return value in self.choices
        return not isinstance(value, str) and self.low <= value <= self.high

    def rounded(self, value: Value) -> Value:
        """A value of the range in few digits; one of the choices as it is."""
        if self.choices or not isinstance(value, float):
            return value
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)


class Space(NamedTuple):
    """All that is searched."""

    dimensions: tuple[Dimension, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """What is searched, in order."""
        return tuple(dimension.key for dimension in self.dimensions)

    def values_of(self, recipe: Recipe) -> dict[str, Value]:
        """What a recipe says of all that is searched."""
        return {key: getattr(recipe, key) for key in self.keys}

    def to_json(self) -> dict[str, Any]:
        """The space as plain data."""
        return {
            d.key: list(d.choices) or {"low": d.low, "high": d.high, "log": d.log}
            for d in self.dimensions
        }


def default_space(recipe: Recipe) -> Space:
    """What pays to be searched around a recipe, by the way that it trains.

    Rates and decays lie within a factor of ten of the recipe's, on both sides. Where pixels are
    trained on, a trial is long and there are few: what weighs most is searched, and how strongly
    pictures are changed.
    """
    dimensions = [
        _around("learning_rate", recipe.learning_rate),
        _around("weight_decay", recipe.weight_decay or 0.001),
        Dimension("label_smoothing", 0.0, 0.2),
    ]
    if way_to_train(recipe) == "head":
        further = [_choices(key, getattr(recipe, key)) for key in ("batch_size", "epochs")]
        return Space((*dimensions, *further))
    if recipe.engine != "linear":
        dimensions.append(Dimension("dropout", 0.0, 0.5))
    if has_pretrained(recipe):
        dimensions.append(_around("backbone_rate", recipe.backbone_rate or 0.1))
        dimensions.append(_choices("fine_epochs", recipe.fine_epochs))
    else:
        dimensions.append(_choices("epochs", recipe.epochs))
    used = [key for key in AugmentationPolicy._fields if getattr(recipe, key)]
    dimensions += [
        Dimension(key, 0.0, min(2 * getattr(recipe, key), RANGES[key][1])) for key in used
    ]
    return Space(tuple(dimensions))


def read_space(path: Path | str, recipe: Recipe) -> Space:
    """The space of a TOML file. Raises InputError for one that is wrong, in one line."""
    path = path_of(path, "the file of a space")
    table = read_toml(path)
    try:
        return space_of(table, recipe)
    except InputError as cause:
        raise InputError(f"{path}: {cause}") from cause


def space_of(table: Mapping[str, Any], recipe: Recipe) -> Space:
    """A space from plain data; raises InputError for what a recipe could not be.

    Also for what would change nothing of how the recipe trains.
    """
    if not isinstance(table, Mapping):
        raise InputError(f"a space names choices of a recipe, and is not {described(table)}")
    if not table:
        raise InputError(f"nothing to search; name a choice of a recipe, and {HOW}")
    searched = [key for key in _KINDS if key not in FIXED]
    for key in table:
        if key in FIXED:
            raise InputError(f"{key} is not searched; it is the same in all trials")
        if key not in _KINDS:
            raise InputError(f"recipe has no '{key}'{nearest(str(key), searched)}")
    space = Space(tuple(_dimension(key, given, recipe) for key, given in table.items()))
    idle = _idle(recipe, space.keys)
    if key := next((key for key in space.keys if key in idle), ""):
        way = "the head alone is" if way_to_train(recipe) == "head" else f"{recipe.network} is"
        raise InputError(f"{key} changes nothing where {way} trained; leave it out")
    return space


def _idle(recipe: Recipe, keys: Collection[str]) -> frozenset[str]:
    """The choices that have no say in how a recipe is tried."""
    if "train" in keys or "network" in keys:
        return frozenset()
    if way_to_train(recipe) == "head":
        # Trials of a head are those of the engine linear, which drops nothing out.
        kept = ("dropout", "backbone_rate", "fine_epochs", "map_views")
        return frozenset((*kept, *AugmentationPolicy._fields))
    if not has_pretrained(recipe):
        dropped = ("dropout",) if recipe.engine == "linear" else ()
        return frozenset(("backbone_rate", "fine_epochs", "map_views", *dropped))
    return frozenset() if way_to_train(recipe) == "last" else frozenset(("map_views",))


def _dimension(key: str, given: Any, recipe: Recipe) -> Dimension:
    if isinstance(given, list):
        return Dimension(key, choices=_allowed(key, given, recipe))
    if not isinstance(given, dict) or _KINDS[key] is str:
        how = "write a list of values" if _KINDS[key] is str else HOW
        raise InputError(f"{key} is {described(given)}; {how}")
    for name in given:
        if name not in ("low", "high", "log"):
            raise InputError(f"{key} has '{name}'{nearest(name, ('low', 'high', 'log'))}")
    if missing := [name for name in ("low", "high") if name not in given]:
        raise InputError(f"{key} has no {missing[0]}; {HOW}")
    low, high = (getattr(recipe.replace(**{key: given[name]}), key) for name in ("low", "high"))
    log = given.get("log", False)
    if not isinstance(log, bool):
        raise InputError(f"{key}: log is true or false, not {described(log)}")
    if low >= high:
        raise InputError(f"{key}: low must be less than high, not {low} and {high}")
    if log and low <= 0:
        raise InputError(f"{key}: a logarithm does not reach {low}; start above, or leave log out")
    return Dimension(key, low, high, log)


def _allowed(key: str, values: list[Any], recipe: Recipe) -> tuple[Value, ...]:
    """The values of a list, once each; what a recipe refuses is refused before any trial."""
    if not values:
        raise InputError(f"{key} has no value; {HOW}")
    recipes = [recipe.replace(**{key: value}) for value in values]
    if _KINDS[key] is str:
        for one in recipes:
            refuse_unknown(one)
    return tuple(dict.fromkeys(getattr(one, key) for one in recipes))


def _around(key: str, value: float) -> Dimension:
    low, high = RANGES[key]
    # In floating point 0.1 × 10 is not 1 for every 0.1.
    around = (float(f"{value * factor:.{DIGITS}g}") for factor in (0.1, 10))
    lowest, highest = (min(max(bound, low), high) for bound in around)
    return Dimension(key, lowest, highest, log=True)


def _choices(key: str, value: int) -> Dimension:
    """Half, the same, and double."""
    low, high = RANGES[key]
    values = dict.fromkeys(int(min(max(v, low), high)) for v in (value // 2, value, 2 * value))
    return Dimension(key, choices=tuple(values))

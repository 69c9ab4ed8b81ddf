"""Recipe: every choice that shapes a classifier, flat and frozen; TOML in and out."""

import dataclasses
import numbers
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from diptych.errors import InputError, described, nearest
from diptych.system.arguments import whole_number
from diptych.system.files import path_of, read_toml

CHOICES: Mapping[str, tuple[str, ...]] = {
    "engine": ("torch", "tensorflow", "linear"),
    "train": ("auto", "head", "last", "all"),
    "optimiser": ("adamw", "sgd", "muon"),
    "on_nan": ("stop", "lower-rate"),
    "balance": ("none", "weights"),
    "views": ("one", "flips"),
}
RANGES: Mapping[str, tuple[float, float]] = {
    "image_size": (8, 1024),
    "epochs": (1, 10_000),
    "patience": (1, 10_000),
    "train_seconds": (0, 10_000_000),
    "fine_epochs": (1, 10_000),
    "map_views": (1, 256),
    "batch_size": (2, 4096),
    "learning_rate": (1e-8, 10),
    "backbone_rate": (0, 1),
    "weight_decay": (0, 10),
    "clip": (0, 1000),
    "ema": (0, 1000),
    "dropout": (0, 0.95),
    "label_smoothing": (0, 0.9),
    "warmup": (0, 0.9),
    "flip": (0, 1),
    "rotate": (0, 180),
    "zoom": (0, 4),
    "shift": (0, 0.5),
    "shear": (0, 60),
    "brightness": (0, 1),
    "contrast": (0, 1),
    "saturation": (0, 1),
    "hue": (0, 180),
    "erase": (0, 1),
    "mixup": (0, 10),
    "cutmix": (0, 10),
    "trivial": (0, 1),
    "valid_share": (0.01, 0.5),
    "test_share": (0.01, 0.5),
    "min_side": (1, 1024),
    "acceptance": (0.5, 0.999),
    "coverage": (0.5, 0.999),
    "seed": (0, 2**31 - 1),
}


# Frozen features and a linear head were right on 94.4 % of held-out photographs at 224 pixels,
# 95.0 % at 256 and 96.4 % at 288 (standard error 0.3); 320 added nothing.
IMAGE_SIZE = 288

PIXEL_EPOCHS, PIXEL_STEPS, PIXEL_BATCH = 7, 1500, 128
# So often are all small pictures seen together: 50,000 of them in 30 epochs.
SMALL_SEEN, SMALL_EPOCHS = 1_500_000, (20, 100)


@dataclass(frozen=True)
class Recipe:
    """The choices, with defaults that suit a folder of photographs.

    `train` is "head" (the pretrained backbone stays as it is), "last" (its last stages learn too,
    on maps computed once in `map_views` views), "all", or "auto": the head where there are
    pretrained weights, all where there are none. After the head, "all" trains at most
    `fine_epochs` of the `epochs`, "last" half as many. `train_seconds` ends a training before an
    epoch that would end later; 0 lets it go on. `weights` is "pretrained", "none" or a file. Rates
    are per step; `backbone_rate` multiplies `learning_rate` for pretrained layers;
    `clip` is the longest that all gradients of a step together may be, `ema` over how many epochs
    the weights that answer are averaged; 0 is neither.
    `warmup`, `valid_share` and `test_share` are shares of one. `on_nan` is what comes of a loss
    that is no number: "stop", or "lower-rate", a quarter of the rate from the best epoch on.
    `balance` "weights" lets rare classes count as much as common ones.
    `views` "flips" answers with the mean over a picture and its mirror image, in every export too.
    `flip` to `trivial` say how pictures are changed in training (see `images.augmentation`), unless
    the head alone is trained.
    `acceptance` is the share of known pictures that may not be answered "none of these",
    `coverage` the share of prediction sets that hold the right answer.
    """

    engine: str = "torch"
    network: str = "efficientnet_lite0"
    weights: str = "pretrained"
    train: str = "auto"
    image_size: int = IMAGE_SIZE
    epochs: int = 40
    patience: int = 8
    train_seconds: float = 0.0
    fine_epochs: int = 6
    map_views: int = 4
    batch_size: int = 32
    optimiser: str = "adamw"
    learning_rate: float = 0.001
    backbone_rate: float = 0.1
    weight_decay: float = 0.01
    clip: float = 0.0
    ema: float = 0.0
    dropout: float = 0.2
    label_smoothing: float = 0.1
    balance: str = "none"
    warmup: float = 0.1
    on_nan: str = "stop"
    flip: float = 0.0
    rotate: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    shear: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    trivial: float = 0.0
    views: str = "one"
    valid_share: float = 0.15
    test_share: float = 0.15
    min_side: int = 16
    acceptance: float = 0.95
    coverage: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = _plain(field.name, getattr(self, field.name))
            _check(field.name, value)
            object.__setattr__(self, field.name, value)

    @classmethod
    def for_pixels(cls, count: int) -> "Recipe":
        """What suits `count` small pictures that come as numbers, such as digits."""
        count = whole_number(count, "the number of pictures", 0)
        # So many epochs that even a small set gets a thousand steps or two.
        epochs = min(max(PIXEL_EPOCHS, round(PIXEL_STEPS * PIXEL_BATCH / max(count, 1))), 100)
        return cls(
            network="cnn",
            epochs=epochs,
            patience=epochs,
            batch_size=PIXEL_BATCH,
            optimiser="muon",
            learning_rate=0.003,
            weight_decay=0.02,
            label_smoothing=0.05,
            rotate=10.0,
            zoom=0.1,
            shift=0.08,
            shear=5.0,
        )

    @classmethod
    def for_small_pictures(cls, count: int, side: int) -> "Recipe":
        """What suits `count` small pictures in files, of `side` pixels a side, from scratch.

        They are flipped; where left and right make a class (letters, digits), `flip` is better 0.
        """
        count = whole_number(count, "the number of pictures", 0)
        low, high = SMALL_EPOCHS
        epochs = min(max(low, round(SMALL_SEEN / max(count, 1))), high)
        return cls(
            network="resnet",
            image_size=side,
            epochs=epochs,
            patience=epochs,
            batch_size=128,
            optimiser="muon",
            learning_rate=0.003,
            weight_decay=0.02,
            dropout=0.0,
            warmup=0.2,
            flip=0.5,
            shift=0.125,
            erase=0.5,
        )

    def replace(self, **choices: Any) -> "Recipe":
        """The same recipe with some choices changed.

        Raises InputError for a key that does not exist or a value out of range.
        """
        for key in choices:
            if key not in _KINDS:
                raise InputError(f"recipe has no '{key}'{nearest(key, _KINDS)}")
        return dataclasses.replace(self, **choices)

    def with_settings(self, settings: Sequence[str]) -> "Recipe":
        """The recipe changed by texts such as "epochs=5"."""
        choices: dict[str, Any] = {}
        texts = [settings] if isinstance(settings, str) else settings
        if not (isinstance(texts, Sequence) and all(isinstance(text, str) for text in texts)):
            raise InputError(f"settings are texts such as 'epochs=5', not {described(settings)}")
        for setting in texts:
            key, equals, text = setting.partition("=")
            if not equals:
                raise InputError(f"--set {setting}: write it as key=value")
            choices[key] = _parsed(key, text)
        return self.replace(**choices)

    def with_toml(self, path: Path) -> "Recipe":
        """The recipe changed by a file; keys that are left out stay as they are."""
        path = path_of(path, "the file of a recipe")
        choices = read_toml(path)
        try:
            return self.replace(**choices)
        except InputError as cause:
            newer = "" if choices.keys() <= _KINDS.keys() else "; a newer Diptych may have it"
            raise InputError(f"{path}: {cause}{newer}") from cause

    def to_toml(self) -> str:
        """The whole recipe as TOML."""
        lines = [f"{key} = {_toml(value)}" for key, value in dataclasses.asdict(self).items()]
        return "\n".join(lines) + "\n"


def _plain(key: str, value: Any) -> Any:
    """A value as Python's own text or number; NumPy's and others' are as good.

    Raises InputError for one of another kind.
    """
    kind = _KINDS[key]
    if kind is str:
        if isinstance(value, str) or (key == "weights" and isinstance(value, os.PathLike)):
            return str(os.fsdecode(value))
    elif isinstance(value, numbers.Integral) and not isinstance(value, bool):
        # As a float, a huge one would be no number.
        low, high = RANGES[key]
        number = int(value)
        return kind(number) if low <= number <= high else number
    elif kind is float and isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    raise InputError(f"recipe: {key} must be {_WORDS[kind]}, not {described(value)}")


def _check(key: str, value: Any) -> None:
    if key in CHOICES and value not in CHOICES[key]:
        raise InputError(f"recipe: {key} has no {described(value)}{nearest(value, CHOICES[key])}")
    if key in RANGES:
        low, high = RANGES[key]
        if not low <= value <= high:
            raise InputError(
                f"recipe: {key} must lie between {low} and {high}, not {described(value)}"
            )


def _parsed(key: str, text: str) -> Any:
    kind = _KINDS.get(key, str)
    try:
        return kind(text)
    except ValueError as cause:
        raise InputError(f"recipe: {key} must be {_WORDS[kind]}, not '{text}'") from cause


def _toml(value: str | float) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


_KINDS: Mapping[str, Any] = get_type_hints(Recipe)
_WORDS = {str: "a text", int: "a whole number", float: "a number"}
assert not any(get_args(kind) for kind in _KINDS.values()), "a recipe is flat"

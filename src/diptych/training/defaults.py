"""The recipe that suits a data set, where nobody asked for another."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from diptych.data.dataset import Dataset
from diptych.images.preprocess import side_of
from diptych.networks.choosing import way_to_train
from diptych.networks.classics import CLASSICS
from diptych.networks.earlier import names_file
from diptych.recipe import Recipe

PHOTOGRAPHS = Recipe()
# Pictures whose sides are at most this many pixels are small.
SMALL = 64
# Of so many small pictures more is learned from scratch than a backbone that saw photographs knows.
MANY = 20_000
# Of so many pictures a head learns in larger batches: an epoch has thousands of steps all the same,
# and a step takes a millisecond whatever is in it. Of made-up rows, 100,000 of them, 95.7 % are
# right after 82 s; after 172 s in batches of 32 it is 95.6 %.
MANY_FOR_A_HEAD, HEAD_BATCH = 50_000, 256
# 40 epochs of so few pictures are few steps for a head, and too few are held back to scale its
# answers by: at three times the rate, of the photographs with 5, 20 and 50 a class as many are
# right, at a log loss of 0.28 instead of 0.37, 0.21 instead of 0.25 and 0.189 instead of 0.197.
FEW_FOR_A_HEAD, HEAD_RATE = 100, 0.003
# So many pictures are looked at, from all over the data set.
LOOKED_AT = 48
# Networks that learn small pictures from scratch.
FROM_SCRATCH = ("resnet", "cnn", *CLASSICS)


class DefaultRecipe(NamedTuple):
    """A recipe, and why it is this one where that needs a word."""

    recipe: Recipe
    note: str = ""
    photographs: bool = False  # the recipe is that of photographs, whatever network sees them


def default_recipe(
    pictures: Dataset, asked: Recipe = PHOTOGRAPHS, network: str = ""
) -> DefaultRecipe:
    """The recipe for pictures; of what was `asked` for it heeds whether it can be had from scratch.

    `network` is one that was asked for by name, if any: small pictures are then taken as they are,
    few or many, where that network learns from scratch.
    """
    if pictures.shape:
        return DefaultRecipe(Recipe.for_pixels(len(pictures)))
    free = sum(sample.part != "test" for sample in pictures.samples)
    few = not network and len(pictures) < MANY
    pretrained = asked.train == "head" or names_file(asked.weights)
    if few or (pretrained and not network) or network not in ("", *FROM_SCRATCH):
        return of_photographs(free, asked)
    side = longest_side(pictures)
    if not 0 < side <= SMALL:
        return of_photographs(free, asked)
    recipe = Recipe.for_small_pictures(len(pictures), max(side, 8))
    if mirrored := has_mirrored_classes(pictures.classes):
        recipe = recipe.replace(flip=0.0)
    return DefaultRecipe(recipe, _note(len(pictures), side, mirrored, network))


def of_photographs(count: int, asked: Recipe = PHOTOGRAPHS) -> DefaultRecipe:
    """The recipe for so many photographs, those of a given test part left out.

    A head learns from them unless more was asked for.
    """
    recipe, note = PHOTOGRAPHS, ""
    if way_to_train(asked) == "head" and count < FEW_FOR_A_HEAD:
        recipe = recipe.replace(learning_rate=HEAD_RATE)
    elif way_to_train(asked) == "head" and count >= MANY_FOR_A_HEAD:
        recipe = recipe.replace(batch_size=HEAD_BATCH)
        note = (
            f"{count:,} pictures: the head learns in batches of {HEAD_BATCH} "
            f"(--set batch_size={PHOTOGRAPHS.batch_size} takes smaller ones)"
        )
    return DefaultRecipe(recipe, note, photographs=True)


def longest_side(pictures: Dataset) -> int:
    """The longest side of some pictures, in pixels; 0 where none can be opened."""
    step = max(len(pictures) // LOOKED_AT, 1)
    return max((side_of(sample.path) for sample in pictures.samples[::step]), default=0)


def has_mirrored_classes(classes: Iterable[str]) -> bool:
    """Whether a picture and its mirror image may be of two classes, by what these are called.

    Digits and letters, and whatever says left or right.
    """
    return any(
        re.fullmatch(r"\d+|.", label) or re.search(r"(?i)(?<![a-z])(left|right)(?![a-z])", label)
        for label in classes
    )


def _note(count: int, side: int, mirrored: bool, network: str) -> str:
    how = "not flipped, since a mirrored letter or digit is another (--set flip=0.5 does)"
    flips = how if mirrored else "flipped at random (--set flip=0 where left and right matter)"
    if network:
        return f"small pictures, up to {side} × {side}: {flips}"
    return (
        f"{count:,} small pictures, up to {side} × {side}: the network resnet learns them from "
        f"scratch, {flips}; --network efficientnet_lite0 takes the pretrained backbone instead"
    )

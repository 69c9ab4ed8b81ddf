"""Pictures and labels, as `fit` takes them, to a clean training and a validation part."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.auditing import Audit, audit
from diptych.auditing.cleaning import clean
from diptych.auditing.copies.known_pictures import KnownPictures, known_parts
from diptych.data.dataset import Dataset
from diptych.data.splitting import Splits, refuse_small_classes, split_to_fit
from diptych.errors import InputError, described
from diptych.recipe import Recipe
from diptych.sources import read
from diptych.sources.in_memory import label_names
from diptych.system.progress import Track


class TrainingParts(NamedTuple):
    """What a network is trained on and chosen with."""

    train: Dataset
    valid: Dataset
    classes: npt.NDArray[Any]  # (K,), of the kind that the labels were
    audit: Audit | None  # where the parts were made here


def training_parts(
    train: Any, valid: Any, recipe: Recipe, track: Track, known: KnownPictures | None = None
) -> TrainingParts:
    """Two data sets as they are; or pictures and labels, audited, cleaned and split.

    Of these, `recipe.valid_share` becomes the validation part; copies stay on one side, and what
    is `known` to the network that a recipe goes on from in its part. Raises InputError for anything
    else, and for an empty part.
    """
    if isinstance(train, Splits):
        raise InputError("fit takes two parts of a split: fit(parts.train, parts.valid)")
    if isinstance(train, Dataset) and isinstance(valid, Dataset):
        return TrainingParts(train, valid, np.array(train.classes), None)
    if isinstance(train, Dataset) or valid is None or isinstance(valid, Dataset):
        given = f"{described(train)} and {described(valid)}"
        raise InputError(
            f"fit takes two data sets, fit(parts.train, parts.valid), or pictures and labels, "
            f"fit(X, y), not {given}; read, audit, clean and split make data sets"
        )
    return _made(train, valid, recipe, track, known)


def _made(
    pictures: Any, labels: Any, recipe: Recipe, track: Track, known: KnownPictures | None
) -> TrainingParts:
    labels = list(labels) if isinstance(labels, Iterator) else labels
    data = read(pictures, labels)
    refuse_small_classes(data)
    size, min_side = recipe.image_size, recipe.min_side
    found = audit(data, size=size, min_side=min_side, checks=(), track=track)
    cleaned = clean(data, found)
    part_of = known_parts(known, cleaned, recipe.image_size, track) if known else None
    train, valid = split_to_fit(cleaned, recipe.valid_share, recipe.seed, part_of)
    own = dict(zip(label_names(labels), np.asarray(labels).tolist(), strict=True))
    return TrainingParts(
        train, valid, np.array([own.get(name, name) for name in train.classes]), found
    )

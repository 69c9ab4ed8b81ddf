"""Going on from an earlier bundle: with its weights, and with no test picture that it has seen.

A picture that the earlier bundle was tested on stays in the test part, one that it was chosen with
in the validation part, one that it was trained on in the training part; so do their
near-duplicates. What its own ancestors were made with is written into `splits.csv` in the part
"earlier", and counts as trained on.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from diptych.auditing.copies.known_pictures import KnownPictures, not_compared, seen_before
from diptych.bundles.format import EARLIER, Bundle, open_bundle
from diptych.data.dataset import Dataset, Sample
from diptych.data.splitting import Splits
from diptych.networks.choosing import way_to_train
from diptych.networks.earlier import earlier_path
from diptych.recipe import Recipe


class EarlierBundle(NamedTuple):
    """What is said of a bundle that a training goes on from, whatever becomes of it meanwhile."""

    bundle: Bundle
    pictures: Sequence[Sample]  # those of its own forerunners too

    @property
    def known(self) -> KnownPictures:
        """The pictures that it knows, by their digest."""
        part_of = {s.digest: "train" if s.part == EARLIER else s.part for s in self.pictures}
        return KnownPictures(str(self.bundle.path), part_of)


def earlier_bundle(recipe: Recipe) -> EarlierBundle | None:
    """The bundle that a recipe goes on from, if it does; raises BundleError for a damaged one."""
    path = earlier_path(recipe.weights)
    if path is None:
        return None
    bundle = open_bundle(path)
    return EarlierBundle(bundle, tuple(bundle.every_picture()))


def recipe_to_go_on(bundle: Bundle) -> Recipe:
    """The recipe of a bundle, to train what it trained, from the weights that it came to."""
    recipe = bundle.recipe()
    return recipe.replace(weights=str(bundle.path), train=way_to_train(recipe))


def describe(earlier: EarlierBundle, dataset: Dataset, size: int, known: Mapping[str, str]) -> str:
    """In a line, what comes of a bundle that a training goes on from.

    `known` are the parts of pictures that it knows, at this size, by their names.
    """
    bundle, count = earlier.bundle, len(dataset.classes)
    new = [label for label in dataset.classes if label not in bundle.classes]
    head = f"its last layer knows {count - len(new)} of the {count} classes" if new else ""
    if len(new) == count:
        head = "it knows none of the classes, so the last layer is new"
    kept = len(known)
    pictures = f"{kept:,} picture{'s'[: kept != 1]} stay{'s'[: kept == 1]} in the part of before"
    origin = f"goes on from {bundle.path} ({bundle.facts['network']})"
    caveat = only_bytes(not_compared(earlier.known, dataset, size))
    return "; ".join(filter(None, (origin, head, pictures, caveat)))


def only_bytes(absent: int) -> str:
    """What cannot be known where near-duplicates of so many pictures were not looked for."""
    if not absent:
        return ""
    return (
        f"of {absent:,} of the pictures that it was made with only copies to the byte were "
        "looked for: these are not in the cache at this size"
    )


def continued_facts(
    earlier: EarlierBundle | None, parts: Splits, size: int
) -> dict[str, Any] | None:
    """What bundle.json says of the bundle that a training went on from, if it did."""
    if earlier is None:
        return None
    bundle, classes = earlier.bundle, parts.train.classes
    seen, absent = seen_before(earlier.known, parts.test, size)
    return {
        "bundle": bundle.path.name,
        "classes_sha256": bundle.facts["classes_sha256"],
        "created": bundle.facts["created"],
        "kept_classes": sum(label in bundle.classes for label in classes),
        "new_classes": sum(label not in bundle.classes for label in classes),
        "test_pictures_known": seen,
        "pictures_not_compared": absent,
    }


def splits_csv(earlier: EarlierBundle | None, parts: Splits) -> str:
    """The parts, and those pictures of earlier bundles that are in none of them."""
    text = io.StringIO(newline="")
    text.write(parts.to_csv())
    if earlier is not None:
        here = {sample.digest for part in parts for sample in part.samples}
        rows = csv.writer(text, lineterminator="\n")
        rows.writerows(
            [sample.name, sample.label, EARLIER, sample.group, sample.digest]
            for sample in earlier.pictures
            if sample.part != "test" and sample.digest not in here
        )
    return text.getvalue()

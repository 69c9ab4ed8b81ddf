"""Going on from an earlier bundle: with its weights, and with no test picture that it has seen.

A picture that the earlier bundle was tested on stays in the test part, one that it was chosen with
in the validation part, one that it was trained on in the training part; so do their
near-duplicates. What its own ancestors were made with is written into `splits.csv` in the part
"earlier", and counts as trained on.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from diptych.auditing.duplicates import duplicate_groups
from diptych.bundles.format import EARLIER, Bundle, open_bundle
from diptych.data.dataset import PARTS, Dataset, Sample
from diptych.data.splitting import Splits
from diptych.errors import InputError
from diptych.images.decoding import pixel_store
from diptych.networks.choosing import has_pretrained
from diptych.networks.earlier import is_bundle
from diptych.recipe import Recipe
from diptych.system.progress import Track


def earlier_bundle(recipe: Recipe) -> Bundle | None:
    """The bundle that a recipe goes on from, if it does; raises BundleError for a damaged one."""
    path = Path(recipe.weights)
    return open_bundle(path) if is_bundle(path) else None


def recipe_to_go_on(bundle: Bundle) -> Recipe:
    """The recipe of a bundle, to train what it trained, from the weights that it came to."""
    recipe = bundle.recipe()
    head_only = recipe.train == "head" or (recipe.train == "auto" and has_pretrained(recipe))
    return recipe.replace(weights=str(bundle.path), train="head" if head_only else "all")


def known_parts(bundle: Bundle, dataset: Dataset, size: int, track: Track) -> dict[str, str]:
    """The part of each picture that the bundle knows, or a near-duplicate of, by its name.

    What it was trained on is to train, what it was chosen with to validate. The samples have
    their digests, and their pixels are in the cache at `size`. Raises InputError where the data
    set has such a picture in another part.
    """
    part_of = {
        sample.digest: "train" if sample.part == EARLIER else sample.part
        for sample in bundle.every_picture()
    }
    part_of = _with_copies(part_of, dataset, size, track)
    known = {s.name: part_of[s.digest] for s in dataset.samples if s.digest in part_of}
    leaks = [s for s in dataset.samples if s.part and _leaks(s.part, known.get(s.name))]
    if leaks:
        more = f" and {len(leaks) - 1:,} more" if len(leaks) > 1 else ""
        raise InputError(
            f"{leaks[0].name}{more}: among the pictures that {bundle.path} was made with, so not "
            f"to {'test' if leaks[0].part == 'test' else 'validate'} with; leave them out, or "
            "start without its weights"
        )
    return known


def describe(bundle: Bundle, dataset: Dataset, known: Mapping[str, str]) -> str:
    """In a line, what comes of a bundle that a training goes on from."""
    new = [label for label in dataset.classes if label not in bundle.classes]
    count = len(dataset.classes)
    head = f"its last layer knows {count - len(new)} of the {count} classes" if new else ""
    if len(new) == count:
        head = "it knows none of the classes, so the last layer is new"
    kept = len(known)
    pictures = f"{kept:,} picture{'s'[: kept != 1]} stay{'s'[: kept == 1]} in the part of before"
    return "; ".join(
        filter(None, (f"goes on from {bundle.path} ({bundle.facts['network']})", head, pictures))
    )


def continued_facts(recipe: Recipe, parts: Splits) -> dict[str, Any] | None:
    """What bundle.json says of the bundle that a training went on from, if it did."""
    bundle = earlier_bundle(recipe)
    if bundle is None:
        return None
    known = {sample.digest for sample in bundle.made_with()}
    classes = parts.train.classes
    return {
        "bundle": bundle.path.name,
        "classes_sha256": bundle.facts["classes_sha256"],
        "created": bundle.facts["created"],
        "kept_classes": sum(label in bundle.classes for label in classes),
        "new_classes": sum(label not in bundle.classes for label in classes),
        "test_pictures_known": sum(sample.digest in known for sample in parts.test.samples),
    }


def splits_csv(recipe: Recipe, parts: Splits) -> str:
    """The parts, and those pictures of earlier bundles that are in none of them."""
    text = io.StringIO(newline="")
    text.write(parts.to_csv())
    bundle = earlier_bundle(recipe)
    if bundle is not None:
        here = {sample.digest for part in parts for sample in part.samples}
        rows = csv.writer(text, lineterminator="\n")
        rows.writerows(
            [sample.name, sample.label, EARLIER, sample.group, sample.digest]
            for sample in bundle.made_with()
            if sample.digest not in here
        )
    return text.getvalue()


def _with_copies(
    part_of: Mapping[str, str], dataset: Dataset, size: int, track: Track
) -> dict[str, str]:
    """The part of each digest that a bundle knows, and of pictures that look like those.

    Copies that are not the same bytes are found as long as the bundle's pictures are in the cache.
    """
    here = {sample.digest for sample in dataset.samples}
    store = pixel_store(dataset.shape_at(size))
    absent = [
        Sample(digest, "", Path(), digest=digest)
        for digest in part_of
        if digest not in here and store.has_row(digest)
    ]
    every = dict(part_of)
    if absent:
        groups = duplicate_groups(
            [*absent, *dataset.samples], store, crops=not dataset.shape, track=track
        )
        for group in groups:
            if part := _first_part(part_of[s.digest] for s in group if s.digest in part_of):
                every |= {sample.digest: part for sample in group}
    return every


def _first_part(parts: Iterable[str]) -> str:
    counts = Counter(parts)
    return next((part for part in PARTS if counts[part]), "")


def _leaks(part: str, known: str | None) -> bool:
    """Whether a picture of a part was used for something that comes before it."""
    return known is not None and PARTS.index(known) < PARTS.index(part)

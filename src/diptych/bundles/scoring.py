"""A bundle's answers for labelled pictures that it was not made with."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from diptych.auditing.duplicates import duplicate_groups
from diptych.bundles.format import Bundle
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError
from diptych.images.decoding import decode_files, pixel_store, stored_pictures
from diptych.images.store import Store
from diptych.metrics.predictions import Predictions
from diptych.runtimes import PredictAll
from diptych.system.progress import Track
from diptych.training.prediction import predict_dataset

# Why pictures are left out of an evaluation.
MADE_WITH = "made with"


def score_bundle(bundle: Bundle, run: PredictAll, dataset: Dataset, track: Track) -> Predictions:
    """What the bundle's graph answers for every sample but those that the bundle was made with.

    These become strays, as do those that cannot be read. Near-duplicates are groups, which
    intervals count as one picture. Raises InputError where the data set has a class that the
    bundle lacks, pictures of another shape, or no picture to score.
    """
    _refuse_unfit(bundle, dataset)
    store = pixel_store(bundle.shape)
    readable, strays = _readable(bundle, dataset, store, track)
    new, copies = _without_copies(bundle, dataset, readable, store, track)
    strays += copies
    if not new:
        used = sum(stray.reason == MADE_WITH for stray in strays)
        rest = ", the others cannot be read" if used < len(strays) else ""
        raise InputError(
            f"{dataset.root}: no picture is left to score; {used:,} of {len(strays):,} are "
            f"those that the bundle was made with{rest}"
        )
    scored = replace(
        dataset, classes=bundle.classes, samples=tuple(new), strays=tuple(strays), note=""
    )
    return predict_dataset(run, scored, store, track, "predicting")


def _refuse_unfit(bundle: Bundle, dataset: Dataset) -> None:
    """Raise InputError where a data set is not one that the bundle can be scored on."""
    unknown = sorted(set(dataset.classes) - set(bundle.classes))
    if unknown:
        raise InputError(
            f"{dataset.root}: the bundle has no class{'es'[: 2 * (len(unknown) > 1)]} "
            f"{', '.join(map(repr, unknown))}; it has: {', '.join(bundle.classes)}"
        )
    if not len(dataset):
        raise InputError(
            f"{dataset.root}: no picture has a label; put each into a folder named after its "
            f"class: {', '.join(bundle.classes)}"
        )
    if dataset.shape and dataset.shape != bundle.shape:
        raise InputError(
            f"{dataset.root}: its pictures are {dataset.shape}, the bundle takes "
            f"{bundle.shape}; say it with --shape"
        )


def _readable(
    bundle: Bundle, dataset: Dataset, store: Store, track: Track
) -> tuple[list[Sample], list[Stray]]:
    """The samples with the pixels of each in the store, and strays: unreadable, or made with."""
    made_with = bundle.made_with()
    pictures = (
        stored_pictures(dataset.samples, store)
        if dataset.shape
        else decode_files((sample.path for sample in dataset.samples), store)
    )
    samples, strays = list[Sample](), list(dataset.strays)
    progress = track(pictures, "reading pictures", len(dataset))
    for sample, picture in zip(dataset.samples, progress, strict=True):
        if picture.reason:
            strays.append(Stray(sample.name, picture.reason, picture.detail))
        elif name := made_with.get(picture.digest):
            strays.append(Stray(sample.name, MADE_WITH, f"it is {name} there"))
        else:
            samples.append(sample._replace(digest=picture.digest))
    return samples, strays


def _without_copies(
    bundle: Bundle, dataset: Dataset, samples: Sequence[Sample], store: Store, track: Track
) -> tuple[list[Sample], list[Stray]]:
    """The samples in groups of near-duplicates, and those that copy what the bundle was made with.

    Copies that are not the same bytes are found as long as the training pictures are in the cache
    too, and are not rows of numbers.
    """
    made_with = bundle.made_with()
    cached = [
        Sample(name, "", Path(), digest=digest)
        for digest, name in made_with.items()
        if not dataset.shape and store.has_row(digest)
    ]
    groups = duplicate_groups([*cached, *samples], store, crops=not dataset.shape, track=track)
    first = _first_of_each(groups)
    new, strays = list[Sample](), list[Stray]()
    for sample in samples:
        original = first[sample.digest]
        if original.digest in made_with:
            detail = f"it is almost the same picture as {original.name} there"
            strays.append(Stray(sample.name, MADE_WITH, detail))
        else:
            new.append(sample._replace(group=original.digest))
    return new, strays


def _first_of_each(groups: Iterable[Sequence[Sample]]) -> dict[str, Sample]:
    return {sample.digest: group[0] for group in groups for sample in group}

"""A bundle's answers for labelled pictures that it was not made with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from diptych.auditing.copies.duplicates import duplicate_groups
from diptych.bundles.format import Bundle
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.data.grouping import grouped
from diptych.errors import InputError
from diptych.images.decoding import PixelStore, decode_files, pixel_store, stored_pictures
from diptych.images.store import Store
from diptych.metrics.predictions import Predictions
from diptych.runtimes import PredictAll
from diptych.system.progress import Track
from diptych.training.prediction import predict_dataset

# Why pictures are left out of an evaluation.
MADE_WITH = "made with"


def score_bundle(
    bundle: Bundle, open_run: Callable[[], PredictAll], dataset: Dataset, track: Track
) -> Predictions:
    """What the bundle's graph answers for every sample but those that the bundle was made with.

    These become strays, as do those that belong to them and those that cannot be read.
    Near-duplicates are groups, which intervals count as one picture. Raises InputError where the
    data set has a class that the bundle lacks, pictures of another shape, or no picture to score.
    """
    _refuse_unfit(bundle, dataset)
    dataset = dataset.with_classes(bundle.classes, "the bundle")
    store = pixel_store(bundle.shape, bundle.bits)
    readable, strays = _readable(dataset, store, track)
    made_with = _MadeWith.of(bundle, store)
    new, belonging = _apart(dataset, readable, made_with, store, track)
    strays += belonging
    if not new:
        used = sum(stray.reason == MADE_WITH for stray in strays)
        rest = ", the others cannot be read" if used < len(strays) else ""
        raise InputError(
            f"{dataset.root}: no picture is left to score; {used:,} of {len(strays):,} are "
            f"those that the bundle was made with{rest}"
        )
    caveat = made_with.caveat(dataset)
    scored = replace(dataset, samples=tuple(new), strays=tuple(strays), note="", caveat=caveat)
    return predict_dataset(open_run, scored, store, track, "predicting")


class _MadeWith(NamedTuple):
    """The pictures that a bundle was made with, and which of them are in the cache."""

    by_digest: Mapping[str, Sample]
    cached: Sequence[Sample]

    @classmethod
    def of(cls, bundle: Bundle, store: Store) -> "_MadeWith":
        by_digest = {sample.digest: sample for sample in bundle.made_with()}
        return cls(by_digest, [s for s in by_digest.values() if store.has_row(s.digest)])

    def caveat(self, dataset: Dataset) -> str:
        """What cannot be known of the pictures that are scored."""
        absent = len(self.by_digest) - len(self.cached)
        if not absent or dataset.shape:
            return ""
        return (
            f"Of {absent:,} of the {len(self.by_digest):,} pictures that it was made with only "
            "copies to the byte were looked for: these are no longer in the cache."
        )


def _refuse_unfit(bundle: Bundle, dataset: Dataset) -> None:
    """Raise InputError where a data set is not one that the bundle can be scored on."""
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
    dataset: Dataset, store: PixelStore, track: Track
) -> tuple[list[Sample], list[Stray]]:
    """The samples with the pixels of each in the store, and strays: those that cannot be read."""
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
        else:
            samples.append(sample._replace(digest=picture.digest))
    return samples, strays


def _apart(
    dataset: Dataset, samples: Sequence[Sample], made_with: _MadeWith, store: Store, track: Track
) -> tuple[list[Sample], list[Stray]]:
    """The samples in their groups, and those that belong to what the bundle was made with.

    They do by their bytes, by a group, or as copies: these are found as long as the training
    pictures are in the cache too, and are not rows of numbers.
    """
    known = made_with.by_digest
    cached = [] if dataset.shape else made_with.cached
    copies = duplicate_groups(
        [*cached, *(s for s in samples if s.digest not in known)],
        store,
        crops=not dataset.shape,
        track=track,
    )
    first = {sample.digest: group[0] for group in copies for sample in group}
    original_of = {s.name: known.get(s.digest) or first[s.digest] for s in samples}
    # No sample is called so: here and there the same name may be that of another picture.
    theirs = [s._replace(name=f"\0{s.digest}") for s in known.values()]
    copy_of = {s.name: s.digest for s in theirs}
    copy_of |= {name: original.digest for name, original in original_of.items()}
    together = grouped([*theirs, *samples], copy_of)
    owner = {s.group: original for s, original in zip(together, known.values(), strict=False)}
    new, strays = list[Sample](), list[Stray]()
    for sample in together[len(theirs) :]:
        if sample.group not in owner:
            new.append(sample)
            continue
        original = original_of[sample.name]
        if sample.digest in known:
            detail = f"it is {original.name} there"
        elif original.digest in known:
            detail = f"it is almost the same picture as {original.name} there"
        else:
            detail = f"it is of the same group as {owner[sample.group].name} there"
        strays.append(Stray(sample.name, MADE_WITH, detail))
    return new, strays

"""Pictures that an earlier network was made and tested with, found again among others."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from diptych.auditing.copies.duplicates import duplicate_groups
from diptych.data.dataset import PARTS, Dataset, Sample
from diptych.errors import InputError
from diptych.images.decoding import pixel_store
from diptych.images.store import Store
from diptych.system.progress import Track, unwatched


class KnownPictures(NamedTuple):
    """What an earlier network was trained on, chosen with or tested on."""

    owner: str  # what they are of, for messages
    part_of: Mapping[str, str]  # one of PARTS, by digest

    def made_with(self) -> list[str]:
        """The digests of those that it was trained on or chosen with."""
        return [digest for digest, part in self.part_of.items() if part != "test"]


def known_parts(
    known: KnownPictures, dataset: Dataset, size: int, track: Track = unwatched
) -> dict[str, str]:
    """The part of each picture that is known, or a near-duplicate of such a one, by its name.

    What was trained on is to train, what was chosen with to validate. The samples have their
    digests, and their pixels are in the cache at `size`; so are those of the known pictures that
    near-duplicates are found of. Raises InputError where the data set has a known picture in a
    part in which it is none that is new.
    """
    part_of = _with_copies(known.part_of, dataset, size, track)
    found = {s.name: part_of[s.digest] for s in dataset.samples if s.digest in part_of}
    leaks = [s for s in dataset.samples if s.part and _leaks(s.part, found.get(s.name))]
    if leaks:
        more = f" and {len(leaks) - 1:,} more" if len(leaks) > 1 else ""
        raise InputError(
            f"{leaks[0].name}{more}: among the pictures that {known.owner} was made with, so not "
            f"to {'test' if leaks[0].part == 'test' else 'validate'} with; leave them out, or "
            "start without its weights"
        )
    return found


def not_compared(known: KnownPictures, dataset: Dataset, size: int) -> int:
    """Of how many pictures that a network was made with near-duplicates cannot be found.

    These are neither in the data set nor in the cache at `size`.
    """
    here = {sample.digest for sample in dataset.samples}
    store = pixel_store(dataset.shape_at(size), dataset.bits)
    return sum(not (key in here or store.has_row(key)) for key in known.made_with())


def seen_before(known: KnownPictures, dataset: Dataset, size: int) -> tuple[int, int]:
    """How many samples a network was made with, or near-duplicates of; and what was not compared.

    The latter as `not_compared` has it.
    """
    made_with, store = set(known.made_with()), pixel_store(dataset.shape_at(size), dataset.bits)
    try:
        seen = _with_near(made_with, dataset, store)
    except InputError:
        # The cache was cleared or damaged meanwhile: a trained network is worth more than a count.
        return sum(s.digest in made_with for s in dataset.samples), len(made_with)
    return sum(s.digest in seen for s in dataset.samples), not_compared(known, dataset, size)


def _with_near(made_with: set[str], dataset: Dataset, store: Store) -> set[str]:
    """The digests that a network was made with, and those of samples that look like them.

    Raises InputError where the cache lacks a sample.
    """
    if not all(store.has_row(sample.digest) for sample in dataset.samples):
        raise InputError(f"{dataset.root}: the cache was cleared")
    here = {sample.digest for sample in dataset.samples}
    cached = _cached((digest for digest in made_with if digest not in here), store)
    groups = _groups(cached, dataset, store, unwatched) if made_with else []
    near = [group for group in groups if any(s.digest in made_with for s in group)]
    return made_with | {sample.digest for group in near for sample in group}


def _with_copies(
    part_of: Mapping[str, str], dataset: Dataset, size: int, track: Track
) -> dict[str, str]:
    """The part of each digest that is known, and of pictures that look like those.

    Copies that are not the same bytes are found as long as the known pictures are in the cache.
    """
    here = {sample.digest for sample in dataset.samples}
    store = pixel_store(dataset.shape_at(size), dataset.bits)
    every = dict(part_of)
    if absent := _cached((digest for digest in part_of if digest not in here), store):
        for group in _groups(absent, dataset, store, track):
            if part := _first_part(part_of[s.digest] for s in group if s.digest in part_of):
                every |= {sample.digest: part for sample in group}
    return every


def _cached(digests: Iterable[str], store: Store) -> list[Sample]:
    """Samples for those digests whose pixels a store has."""
    return [Sample(key, "", Path(), digest=key) for key in digests if store.has_row(key)]


def _groups(
    known: Sequence[Sample], dataset: Dataset, store: Store, track: Track
) -> list[list[Sample]]:
    every = [*known, *dataset.samples]
    return duplicate_groups(every, store, crops=not dataset.shape, track=track)


def _first_part(parts: Iterable[str]) -> str:
    counts = Counter(parts)
    return next((part for part in PARTS if counts[part]), "")


def _leaks(part: str, known: str | None) -> bool:
    """Whether a picture of a part was used for something that comes before it."""
    return known is not None and PARTS.index(known) < PARTS.index(part)

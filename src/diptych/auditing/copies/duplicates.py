"""Groups of pictures that are the same: to the byte, to the eye, but for a change, by name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from diptych.auditing.copies.compared import earlier_pairs, remember
from diptych.auditing.copies.gradients import THUMBNAIL
from diptych.auditing.copies.names import named_copies
from diptych.auditing.copies.near import near_duplicate_pairs, thumbnails
from diptych.data.dataset import Sample
from diptych.data.grouping import connected
from diptych.images.cache import folder
from diptych.images.decoding import CHUNK
from diptych.images.rows import Rows, StoredRows, in_batches, kept
from diptych.images.store import Store
from diptych.system.progress import Track, unwatched


class Duplicates(NamedTuple):
    """Samples in groups; most have one member.

    The groups and their members are in the order of the samples; each sample is in one group.
    """

    groups: list[list[Sample]]  # of copies, whatever was done to them
    same: list[
        list[Sample]
    ]  # of those that show the same in the same way: a label fits all or none
    changes: Mapping[frozenset[str], str]  # what was done, by the digests of two pictures


def duplicates(
    samples: list[Sample], store: Store, *, crops: bool = True, track: Track = unwatched
) -> Duplicates:
    """Find samples whose pictures are the same or almost so, or were made from each other.

    `store` holds the pixels of every sample's digest; with `crops`, copies that were cut or changed
    as augmentation does are looked for too. Names count as well: see `named_copies`. Pictures that
    were compared with each other before are not compared again, as long as the cache has that.
    """
    digests = list(dict.fromkeys(sample.digest for sample in samples))
    rows = thumbnail_rows(digests, store, track)
    known, new_N = earlier_pairs(digests, store, crops=crops)
    found = near_duplicate_pairs(rows, crops=crops, new_N=new_N, track=track)
    pairs = sorted({pair[:2]: pair for pair in (*known, *found)}.values())
    if new_N.any():
        remember(digests, pairs, store, crops=crops)
    position = {digest: at for at, digest in enumerate(digests)}
    content_of = [position[sample.digest] for sample in samples]
    named = [(content_of[a], content_of[b]) for a, b in named_copies(samples)]
    same = [pair[:2] for pair in pairs if not pair.change]
    return Duplicates(
        _groups(samples, content_of, [*(pair[:2] for pair in pairs), *named]),
        _groups(samples, content_of, same),
        {frozenset((digests[a], digests[b])): change for a, b, _, change in pairs if change},
    )


def thumbnail_rows(digests: Sequence[str], store: Store, track: Track) -> Rows:
    """The thumbnails (N, 32, 32, C) of pictures whose pixels are in a store; made once and kept."""
    shape = THUMBNAIL, THUMBNAIL, store.shape[2]
    small = Store(folder() / "thumbnails" / store.folder.name, shape, "float32")
    missing = [digest for digest in digests if digest not in small]
    batches = in_batches(missing, CHUNK)
    for some in track(batches, "comparing pictures", -(-len(missing) // CHUNK)):
        small.add_block(some, thumbnails(store.read(some)), {})
    return kept(StoredRows(small, digests), among=4)


def duplicate_groups(
    samples: list[Sample], store: Store, *, crops: bool = True, track: Track = unwatched
) -> list[list[Sample]]:
    """Group samples that are copies of each other, as `duplicates` does."""
    return duplicates(samples, store, crops=crops, track=track).groups


def _groups(
    samples: list[Sample], content_of: list[int], pairs: Iterable[tuple[int, int]]
) -> list[list[Sample]]:
    """The samples whose contents hang together."""
    leader = connected(max(content_of, default=-1) + 1, pairs)
    groups: dict[int, list[Sample]] = {}
    for sample, content in zip(samples, content_of, strict=True):
        groups.setdefault(leader[content], []).append(sample)
    return list(groups.values())

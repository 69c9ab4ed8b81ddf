"""Groups of pictures that are the same, to the byte or to the eye."""

import numpy as np

from diptych.auditing.near import near_duplicate_pairs, thumbnails
from diptych.data.dataset import Sample
from diptych.data.grouping import connected
from diptych.images.decoding import CHUNK
from diptych.images.rows import StoredRows, in_batches
from diptych.images.store import Store
from diptych.system.progress import Track, unwatched


def duplicate_groups(
    samples: list[Sample], store: Store, *, crops: bool = True, track: Track = unwatched
) -> list[list[Sample]]:
    """Group samples whose pictures are the same or almost so; most groups have one member.

    `store` holds the pixels of every sample's digest; `crops` are looked for too, or not. The
    groups and their members are in the order of the samples; each sample is in one group.
    """
    content = dict.fromkeys(sample.digest for sample in samples)
    digests = list(content)
    batches = in_batches(StoredRows(store, digests), CHUNK)
    small = [
        thumbnails(pixels)
        for pixels in track(batches, "comparing pictures", -(-len(digests) // CHUNK))
    ]
    pairs = near_duplicate_pairs(np.concatenate(small), crops=crops, track=track) if small else []
    leader = connected(len(digests), [(pair.first, pair.second) for pair in pairs])
    group_of = dict(zip(digests, leader, strict=True))
    groups: dict[int, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(group_of[sample.digest], []).append(sample)
    return list(groups.values())

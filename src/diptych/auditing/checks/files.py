"""What is wrong with files, one by one or with copies of each other."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from diptych.auditing.report import Finding
from diptych.data.dataset import PARTS, Dataset, Sample
from diptych.images.decoding import Picture

# Below this many pictures of a class, a test of the classifier says little about it.
FEW = 30


def unusable(pictures: Mapping[str, Picture], min_side: int) -> Iterator[Finding]:
    """Files that are no picture, or none that can be used."""
    for name, picture in pictures.items():
        if picture.reason:
            yield Finding(name, picture.reason, picture.detail, True)
        elif min(picture.width, picture.height) < min_side:
            detail = f"{picture.width} × {picture.height} pixels; the shorter side needs {min_side}"
            yield Finding(name, "too small", detail, True)


def two_labels(groups: Iterable[list[Sample]]) -> Iterator[Finding]:
    """Pictures whose copies lie in another class: no label of such a group can be trusted."""
    for members in groups:
        for sample in members:
            other = next((s for s in members if s.label != sample.label), None)
            if other:
                detail = f"the same picture is also labelled {other.label}"
                yield Finding(sample.name, "two labels", detail, True, other.name)


def relabelled(groups: Iterable[list[Sample]], set_aside: set[str]) -> Iterator[Finding]:
    """Changed copies in another class, which may be right: a mirrored "left" is a "right"."""
    for members in groups:
        left = [sample for sample in members if sample.name not in set_aside]
        for sample in left:
            other = next((s for s in left if s.label != sample.label), None)
            if other:
                detail = f"a changed copy is labelled {other.label}; see whether both are right"
                yield Finding(sample.name, "copy with another label", detail, False, other.name)


def repeated(
    groups: Iterable[list[Sample]], set_aside: set[str], changes: Mapping[frozenset[str], str]
) -> Iterator[Finding]:
    """Copies: exact ones are used once, others stay together.

    `changes` says what was done to one of two pictures, by their digests.

    In a data set that is split already, test pictures stay and their copies in train go.
    """
    for members in groups:
        left = [sample for sample in members if sample.name not in set_aside]
        last = max((sample.part for sample in left), key=_rank, default="")
        first: dict[str, Sample] = {}
        for sample in left:
            kept = next(iter(first.values()), sample)
            if sample.part != last:
                detail = f"a copy of a {last} picture would make the score look better"
                keeper = next(s for s in left if s.part == last)
                yield Finding(sample.name, "across parts", detail, True, keeper.name)
            elif twin := first.get(sample.digest):
                yield Finding(sample.name, "exact duplicate", "the same bytes", True, twin.name)
            else:
                first[sample.digest] = sample
                if sample is not kept:
                    change = changes.get(frozenset((sample.digest, kept.digest)))
                    what = f"the same picture {change}" if change else "almost the same picture"
                    detail = f"{what}; the two stay together when split"
                    yield Finding(sample.name, "near duplicate", detail, False, kept.name)


def few_pictures(dataset: Dataset, set_aside: set[str]) -> Iterator[Finding]:
    """Classes with too few pictures left for a test to say much."""
    used = Counter(sample.label for sample in dataset.samples if sample.name not in set_aside)
    for label in dataset.classes:
        if used[label] < FEW:
            detail = f"{used[label]} usable pictures; with fewer than {FEW} a test says little"
            yield Finding(f"{label}/", "few pictures", detail, False)


def _rank(part: str) -> int:
    return PARTS.index(part) if part else -1

"""Train, validation and test parts: stratified, seeded, never parting a group."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from diptych.data.dataset import PARTS, Dataset, Sample
from diptych.errors import InputError


class Splits(NamedTuple):
    """The parts of a data set; every sample is in one of them and knows which."""

    train: Dataset
    valid: Dataset
    test: Dataset

    def to_csv(self) -> str:
        """A row a sample: path, label, part, group, sha256."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["path", "label", "part", "group", "sha256"])
        for part in self:
            rows.writerows([s.name, s.label, s.part, s.group, s.digest] for s in part.samples)
        return text.getvalue()

    @classmethod
    def from_csv(cls, text: str, like: Dataset) -> "Splits":
        """What `to_csv` wrote, for a data set with these classes, root and shape."""
        samples = [
            Sample(
                row["path"],
                row["label"],
                like.root / row["path"],
                row["part"],
                row["group"],
                row["sha256"],
            )
            for row in csv.DictReader(io.StringIO(text))
        ]
        return cls(*(like.with_samples(s for s in samples if s.part == part) for part in PARTS))


def split(dataset: Dataset, *, valid: float = 0.15, test: float = 0.15, seed: int = 0) -> Splits:
    """Part a data set; `valid` and `test` are shares of the whole.

    Parts that the data set has already are kept; a missing valid or test part is taken from train.
    Raises InputError where a class has too few independent pictures for every part to have one.
    """
    if len(dataset.classes) < 2:
        only = f"only one class, '{dataset.classes[0]}'" if dataset.classes else "no class"
        raise InputError(
            f"{dataset.root}: {only}; a classifier needs a folder for each of two or more classes"
        )
    existing = {sample.part for sample in dataset.samples if sample.part}
    shares = {
        part: share for part, share in (("valid", valid), ("test", test)) if part not in existing
    }
    open_samples = [s for s in dataset.samples if s.part in ("", "train")]
    if existing and not open_samples:
        raise InputError(
            f"{dataset.root}: it has {' and '.join(sorted(existing))}, and no train part"
        )
    _large_enough(dataset, open_samples, len(shares) + 1)
    part_of = _assign(open_samples, shares, len(dataset), seed)
    samples = [s._replace(part=part_of.get(_group(s), s.part)) for s in dataset.samples]
    return Splits(*(dataset.with_samples(s for s in samples if s.part == part) for part in PARTS))


def _group(sample: Sample) -> str:
    return sample.group or sample.name


def _large_enough(dataset: Dataset, samples: Iterable[Sample], needed: int) -> None:
    groups = Counter(label for label, _ in {(s.label, _group(s)) for s in samples})
    for label in dataset.classes:
        if groups[label] < needed:
            raise InputError(
                f"{dataset.root}: class '{label}' has {groups[label]} independent "
                f"picture{'s' * (groups[label] != 1)}; "
                f"at least {needed} are needed, one for each part ({', '.join(PARTS[:needed])})"
            )


def _assign(
    samples: Iterable[Sample], shares: dict[str, float], total: int, seed: int
) -> dict[str, str]:
    """The part of each group: large ones first, each where its classes are scarcest."""
    members: dict[str, Counter[str]] = {}
    for sample in samples:
        members.setdefault(_group(sample), Counter())[sample.label] += 1
    # Sorted before it is shuffled: the order of files on disk must not matter.
    groups = sorted(members)
    np.random.default_rng(seed).shuffle(groups)
    groups.sort(key=lambda group: -members[group].total())

    labels: Counter[str] = Counter()
    for counts in members.values():
        labels += counts
    scale = total / max(labels.total(), 1)
    held_out = {part: min(share * scale, 0.45) for part, share in shares.items()}
    share_of = {"train": 1 - sum(held_out.values()), **held_out}
    assigned = {part: Counter[str]() for part in share_of}
    part_of = {}
    for group in groups:
        counts = members[group]

        def lack(part: str, counts: Counter[str] = counts) -> float:
            """How empty a part is of these classes: 1 is empty, 0 full."""
            return sum(
                n * (1 - assigned[part][label] / (share_of[part] * labels[label]))
                for label, n in counts.items()
            )

        part_of[group] = max(share_of, key=lack)
        assigned[part_of[group]] += counts
    return part_of

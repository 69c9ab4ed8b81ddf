"""Train, validation and test parts: stratified, seeded, never parting a group."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from diptych.data.arguments import require_dataset, require_shares
from diptych.data.dataset import PARTS, Dataset, Sample
from diptych.data.grouping import keys, united
from diptych.errors import InputError

SHARE = 0.15  # of the validation and of the test part, unless another is said
# Where given parts are most of the data, no more than this is taken of the rest; where no share was
# said no more than the second: of five pictures of a class beside many to test on, one.
MOST, MOST_UNSAID = 0.45, 0.25
MOST_NAMED = 100  # classes in one message
OPEN = ("", "train")  # the parts from which others may be taken


class Splits(NamedTuple):
    """The parts of a data set; every sample is in one of them and knows which."""

    train: Dataset
    valid: Dataset
    test: Dataset

    def __repr__(self) -> str:
        return f"<Splits: {', '.join(f'{len(d):,} for {p}' for p, d in self._asdict().items())}>"

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
                Path(str(like.root)) / row["path"],
                row["part"],
                row["group"],
                row["sha256"],
            )
            for row in csv.DictReader(io.StringIO(text))
        ]
        return cls(*(like.with_samples(s for s in samples if s.part == part) for part in PARTS))


def split(
    dataset: Dataset,
    *,
    valid: float | None = None,
    test: float | None = None,
    seed: int = 0,
    known: Mapping[str, str] | None = None,
) -> Splits:
    """Part a data set; `valid` and `test` are shares of the whole, 0.15 unless they are said.

    Parts that the data set has already are kept; a missing valid or test part is taken from train,
    no more than a quarter of that where its share is 0.15.
    What is known to be one picture, by its group or its content, stays together. `known` has the
    parts that samples are not free to leave, by their names. Raises InputError
    where a class has too few independent pictures for every part to have one, a group lies in
    several parts already, or a share is said of a part that is there, or is none.
    """
    require_dataset(dataset, "split")
    require_shares(valid, test, seed)
    parts, made = _parted(dataset, {"valid": valid, "test": test}, seed, known or {})
    if known:
        _refuse_incomplete(parts, made)
    return parts


def refuse_small_classes(dataset: Dataset) -> None:
    """Raise InputError where `split` is sure to, whatever the pictures turn out to be.

    Copies and files that cannot be read only make classes smaller.
    """
    _refuse_one_class(dataset)
    samples = [sample for sample in dataset.samples if sample.part in OPEN]
    if samples:
        missing = [part for part in PARTS[1:] if part not in dataset.parts()]
        _large_enough(dataset, samples, leaders(dataset.samples), len(missing) + 1)


def split_to_fit(
    dataset: Dataset, valid: float, seed: int, known: Mapping[str, str] | None = None
) -> tuple[Dataset, Dataset]:
    """A training and a validation part, as `split` makes them, of which none is kept to test.

    What is `known` to have been tested on is free. Raises InputError as `split` does.
    """
    # Nobody has learned from a picture that was only tested on.
    taken = {name: part for name, part in (known or {}).items() if part != "test"}
    parts, _ = _parted(dataset, {"valid": valid, "test": None}, seed, taken)
    rest = (sample._replace(part="train") for sample in parts.test.samples)
    parts = parts._replace(train=parts.train.with_samples((*parts.train.samples, *rest)))
    if taken:
        _refuse_incomplete(parts, ("train", "valid"))
    return parts.train, parts.valid


def _parted(
    dataset: Dataset, asked: Mapping[str, float | None], seed: int, known: Mapping[str, str]
) -> tuple[Splits, tuple[str, ...]]:
    """The parts, and which of them were made of the samples that were free."""
    _refuse_one_class(dataset)
    shares = _shares(dataset, asked)
    open_samples = [s for s in dataset.samples if s.part in OPEN]
    existing = dataset.parts()
    if existing and not open_samples:
        raise InputError(f"{dataset.root}: it has {' and '.join(existing)}, and no train part")
    group_of = leaders(dataset.samples)
    _refuse_parted(dataset, group_of)
    _large_enough(dataset, open_samples, group_of, len(shares) + 1)
    taken = _taken(open_samples, group_of, known)
    part_of = assigned(open_samples, group_of, shares, len(dataset), seed, taken)
    samples = [s._replace(part=part_of.get(group_of[s.name], s.part)) for s in dataset.samples]
    parts = Splits(*(dataset.with_samples(s for s in samples if s.part == part) for part in PARTS))
    return parts, ("train", *shares)


def _refuse_one_class(dataset: Dataset) -> None:
    if len(dataset.classes) < 2:
        only = f"only one class, '{dataset.classes[0]}'" if dataset.classes else "no class"
        raise InputError(
            f"{dataset.root}: {only}; a classifier needs a folder for each of two or more classes"
        )


def _taken(
    samples: Iterable[Sample], group_of: Mapping[str, str], known: Mapping[str, str]
) -> dict[str, str]:
    """The part of each group that is not free: the first in PARTS that one of it may not leave."""
    taken: dict[str, str] = {}
    for sample in samples:
        if part := known.get(sample.name):
            group = group_of[sample.name]
            taken[group] = min(taken.get(group, part), part, key=PARTS.index)
    return taken


def _refuse_incomplete(parts: Splits, needed: Iterable[str]) -> None:
    """Raise InputError where a part that is made here lacks a class."""
    for part in needed:
        data: Dataset = getattr(parts, part)
        for label, count in data.counts().items():
            if not count:
                raise InputError(
                    f"{data.root}: no picture of class '{label}' is free for the {part} part; "
                    "add new ones"
                )


def _shares(dataset: Dataset, asked: Mapping[str, float | None]) -> dict[str, float]:
    """The share of each part that is to be made."""
    shares = {}
    for part, share in asked.items():
        if share is not None and not 0 < share < 1:
            raise InputError(f"{part}={share}: a part is a share of the whole, between 0 and 1")
        if part not in dataset.parts():
            shares[part] = SHARE if share is None else share
        elif share is not None:
            raise InputError(
                f"{dataset.root}: it has a {part} part, and a share of {share} is asked for; "
                "leave one of the two out"
            )
    if sum(shares.values()) >= 1:
        raise InputError(f"{dataset.root}: shares of {shares} leave no picture to train on")
    return shares


def leaders(samples: Sequence[Sample]) -> dict[str, str]:
    """The first name in the group of each sample, by its name: by content too, where it is known.

    What groups are called, and in which order samples come, makes no difference to a split.
    """
    leader_N = united(keys(sample.group, digest=sample.digest) for sample in samples)
    first: dict[int, str] = {}
    for leader, sample in zip(leader_N, samples, strict=True):
        first[leader] = min(first.get(leader, sample.name), sample.name)
    return {s.name: first[leader] for leader, s in zip(leader_N, samples, strict=True)}


def _refuse_parted(dataset: Dataset, group_of: Mapping[str, str]) -> None:
    """Raise InputError where pictures that belong together lie in several parts already."""
    homes: dict[str, Sample] = {}
    for sample in dataset.samples:
        other = homes.setdefault(group_of[sample.name], sample)
        if other.part != sample.part and not {other.part, sample.part} <= set(OPEN):
            raise InputError(
                f"{dataset.root}: {other.name} ({other.part or 'train'}) and {sample.name} "
                f"({sample.part or 'train'}) belong together; leave one out, as "
                "clean(data, audit(data)) does with copies, or put both into one part"
            )


def _large_enough(
    dataset: Dataset, samples: Iterable[Sample], group_of: Mapping[str, str], needed: int
) -> None:
    """Raise InputError with every class that is too small for each part to have a picture."""
    groups = Counter(label for label, _ in {(s.label, group_of[s.name]) for s in samples})
    small = {label: groups[label] for label in dataset.classes if groups[label] < needed}
    if not small:
        return
    why = f"at least {needed} are needed, one for each part ({', '.join(PARTS[:needed])})"
    if len(small) == 1:
        [(label, count)] = small.items()
        pictures = f"independent picture{'s' * (count != 1)}"
        raise InputError(f"{dataset.root}: class '{label}' has {count} {pictures}; {why}")
    each = ", ".join(f"'{label}' has {count}" for label, count in list(small.items())[:MOST_NAMED])
    more = f" and {len(small) - MOST_NAMED:,} more" if len(small) > MOST_NAMED else ""
    raise InputError(
        f"{dataset.root}: {len(small):,} classes have too few independent pictures; {why}: "
        f"{each}{more}; add some, or leave these classes out"
    )


def assigned(
    samples: Iterable[Sample],
    group_of: Mapping[str, str],
    shares: dict[str, float],
    total: int,
    seed: int,
    known: Mapping[str, str],
) -> dict[str, str]:
    """The part of each group: the known, then large ones, each where its classes are scarcest."""
    members: dict[str, Counter[str]] = {}
    for sample in samples:
        members.setdefault(group_of[sample.name], Counter())[sample.label] += 1
    # Sorted before it is shuffled: the order of files on disk must not matter.
    groups = sorted(members)
    np.random.default_rng(seed).shuffle(groups)
    groups.sort(key=lambda group: (group not in known, -members[group].total()))

    labels: Counter[str] = Counter()
    for counts in members.values():
        labels += counts
    scale = total / max(labels.total(), 1)
    held_out = {
        part: min(share * scale, MOST_UNSAID if share == SHARE else max(MOST, share))
        for part, share in shares.items()
    }
    share_of = {"train": 1 - sum(held_out.values()), **held_out}
    taken_up = {part: Counter[str]() for part in share_of}
    part_of = {}
    for group in groups:
        counts = members[group]

        def lack(part: str, counts: Counter[str] = counts) -> float:
            """How empty a part is of these classes: 1 is empty, 0 full."""
            return sum(
                n * (1 - taken_up[part][label] / (share_of[part] * labels[label]))
                for label, n in counts.items()
            )

        if part := known.get(group):
            part_of[group] = part if part in share_of else "train"
        else:
            part_of[group] = max(share_of, key=lack)
        taken_up[part_of[group]] += counts
    return part_of

"""Folds: every picture outside of the test part is answered for once by who never saw it."""

from collections import Counter

from diptych.data.arguments import require_dataset, require_shares
from diptych.data.dataset import Dataset
from diptych.data.splitting import SHARE, Splits, assigned, leaders, split
from diptych.errors import InputError
from diptych.system.arguments import whole_number

# Of fewer pictures of a class, two folds would leave one to train on, and none to choose with.
LEAST = 4
MOST_FOLDS = 100


def development(train: Dataset, valid: Dataset) -> Dataset:
    """What may be learned from and chosen by, in one: all that is not for the test."""
    samples = (*train.samples, *valid.samples)
    return train.with_samples(sample._replace(part="") for sample in samples)


def folds(dataset: Dataset, k: int, seed: int = 0, *, valid: float = SHARE) -> tuple[Splits, ...]:
    """The parts of a data set k times over: each time another k-th of it is the test part.

    `valid` is the share of the whole that is taken from the others, to choose the epoch by. Classes
    have the same shares everywhere, and what is known to be one picture stays together (see
    `split`). A test part that the data set has is left out altogether. Raises InputError where a
    class has too few independent pictures.
    """
    require_dataset(dataset, "folds")
    require_shares(valid, None, seed)
    k = whole_number(k, "the number of folds", 2, MOST_FOLDS)
    rest = dataset.with_samples(s._replace(part="") for s in dataset.samples if s.part != "test")
    own_fold = fold_of(rest, k, seed)
    return tuple(
        split(
            rest.with_samples(
                s._replace(part="test" if own_fold[s.name] == fold else "") for s in rest.samples
            ),
            valid=valid,
            seed=seed,
        )
        for fold in range(k)
    )


def fold_of(dataset: Dataset, k: int, seed: int = 0) -> dict[str, int]:
    """The fold of each sample, from 0, by its name; else as `folds`."""
    leader_of = leaders(dataset.samples)
    _refuse_small(dataset, leader_of, k)
    # As parts of a split are made: the first fold is what is left of the others.
    shares = {str(fold): 1 / k for fold in range(1, k)}
    part_of = assigned(dataset.samples, leader_of, shares, len(dataset), seed, {})
    number_of = {part: int(part) if part in shares else 0 for part in {*part_of.values()}}
    return {name: number_of[part_of[leader]] for name, leader in leader_of.items()}


def _refuse_small(dataset: Dataset, leader_of: dict[str, str], k: int) -> None:
    """Raise InputError for a class that not every fold can have a picture of."""
    counts = Counter(label for label, _ in {(s.label, leader_of[s.name]) for s in dataset.samples})
    needed = max(k, LEAST)
    for label in dataset.classes:
        if counts[label] < needed:
            fewer = f"take {counts[label]} folds, or " if counts[label] >= LEAST else ""
            raise InputError(
                f"{dataset.root}: class '{label}' has {counts[label]} independent "
                f"picture{'s'[: counts[label] != 1]} outside of the test part; {k} folds need at "
                f"least {needed}; {fewer}add some, or leave the class out"
            )

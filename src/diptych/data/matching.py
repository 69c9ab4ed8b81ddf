"""Whether parts that come separately fit together: the same classes and shape, no picture twice."""

from dataclasses import replace

from diptych.data.dataset import Dataset
from diptych.data.grouping import group_keys
from diptych.data.splitting import Splits
from diptych.errors import InputError


def consistent(parts: Splits) -> Splits:
    """The parts with the classes of the training part; raises what these functions raise."""
    refuse_unfit_to_train(parts.train)
    train = parts.train
    valid, test = (matched(getattr(parts, name), name, train) for name in ("valid", "test"))
    refuse_shared(valid, "valid", train)
    refuse_shared(test, "test", train, valid)
    return Splits(train, valid, test)


def refuse_unfit_to_train(train: Dataset) -> None:
    """Raise InputError where a training part has no picture, or none of one of its classes."""
    if not len(train):
        raise InputError(f"{train.root}: no picture to train on")
    if len(train.classes) < 2:
        raise InputError(f"{train.root}: only one class, {train.classes[0]!r}; two are needed")
    lacking = [label for label, count in train.counts().items() if not count]
    if lacking:
        raise InputError(
            f"{train.root}: no picture to train on of class {lacking[0]!r}; add some, or leave the "
            "class out"
        )


def matched(part: Dataset, name: str, train: Dataset) -> Dataset:
    """The validation or test part with the classes and the depth of the training part.

    Raises InputError where it has no picture, a class that the training part lacks, or pictures of
    another shape.
    """
    if not len(part):
        raise InputError(
            f"{part.root}: the {name} part has no picture; give it some, or let split() take some"
        )
    if part.shape != train.shape:
        shapes = ["×".join(map(str, data.shape or ())) or "files" for data in (part, train)]
        raise InputError(
            f"{part.root}: its pictures are {shapes[0]}, those of the training part {shapes[1]}"
        )
    return replace(part.with_classes(train.classes, "the training part"), bits=train.bits)


def refuse_shared(part: Dataset, name: str, *others: Dataset) -> None:
    """Raise InputError where pictures of a part are in others too, or of a group that is there.

    What was learned from, or chosen by, tells nothing of new pictures. Digests are known.
    """
    digests = {s.digest for other in others for s in other.samples if s.digest}
    groups = {key for other in others for s in other.samples for key in group_keys(s.group)}
    shared = [
        s for s in part.samples if s.digest in digests or groups.intersection(group_keys(s.group))
    ]
    if shared:
        raise InputError(
            f"{part.root}: {len(shared):,} of {len(part):,} pictures of the {name} part are among "
            f"those that the model is made with, or belong to such: {shared[0].name}, for one; "
            "leave them out (of split(clean(data, audit(data))) no part has pictures of another)"
        )

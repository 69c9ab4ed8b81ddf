"""The pictures that a person looks at: all samples, and the files that nobody has labelled yet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from diptych.auditing.planned import UNLABELLED
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.data.places import Place
from diptych.data.plan import Plan, Row
from diptych.errors import InputError
from diptych.images.preprocess import is_picture
from diptych.sources.endings import DOCUMENTS, ending, is_called_picture


class Item(NamedTuple):
    """A picture under the name that its owner calls it by."""

    name: str
    label: str  # as the data have it; "" where nobody has said one
    path: Place
    reason: str = ""  # why it has no label
    digest: str = ""  # of pictures that came as numbers


@dataclass(frozen=True)
class Collection:
    """Pictures by their number, which stays the same as long as they are looked at."""

    dataset: Dataset
    items: tuple[Item, ...]

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def number_of(self) -> Mapping[str, int]:
        """The number of each picture by its name."""
        return {item.name: number for number, item in enumerate(self.items)}

    @property
    def unlabelled(self) -> int:
        """How many have no label in the data."""
        return sum(not item.label for item in self.items)

    def samples(self) -> Dataset:
        """All pictures as samples, in the order of their numbers; some have no label."""
        samples = (Sample(i.name, i.label, i.path, digest=i.digest) for i in self.items)
        return self.dataset.with_samples(samples)


def collection_of(dataset: Dataset) -> Collection:
    """What there is to look at in a data set; raises InputError where that is nothing."""
    items = [Item(s.name, s.label, s.path, digest=s.digest) for s in dataset.samples]
    items += _without_label(dataset)
    if not items:
        raise InputError(f"{dataset.root}: there is no picture in it")
    return Collection(dataset, tuple(items))


def require_own(collection: Collection, plan: Plan) -> tuple[Row, ...]:
    """The rows of a plan whose pictures are gone; raises InputError where that is all of them."""
    gone = tuple(row for row in plan.rows if row.path not in collection.number_of)
    if plan.rows and len(gone) == len(plan.rows):
        raise InputError(
            f"{plan.source}: none of its pictures is in {collection.dataset.root}, such as "
            f"{gone[0].path}; it is the plan of other data: name another --plan"
        )
    return gone


def _without_label(dataset: Dataset) -> Iterator[Item]:
    root = dataset.root
    if not isinstance(root, Path) or not root.is_dir():
        return  # what lies in an archive has to be unpacked before it can get a label
    for stray in dataset.strays:
        if stray.reason in UNLABELLED and _may_be_picture(stray, root):
            yield Item(stray.name, "", root / stray.name, stray.reason)


def _may_be_picture(stray: Stray, root: Path) -> bool:
    if is_called_picture(stray.name):
        return True
    return ending(stray.name) not in DOCUMENTS and is_picture(root / stray.name)

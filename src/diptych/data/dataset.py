"""What pictures exist and what they are called; no pixels."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from diptych.data.pixel_format import PixelFormat, PixelValues
from diptych.data.pixel_format import Shape as Shape
from diptych.data.places import Address, Place
from diptych.data.plan import Plan
from diptych.errors import InputError, nearest

PARTS = ("train", "valid", "test")

# The answer for pictures whose OOD score is above 1; no class may be called so.
NONE = "none of these"


class Sample(NamedTuple):
    """One picture with its label.

    `name` is its path below the data set's root, in posix form: what its owner calls it.
    """

    name: str
    label: str
    path: Place
    part: str = ""  # one of PARTS once known
    group: str = ""  # samples of one group never end up in different parts
    digest: str = ""  # SHA-256 of the file, once read


class Stray(NamedTuple):
    """A file below the root that is no sample, and why."""

    name: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Dataset:
    """Samples, and the classes they may have, in an order that never changes again.

    `columns` is what else a table says of the samples: by title, the value of each sample by its
    name. It may say nothing of some, and of samples that are no longer here. `compared` is a hash
    of the pictures among which near-duplicates were looked for, where they were: parts that have
    the same one have none in common.
    """

    root: Path | Address
    classes: tuple[str, ...]
    samples: tuple[Sample, ...]
    strays: tuple[Stray, ...] = ()
    shape: Shape | None = None  # of pictures that came as pixels; files have no shape of their own
    note: str = ""  # what was inferred in reading it, in a line
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    compared: str = ""
    caveat: str = ""  # what could not be looked for among the samples, in a sentence
    bits: int = 0  # the depth of pictures of more than 8 bits: one for all; 0: as each file needs
    values: PixelValues | None = None  # what the numbers meant that pictures came as
    plan: Plan | None = None  # by which labels and groups were changed, and pictures left out

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        return f"<Dataset {self.root}: {len(self):,} pictures, {len(self.classes)} classes>"

    def with_samples(self, samples: Iterable[Sample]) -> "Dataset":
        """The same data set with other samples."""
        return replace(self, samples=tuple(samples))

    def with_note(self, *lines: str) -> "Dataset":
        """The same with further lines on what was inferred; empty ones are none."""
        return replace(self, note="\n".join(filter(None, (self.note, *lines))))

    def with_classes(self, classes: tuple[str, ...], owner: str) -> "Dataset":
        """The same samples with the classes of another, in its order: a label means the same there.

        Raises InputError where there is a class that is not among them, which the `owner` lacks.
        """
        if self.classes == classes:
            return self
        unknown = sorted({*self.classes, *(s.label for s in self.samples)} - set(classes))
        if unknown:
            names = ", ".join(map(repr, unknown))
            hint = nearest(unknown[0], classes)
            raise InputError(
                f"{self.root}: {owner} has no class{'es'[: 2 * (len(unknown) > 1)]} {names}{hint}"
            )
        return replace(self, classes=classes)

    def shape_at(self, size: int) -> Shape:
        """The shape of the pixels: their own, or size × size where files are decoded."""
        return self.shape or (size, size, 3)

    @property
    def pixel_format(self) -> PixelFormat | None:
        """What files of numbers hold that belong to it; None where its pictures are files."""
        return PixelFormat(self.shape, self.values) if self.shape else None

    def parts(self) -> tuple[str, ...]:
        """The parts that it has already, of PARTS and in that order."""
        own = {sample.part for sample in self.samples}
        return tuple(part for part in PARTS if part in own)

    def counts(self) -> dict[str, int]:
        """Samples of each class, in class order."""
        counts = Counter(sample.label for sample in self.samples)
        return {label: counts[label] for label in self.classes}

    def targets(self) -> list[int]:
        """The position of each sample's label among the classes."""
        position = {label: k for k, label in enumerate(self.classes)}
        return [position[sample.label] for sample in self.samples]

    def fingerprint(self) -> str:
        """A hash of every sample's part, label and content, whatever their order or names."""
        rows = sorted(f"{s.part}\0{s.label}\0{s.digest}" for s in self.samples)
        return _hash("\n".join(rows))


def classes_hash(classes: Iterable[str]) -> str:
    """A hash that locks class names in their order."""
    return _hash("\0".join(classes))


def pictures_hash(digests: Iterable[str]) -> str:
    """A hash of the content of pictures, whatever their order."""
    return _hash("\n".join(sorted(digests)))


def _hash(text: str) -> str:
    """SHA-256 of a text; names of folders in it may be bytes that are no text."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()

"""Copies of one picture that say so by their names."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from diptych.data.dataset import Sample

# Roboflow exports each augmented copy as <original>_jpg.rf.<hash>.jpg.
ROBOFLOW = re.compile(r"(?P<original>.+)\.rf\.[0-9A-Za-z]+\.[^.]+")


def named_copies(samples: Sequence[Sample]) -> Iterator[tuple[int, int]]:
    """Positions of samples whose names say that they come of one original, two at a time.

    Only within a label: augmentation keeps it, and in folders a class "1_jpg" may be in each.
    """
    first: dict[tuple[str, str], int] = {}
    for position, sample in enumerate(samples):
        if match := ROBOFLOW.fullmatch(PurePosixPath(sample.name).name):
            original = first.setdefault((sample.label, match["original"]), position)
            if original != position:
                yield original, position

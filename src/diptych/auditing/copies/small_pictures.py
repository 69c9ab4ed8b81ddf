"""Thumbnails that are read as they are needed, and descriptors of them that are made so.

Axes: N pictures, C colours, T the side of a thumbnail, D the numbers of a descriptor.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.auditing.copies.gradients import Floats
from diptych.images.rows import Rows, in_batches

Indices = npt.NDArray[np.intp]

CHUNK = 256  # pictures or pairs at once: what is made of them stays in a processor's cache


class SmallPictures:
    """Some of the thumbnails, (N, T, T, C), as pictures (N, C, T, T)."""

    def __init__(self, thumbnails_NTTC: Rows, which_N: Indices | None = None) -> None:
        self.thumbnails = thumbnails_NTTC
        self.which_N = np.arange(len(thumbnails_NTTC)) if which_N is None else which_N

    def __len__(self) -> int:
        return len(self.which_N)

    def __getitem__(self, some: slice | Indices) -> Floats:
        pictures_NTTC = self.thumbnails[self.which_N[some]]
        return np.ascontiguousarray(pictures_NTTC.transpose(0, 3, 1, 2), np.float32)

    @property
    def channels(self) -> int:
        """Colours of each."""
        return self.thumbnails.shape[3]

    def among(self, some_N: Indices) -> "SmallPictures":
        """Those at some positions."""
        return SmallPictures(self.thumbnails, self.which_N[some_N])

    def grey(self, some: slice | Indices) -> Floats:
        """Without their colours, (N, T, T)."""
        return np.ascontiguousarray(self[some].mean(1))

    def each(self, describe: Callable[[Floats], Floats]) -> Floats:
        """What a function makes of all pictures, some at a time; there is at least one."""
        return np.concatenate([describe(self[some]) for some in in_batches(self.which, CHUNK)])

    @property
    def which(self) -> Indices:
        """The positions of all."""
        return np.arange(len(self))


class Descriptors:
    """Descriptors of pictures as rows (N, D) of length 1: they are made when they are asked for."""

    def __init__(self, pictures: SmallPictures, describe: Callable[[Floats], Floats]) -> None:
        self.pictures, self.describe = pictures, describe
        self.width = describe(pictures[:1]).shape[1]

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.pictures), self.width

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, which: slice | Indices) -> npt.NDArray[Any]:
        some = self.pictures.which[which]
        return np.concatenate(
            [self.describe(self.pictures[few]) for few in in_batches(some, CHUNK)]
        )

    def among(self, some_N: Indices) -> "Descriptors":
        """Those of some pictures."""
        return Descriptors(self.pictures.among(some_N), self.describe)

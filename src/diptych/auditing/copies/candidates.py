"""Which pictures may be copies of each other, and how one would have become the other.

Axes: N pictures, D the numbers of a descriptor, C the cells of a grid, P pairs, W ways. A pose is a
matrix (2, 3) from places x, y, 1 of the left picture to places of the right one.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.auditing.copies.comparing import AT_ONCE, Comparison, comparisons
from diptych.auditing.copies.gradients import (
    Floats,
    gradients,
    oriented,
    pooled,
    pooled_turned,
    unit,
)
from diptych.auditing.copies.small_pictures import Descriptors, SmallPictures
from diptych.images.rows import in_batches
from diptych.neighbours import best_of_each, cells
from diptych.system.progress import Track

Indices = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Describe = Callable[[Floats], Floats]  # slopes (N, 2, T, T) → (N, D) of length 1

# Correlations from which a pair is looked at closely. Of the pairs of 1,200 photographs 1,239 are
# above the first and 344 above the second; of 200 copies with a white box on a fifth of the
# picture, the worst of all changes, 98.5 % are above the first.
WHOLE_ALIKE = 0.48
PART_ALIKE = 0.66
# In the same place, without the cells that may be covered. Boxes leave 0.95 and more; of the 1,239
# pairs above 98 % have less than 0.87.
PARTLY_ALIKE = 0.86
COVERED = 0.3  # of a picture: a box of a fifth, and what its edges change
CLOSEST = 6  # pairs looked at closely, a picture and way of comparing
# So far above the least correlation few of 9,000 small pictures are by chance, and most copies are.
SURELY_ALIKE = 0.2
FINE, COARSE = 12, 8  # sides of the grids: in the same place, and roughly in the same place
MIDDLE = 0.8  # what of a picture is still there once it was turned by 15°
TURNS = (-12, -6, 6, 12)  # degrees
CUTS = (  # what of a picture may be left: scale and shift, x and y
    ((0.85, 0.85), (0, 0)),
    ((0.62, 0.62), (0, 0)),
    ((0.8, 1), (-0.2, 0)),
    ((0.8, 1), (0.2, 0)),
    ((1, 0.8), (0, -0.2)),
    ((1, 0.8), (0, 0.2)),
)
QUARTER = np.array([[0, -1], [1, 0]], np.float32)
MIRROR = np.diag(np.array([-1, 1], np.float32))
FULL, STILL = np.ones(2, np.float32), np.zeros(2, np.float32)


class Way(NamedTuple):
    """A way in which one picture may have become another: how the other one is described."""

    describe: Describe
    pose_23: Floats


class Kind(NamedTuple):
    """Ways that all compare with the same descriptors of pictures."""

    name: str
    describe: Describe
    alike: float
    ways: Sequence[Way]
    moved: bool = True  # turned a little or cut, so no more than roughly in place
    cut: bool = False  # one picture is a part of the other, so that it matters which


class Candidates:
    """Pairs that may be copies; each column has an item a pair."""

    def __init__(self, *columns: npt.NDArray[Any]) -> None:
        self.columns = columns
        self.left_P, self.right_P, self.moved_P, self.pose_P23, self.score_P = columns

    def __len__(self) -> int:
        return len(self.left_P)

    def __getitem__(self, which: slice | Flags | Indices) -> "Candidates":
        return Candidates(*(column[which] for column in self.columns))

    def posed(self, pose_P23: Floats, score_P: Floats) -> "Candidates":
        """The same pairs in other poses, with other scores."""
        return Candidates(*self.columns[:3], pose_P23, score_P)

    def closest(self, most: int, surely: float) -> "Candidates":
        """Those that are among the `most` with the highest scores of one of their pictures.

        Kept are also those whose scores are so high that few have them by chance.
        """
        left_P, right_P = (
            best_of_each(owner_P, self.score_P, most) for owner_P in (self.left_P, self.right_P)
        )
        return self[left_P | right_P | (self.score_P >= surely)]


def joined(parts: Sequence[Candidates]) -> Candidates:
    """All pairs of the parts."""
    none = np.empty(0, np.intp)
    nothing = none, none, np.empty(0, np.bool_), np.empty((0, 2, 3), np.float32), FULL[:0]
    columns = zip(nothing, *(part.columns for part in parts), strict=True)
    return Candidates(*(np.concatenate(column) for column in columns))


def candidates(pictures: SmallPictures, new_N: Flags, track: Track) -> Candidates:
    """Pairs that look alike in one way or another, each in the way that fits best.

    At least one of each is new. Takes little more than O(N) multiplications (see `Cells`), and
    memory for O(N) pairs. Among many pictures some look alike by chance in any way, so that of all
    ways of a kind together only the closest are kept.
    """
    found = []
    for kind in KINDS:
        for pairs in _of_kind(kind, pictures, new_N, track):
            some = best_ways(pairs, len(pictures))
            found.append(some.closest(CLOSEST, SURELY_ALIKE) if len(pictures) > cells.FEW else some)
    return best_ways(joined(found), len(pictures))


def best_ways(every: Candidates, count: int) -> Candidates:
    """Of each pair the way that fits best, in the order of the pairs."""
    order_P = np.argsort(-every.score_P, kind="stable")
    pair_P = np.minimum(every.left_P, every.right_P) * count
    pair_P += np.maximum(every.left_P, every.right_P)
    return every[order_P[np.unique(pair_P[order_P], return_index=True)[1]]]


def _of_kind(
    kind: Kind, pictures: SmallPictures, new_N: Flags, track: Track
) -> Iterator[Candidates]:
    """Pairs with a new picture that look alike in the ways of a kind, a batch at a time."""
    base = Descriptors(pictures, lambda pictures_NCTT: kind.describe(_slopes(pictures_NCTT)))
    for comparison in comparisons(base, new_N, one_sided=kind.cut):
        batches = in_batches(comparison.query_N, AT_ONCE)
        count = -(-len(comparison.query_N) // AT_ONCE)
        for some_N in track(batches, f"looking for {kind.name} copies", count):
            slope_N2TT = _slopes(pictures[some_N])
            yield joined([_in_way(kind, way, comparison, slope_N2TT, some_N) for way in kind.ways])


def _in_way(
    kind: Kind, way: Way, comparison: Comparison, slope_N2TT: Floats, some_N: Indices
) -> Candidates:
    """Pairs with one of some pictures, whose slopes are these."""
    query_ND = way.describe(slope_N2TT)
    right_P, left_P, score_P = comparison.alike(query_ND, some_N, kind.alike, CLOSEST)
    # Coarse descriptors are more alike, so a score counts by how far it is above the least.
    above_P = score_P - np.float32(kind.alike)
    moved_P, pose_P23 = np.full(len(left_P), kind.moved), np.tile(way.pose_23, (len(left_P), 1, 1))
    every = Candidates(left_P, right_P, moved_P, pose_P23, above_P)
    if kind.moved:
        return every
    left_PD = comparison.cells.read(np.searchsorted(comparison.row_M, left_P))
    right_PD = query_ND[np.searchsorted(some_N, right_P)]
    return every[but_for_a_part(left_PD, right_PD) >= PARTLY_ALIKE]


def _slopes(pictures_NCTT: Floats) -> Floats:
    return gradients(pictures_NCTT.mean(1))


def but_for_a_part(left_PD: Floats, right_PD: Floats) -> Floats:
    """The correlation of descriptors without the cells in which they differ most: (P,)."""
    left_P2C, right_P2C = (a.reshape(len(a), 2, FINE**2) for a in (left_PD, right_PD))
    apart_PC = ((left_P2C - right_P2C) ** 2).sum(1)
    last = round((1 - COVERED) * apart_PC.shape[1]) - 1
    kept_P1C = apart_PC[:, None] <= np.partition(apart_PC, last, axis=1)[:, None, last : last + 1]
    product_P, left_P, right_P = (
        (a * b * kept_P1C).sum((1, 2))
        for a, b in ((left_P2C, right_P2C), (left_P2C, left_P2C), (right_P2C, right_P2C))
    )
    return np.asarray(product_P / np.maximum(np.sqrt(left_P * right_P), 1e-6), np.float32)


def in_orientations() -> Kind:
    """As they are, turned by quarters, and mirrored."""

    def described(slope_N2TT: Floats, quarters: int = 0, mirrored: bool = False) -> Floats:
        return unit(oriented(pooled(slope_N2TT, FINE, FULL, STILL), quarters, mirrored))

    # A left picture so oriented is like a right one as the left is like one oriented back: only a
    # turn that is not mirrored as well has another one to undo it.
    ways = [
        Way(
            partial(described, quarters=quarters if mirrored else -quarters % 4, mirrored=mirrored),
            pose(np.eye(2, dtype=np.float32), STILL, quarters, mirrored),
        )
        for mirrored in (False, True)
        for quarters in range(4)
    ]
    return Kind("changed", described, WHOLE_ALIKE, ways, moved=False)


def turned() -> Kind:
    """Turned a little, as they are and mirrored."""

    def described(slope_N2TT: Floats) -> Floats:
        return unit(pooled(slope_N2TT, COARSE, MIDDLE * FULL, STILL))

    def described_turned(slope_N2TT: Floats, turn_22: Floats, mirrored: bool) -> Floats:
        turned_N2GG = pooled_turned(slope_N2TT, COARSE, MIDDLE, turn_22)
        return unit(oriented(turned_N2GG, 0, mirrored))

    ways = [
        Way(
            partial(described_turned, turn_22=turn_22, mirrored=mirrored),
            pose(turn_22, STILL, 0, mirrored),
        )
        for mirrored in (False, True)
        for turn_22 in map(rotation, TURNS)
    ]
    return Kind("turned", described, PART_ALIKE, ways)


def cut() -> Kind:
    """Parts of them, as they are and mirrored."""

    def described(
        slope_N2TT: Floats, scale_2: Floats = FULL, shift_2: Floats = STILL, mirrored: bool = False
    ) -> Floats:
        return unit(oriented(pooled(slope_N2TT, COARSE, scale_2, shift_2), 0, mirrored))

    ways = [
        Way(
            partial(described, scale_2=scale_2, shift_2=shift_2, mirrored=mirrored),
            pose(np.diag(scale_2), shift_2, 0, mirrored),
        )
        for mirrored in (False, True)
        for scale_2, shift_2 in np.array(CUTS, np.float32)
    ]
    return Kind("cut", described, PART_ALIKE, ways, cut=True)


def pose(linear_22: Floats, shift_2: Floats, quarters: int, mirrored: bool) -> Floats:
    """From the left picture, before it was turned by quarters and mirrored, to the right one."""
    orientation_22 = np.linalg.matrix_power(QUARTER, quarters) @ (MIRROR if mirrored else np.eye(2))
    linear_22 = linear_22 @ orientation_22.T
    return np.concatenate([linear_22, shift_2[:, None]], axis=1).astype(np.float32)


def rotation(degrees: float) -> Floats:
    """The matrix that turns places."""
    turn = np.radians(degrees)
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]], np.float32)


KINDS = (in_orientations(), turned(), cut())

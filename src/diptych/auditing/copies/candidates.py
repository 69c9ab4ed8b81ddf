"""Which pictures may be copies of each other, and how one would have become the other.

Axes: N pictures, D the numbers of a descriptor, C the cells of a grid, P pairs, W ways. A pose is a
matrix (2, 3) from places x, y, 1 of the left picture to places of the right one.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.auditing.copies.gradients import (
    Floats,
    gradients,
    oriented,
    pooled,
    pooled_turned,
    unit,
)
from diptych.system.progress import Track

Indices = npt.NDArray[np.intp]
CHUNK = 512  # pictures or pairs at once

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
WAYS = 8 + 2 * len(TURNS) + 2 * len(CUTS)
NOTHING = np.empty((0, 0), np.float32)
MIRROR = np.diag(np.array([-1, 1], np.float32))


class Way(NamedTuple):
    """A way of comparing pictures: descriptors of both sides, and what a match says."""

    left_ND: Floats
    right_ND: Floats
    alike: float
    pose_23: Floats
    moved: bool = True  # turned a little or cut, so no more than roughly in place
    cut: bool = False  # the left picture is a part of the right one, so that order matters


class Candidates(NamedTuple):
    """Pairs that may be copies."""

    left_P: Indices
    right_P: Indices
    moved_P: npt.NDArray[np.bool_]
    pose_P23: Floats


def candidates(grey_NTT: Floats, track: Track) -> Candidates:
    """Pairs that look alike in one way or another, each in the way that fits best.

    Takes O(N²) multiplications, and memory for O(N) pairs.
    """
    every, blocks = [], []
    for number, way in enumerate(track(ways(grey_NTT), "looking for changed copies", WAYS)):
        every.append(way._replace(left_ND=NOTHING, right_ND=NOTHING))
        for left_P, right_P, score_P in matches(way):
            if not way.moved:
                likely_P = (
                    but_for_a_part(way.left_ND[left_P], way.right_ND[right_P]) >= PARTLY_ALIKE
                )
                left_P, right_P, score_P = left_P[likely_P], right_P[likely_P], score_P[likely_P]
            # Coarse descriptors are more alike, so a score counts by how far it is above the least.
            blocks.append([left_P, right_P, score_P - way.alike, np.full(len(left_P), number)])
    left_P, right_P, above_P, way_P = (
        np.concatenate(column) for column in zip(*blocks, strict=True)
    )
    order_P = np.argsort(-above_P, kind="stable")
    pair_P = np.minimum(left_P, right_P) * len(grey_NTT) + np.maximum(left_P, right_P)
    best_P = order_P[np.unique(pair_P[order_P], return_index=True)[1]]
    moved_W, pose_W23 = np.array([w.moved for w in every]), np.stack([w.pose_23 for w in every])
    way_P = way_P[best_P]
    return Candidates(left_P[best_P], right_P[best_P], moved_W[way_P], pose_W23[way_P])


def matches(way: Way) -> Iterator[tuple[Indices, Indices, Floats]]:
    """Left and right pictures that look alike in a way, and how alike they are."""
    for top in range(0, len(way.left_ND), CHUNK):
        yield lookalikes(way.left_ND, way.right_ND, top, way.alike, CLOSEST)
        if way.cut:
            right_P, left_P, score_P = lookalikes(
                way.right_ND, way.left_ND, top, way.alike, CLOSEST
            )
            yield left_P, right_P, score_P


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


def ways(grey_NTT: Floats) -> Iterator[Way]:
    """In all eight orientations; turned a little or cut, as they are and mirrored."""
    slope_N2TT = gradients(grey_NTT)
    full, still = np.ones(2, np.float32), np.zeros(2, np.float32)
    fine_N2GG = pooled(slope_N2TT, FINE, full, still)
    fine_ND = unit(fine_N2GG)
    for mirrored in (False, True):
        for quarters in range(4):
            left_ND = unit(oriented(fine_N2GG, quarters, mirrored))
            pose_23 = pose(np.eye(2, dtype=np.float32), still, quarters, mirrored)
            yield Way(left_ND, fine_ND, WHOLE_ALIKE, pose_23, moved=False)
    middle_N2GG = pooled(slope_N2TT, COARSE, MIDDLE * full, still)
    whole_N2GG = pooled(slope_N2TT, COARSE, full, still)
    for mirrored in (False, True):
        left_ND = unit(oriented(middle_N2GG, 0, mirrored))
        for degrees in TURNS:
            turn_22 = rotation(degrees)
            right_ND = unit(pooled_turned(slope_N2TT, COARSE, MIDDLE, turn_22))
            yield Way(left_ND, right_ND, PART_ALIKE, pose(turn_22, still, 0, mirrored))
        left_ND = unit(oriented(whole_N2GG, 0, mirrored))
        for scale, shift in CUTS:
            scale_2, shift_2 = np.array(scale, np.float32), np.array(shift, np.float32)
            right_ND = unit(pooled(slope_N2TT, COARSE, scale_2, shift_2))
            pose_23 = pose(np.diag(scale_2), shift_2, 0, mirrored)
            yield Way(left_ND, right_ND, PART_ALIKE, pose_23, cut=True)


def pose(linear_22: Floats, shift_2: Floats, quarters: int, mirrored: bool) -> Floats:
    """From the left picture, before it was turned by quarters and mirrored, to the right one."""
    orientation_22 = np.linalg.matrix_power(QUARTER, quarters) @ (MIRROR if mirrored else np.eye(2))
    linear_22 = linear_22 @ orientation_22.T
    return np.concatenate([linear_22, shift_2[:, None]], axis=1).astype(np.float32)


def rotation(degrees: float) -> Floats:
    """The matrix that turns places."""
    turn = np.radians(degrees)
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]], np.float32)


def lookalikes(
    left_ND: Floats, right_ND: Floats, top: int, alike: float, closest: int
) -> tuple[Indices, Indices, Floats]:
    """For some rows on the left, the closest of the later rows on the right, and how alike."""
    score_PN = left_ND[top : top + CHUNK] @ right_ND[top:].T
    row_P, column_P = np.divmod(np.flatnonzero(score_PN >= alike), score_PN.shape[1])
    later_P = column_P > row_P
    row_P, column_P = row_P[later_P], column_P[later_P]
    score_P = score_PN[row_P, column_P]
    order_P = np.lexsort((column_P, -score_P, row_P))
    place_P = np.arange(len(row_P)) - np.searchsorted(row_P, row_P)  # within its row, best first
    kept_P = np.sort(order_P[place_P < closest])
    return row_P[kept_P] + top, column_P[kept_P] + top, score_P[kept_P]

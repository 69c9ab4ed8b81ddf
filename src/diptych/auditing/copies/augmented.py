"""Copies as augmentation makes them: mirrored, turned, cut, partly covered, in other colours.

Axes: N pictures, C colours, T the side of a thumbnail, H half of it, P pairs.
"""

from collections.abc import Iterator

import numpy as np

from diptych.auditing.copies.alignment import Flags, agreement, aligned, common, equally_sharp, seen
from diptych.auditing.copies.candidates import (
    CHUNK,
    COVERED,
    MIRROR,
    Candidates,
    Indices,
    candidates,
)
from diptych.auditing.copies.gradients import Floats, blurred
from diptych.auditing.copies.pairs import Pair
from diptych.auditing.copies.residue import equal_but_for_a_box
from diptych.system.progress import Track

# Correlations of gradients from which a pair is looked at in colour: in the same place without the
# 30 % where they differ most, and once aligned without a tenth. Of 1,200 different photographs the
# most alike have 0.82 and 0.86, of 400 drawn plates 0.94; 95 % of copies with a box on a fifth have
# 0.94, and of those that were cut or turned by up to 15° 0.95.
SAME_PLACE = 0.92
ALIGNED, OUTLIERS = 0.945, 0.1
# The same where less than half of one is left in the other: what is left is made larger, and less
# sharp. Of different photographs in such poses the most alike have 0.79.
ALIGNED_CUT, SMALL = 0.935, 0.5
ALMOST_THE_SAME_PLACE = 0.72  # worth aligning
ROUGHLY = 0.8  # at half the size, without the 30 % that differ most: worth aligning better
FILLED = 0.16  # of half a picture: so far a fill of corners reaches into a thumbnail
OVERLAP = 0.55  # of the left picture
COARSE_STEPS, FINE_STEPS = 5, 4
TURNED, CUT = 2, 0.93  # degrees, and share of the area, from which a change is called so


def augmented_copies(pictures_NCTT: Floats, track: Track) -> Iterator[Pair]:
    """Pairs of pictures of which one was made from the other.

    Found are copies in any of eight orientations, turned by up to 15° besides, with up to a fifth
    cut off a side or each side, with a box of up to a fifth missing, in grey or of another hue.
    Compared are gradients of grey pictures, evened out, as `gradients` has them.
    """
    if len(pictures_NCTT) < 2:
        return
    grey_NTT = np.ascontiguousarray(pictures_NCTT.mean(1))
    every = candidates(grey_NTT, track)
    half_NHH = halved(grey_NTT)
    starts = range(0, len(every.left_P), CHUNK)
    for start in track(starts, "looking at changed copies", len(starts)):
        some = subset(every, slice(start, start + CHUNK))
        agree_P = in_place(grey_NTT, some)
        equal_P = confirmed(pictures_NCTT, some, agree_P >= SAME_PLACE, unmoved=True)
        yield from pairs_of(subset(some, equal_P), agree_P[equal_P])
        rest_P = some.moved_P | (agree_P >= ALMOST_THE_SAME_PLACE) & ~equal_P
        some, agree_P = in_pose(grey_NTT, half_NHH, subset(some, rest_P))
        likely_P = agree_P >= least_agreement(some.pose_P23)
        equal_P = confirmed(pictures_NCTT, some, likely_P, unmoved=False)
        yield from pairs_of(subset(some, equal_P), agree_P[equal_P])


def subset(every: Candidates, which: slice | Flags | Indices) -> Candidates:
    """Some of them."""
    left_P, right_P, moved_P, pose_P23 = every
    return Candidates(left_P[which], right_P[which], moved_P[which], pose_P23[which])


def halved(grey_NTT: Floats) -> Floats:
    """Pictures of half the side."""
    smooth_NTT = blurred(grey_NTT, 1.2)
    half = smooth_NTT.shape[1] // 2
    return np.asarray(smooth_NTT.reshape(-1, half, 2, half, 2).mean((2, 4)), np.float32)


def in_place(grey_NTT: Floats, some: Candidates) -> Floats:
    """How well those that were not moved agree, but for a part that may be covered: (P,)."""
    agree_P = np.zeros(len(some.left_P), np.float32)
    still = np.flatnonzero(~some.moved_P)
    agree_P[still] = agree(grey_NTT, subset(some, still), COVERED)
    return agree_P


def in_pose(grey_NTT: Floats, half_NHH: Floats, some: Candidates) -> tuple[Candidates, Floats]:
    """Those that agree roughly in better poses, and how well they do: (P,)."""
    half = half_NHH[some.left_P], half_NHH[some.right_P]
    some = some._replace(pose_P23=aligned(*half, some.pose_P23, COARSE_STEPS))
    view_PHH = seen(half[1][:, None], some.pose_P23)[0].reshape(half[0].shape)
    agree_P = agreement(half[0], view_PHH, common(some.pose_P23, half_NHH.shape[1]), COVERED)
    some = subset(some, agree_P >= ROUGHLY)
    left_PTT, right_PTT = (blurred(grey_NTT[which_P], 0.7) for which_P in some[:2])
    some = some._replace(pose_P23=aligned(left_PTT, right_PTT, some.pose_P23, FINE_STEPS))
    overlap_P = common(some.pose_P23, grey_NTT.shape[1]).mean((1, 2))
    return some, np.where(overlap_P >= OVERLAP, agree(grey_NTT, some, OUTLIERS), np.float32(0))


def agree(grey_NTT: Floats, some: Candidates, without: float) -> Floats:
    """How well pictures agree in these poses, but for a share: (P,)."""
    left_P1TT, right_P1TT = equally_sharp(
        grey_NTT[some.left_P, None], grey_NTT[some.right_P, None], some.pose_P23, 0.5
    )
    left_PTT = left_P1TT[:, 0]
    view_PTT = seen(right_P1TT, some.pose_P23)[0].reshape(left_PTT.shape)
    return agreement(left_PTT, view_PTT, common(some.pose_P23, left_PTT.shape[1]), without)


def least_agreement(pose_P23: Floats) -> Floats:
    """From which agreement on pictures in these poses are looked at in colour: (P,)."""
    area_P = np.abs(np.linalg.det(pose_P23[:, :, :2]))
    is_small_P = (area_P < SMALL) | (area_P > 1 / SMALL)
    return np.where(is_small_P, ALIGNED_CUT, ALIGNED).astype(np.float32)


def confirmed(pictures_NCTT: Floats, some: Candidates, likely_P: Flags, unmoved: bool) -> Flags:
    """Which of the likely ones show the same in all places and colours: (P,)."""
    if not likely_P.any():
        return likely_P
    likely = subset(some, likely_P)
    left_PCTT, right_PCTT = pictures_NCTT[likely.left_P], pictures_NCTT[likely.right_P]
    if not unmoved:
        left_PCTT, right_PCTT = equally_sharp(left_PCTT, right_PCTT, likely.pose_P23, 0.7)
    view_PCTT = seen(right_PCTT, likely.pose_P23)[0].reshape(left_PCTT.shape)
    common_PTT = common(likely.pose_P23, left_PCTT.shape[2], 0 if unmoved else FILLED)
    equal_P = np.zeros_like(likely_P)
    equal_P[likely_P] = equal_but_for_a_box(left_PCTT, view_PCTT, common_PTT, unmoved)
    return equal_P


def pairs_of(some: Candidates, agree_P: Floats) -> Iterator[Pair]:
    """Pairs, with what was done to one of the two."""
    for left, right, agreement_, pose_23 in zip(
        some.left_P, some.right_P, agree_P, some.pose_P23, strict=True
    ):
        first, second = sorted((int(left), int(right)))
        yield Pair(first, second, float(agreement_), change(pose_23) or OTHERWISE)


def change(pose_23: Floats) -> str:
    """What a pose does, in words; nothing where the pictures lie in the same place."""
    linear_22 = pose_23[:, :2]
    mirrored = np.linalg.det(linear_22) < 0
    if mirrored:
        linear_22 = linear_22 @ MIRROR
    degrees = np.degrees(np.arctan2(linear_22[1, 0] - linear_22[0, 1], np.trace(linear_22)))
    quarters = round(degrees / 90) % 4
    rest = abs(degrees - 90 * round(degrees / 90))
    what = [WORDS[bool(mirrored), quarters]]
    what += [f"turned by about {rest:.0f}°"] if rest > TURNED else []
    what += ["cut"] if not CUT < abs(np.linalg.det(linear_22)) < 1 / CUT else []
    return ", ".join(filter(None, what))


OTHERWISE = "in other colours or partly covered"
WORDS = {
    (False, 0): "",
    (False, 1): "turned by 90°",
    (False, 2): "turned by 180°",
    (False, 3): "turned by 90°",
    (True, 0): "mirrored",
    (True, 1): "mirrored and turned by 90°",
    (True, 2): "mirrored top to bottom",
    (True, 3): "mirrored and turned by 90°",
}

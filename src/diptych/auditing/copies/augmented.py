"""Copies as augmentation makes them: mirrored, turned, cut, partly covered, in other colours.

Axes: N pictures, C colours, T the side of a thumbnail, H half of it, P pairs.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from diptych.auditing.copies.alignment import Flags, agreement, aligned, common, equally_sharp, seen
from diptych.auditing.copies.candidates import (
    COVERED,
    MIRROR,
    Candidates,
    candidates,
    joined,
)
from diptych.auditing.copies.gradients import Floats, blurred
from diptych.auditing.copies.pairs import Pair
from diptych.auditing.copies.residue import equal_but_for_a_box
from diptych.auditing.copies.small_pictures import CHUNK, Indices, SmallPictures
from diptych.images.rows import in_batches
from diptych.neighbours import cells
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
# Of many pictures only so many pairs each are aligned better, and those that agree so well: 95 % of
# copies do, and 3 % of other pairs of small pictures.
BEST, SURELY_ALIKE = 3, 0.95
# Of many pictures, at their full size without the 30 % that differ most: worth aligning better. Of
# 4,429 copies among small pictures 7 agree less before that, and three quarters of other pairs.
PROMISING = 0.8
FILLED = 0.16  # of half a picture: so far a fill of corners reaches into a thumbnail
OVERLAP = 0.55  # of the left picture
COARSE_STEPS, FINE_STEPS = 5, 4
TURNED, CUT = 2, 0.93  # degrees, and share of the area, from which a change is called so


def augmented_copies(pictures: SmallPictures, new_N: Flags, track: Track) -> Iterator[Pair]:
    """Pairs of pictures of which one was made from the other; at least one of each is new.

    Found are copies in any of eight orientations, turned by up to 15° besides, with up to a fifth
    cut off a side or each side, with a box of up to a fifth missing, in grey or of another hue.
    Compared are gradients of grey pictures, evened out, as `gradients` has them.
    """
    if len(pictures) < 2:
        return
    every, rough = candidates(pictures, new_N, track), []
    for some in _watched(every, track, "looking at changed copies"):
        agree_P = in_place(pictures, some)
        equal_P = confirmed(pictures, some, agree_P >= SAME_PLACE, unmoved=True)
        yield from pairs_of(some[equal_P], agree_P[equal_P])
        rest_P = some.moved_P | (agree_P >= ALMOST_THE_SAME_PLACE) & ~equal_P
        rough.append(roughly_aligned(pictures, some[rest_P]))
    rest = joined(rough)
    many = len(pictures) > cells.FEW
    if many:
        rest = rest.closest(BEST, SURELY_ALIKE)
    for some in _watched(rest, track, "aligning changed copies"):
        if many:
            some = some[agree(*greys(pictures, some), some.pose_P23, COVERED) >= PROMISING]
        some = well_aligned(pictures, some)
        likely_P = some.score_P >= least_agreement(some.pose_P23)
        equal_P = confirmed(pictures, some, likely_P, unmoved=False)
        yield from pairs_of(some[equal_P], some.score_P[equal_P])


def _watched(every: Candidates, track: Track, doing: str) -> Iterable[Candidates]:
    return track(in_batches(every, CHUNK), doing, -(-len(every) // CHUNK))


def halves(pictures: SmallPictures, which_P: Indices) -> Floats:
    """Some pictures in grey, of half the side, (P, H, H); each is made once."""
    which_N, at_P = np.unique(which_P, return_inverse=True)
    smooth_NTT = blurred(pictures.grey(which_N), 1.2)
    half = smooth_NTT.shape[1] // 2
    half_NHH = smooth_NTT.reshape(-1, half, 2, half, 2).mean((2, 4), dtype=np.float32)
    return np.asarray(half_NHH[at_P])


def in_place(pictures: SmallPictures, some: Candidates) -> Floats:
    """How well those that were not moved agree, but for a part that may be covered: (P,)."""
    agree_P = np.zeros(len(some), np.float32)
    still = np.flatnonzero(~some.moved_P)
    agree_P[still] = agree(*greys(pictures, some[still]), some.pose_P23[still], COVERED)
    return agree_P


def roughly_aligned(pictures: SmallPictures, some: Candidates) -> Candidates:
    """Those that agree roughly in better poses, found at half the size; with how well they do."""
    left_PHH, right_PHH = (halves(pictures, which_P) for which_P in (some.left_P, some.right_P))
    pose_P23 = aligned(left_PHH, right_PHH, some.pose_P23, COARSE_STEPS)
    view_PHH = seen(right_PHH[:, None], pose_P23)[0].reshape(left_PHH.shape)
    agree_P = agreement(left_PHH, view_PHH, common(pose_P23, left_PHH.shape[1]), COVERED)
    return some.posed(pose_P23, agree_P)[agree_P >= ROUGHLY]


def well_aligned(pictures: SmallPictures, some: Candidates) -> Candidates:
    """The same in the best poses, with how well they agree there; 0 where little is common."""
    left_PTT, right_PTT = greys(pictures, some)
    smooth = blurred(left_PTT, 0.7), blurred(right_PTT, 0.7)
    pose_P23 = aligned(*smooth, some.pose_P23, FINE_STEPS)
    overlap_P = common(pose_P23, left_PTT.shape[1]).mean((1, 2))
    agree_P = agree(left_PTT, right_PTT, pose_P23, OUTLIERS)
    return some.posed(pose_P23, np.where(overlap_P >= OVERLAP, agree_P, np.float32(0)))


def greys(pictures: SmallPictures, some: Candidates) -> tuple[Floats, Floats]:
    """The left and the right pictures without their colours, (P, T, T)."""
    return pictures.grey(some.left_P), pictures.grey(some.right_P)


def agree(left_PTT: Floats, right_PTT: Floats, pose_P23: Floats, without: float) -> Floats:
    """How well pictures agree in these poses, but for a share: (P,)."""
    left_P1TT, right_P1TT = equally_sharp(left_PTT[:, None], right_PTT[:, None], pose_P23, 0.5)
    left_PTT = left_P1TT[:, 0]
    view_PTT = seen(right_P1TT, pose_P23)[0].reshape(left_PTT.shape)
    return agreement(left_PTT, view_PTT, common(pose_P23, left_PTT.shape[1]), without)


def least_agreement(pose_P23: Floats) -> Floats:
    """From which agreement on pictures in these poses are looked at in colour: (P,)."""
    area_P = np.abs(np.linalg.det(pose_P23[:, :, :2]))
    is_small_P = (area_P < SMALL) | (area_P > 1 / SMALL)
    return np.where(is_small_P, ALIGNED_CUT, ALIGNED).astype(np.float32)


def confirmed(
    pictures: SmallPictures, some: Candidates, likely_P: Flags, *, unmoved: bool
) -> Flags:
    """Which of the likely ones show the same in all places and colours: (P,)."""
    if not likely_P.any():
        return likely_P
    likely = some[likely_P]
    left_PCTT, right_PCTT = pictures[likely.left_P], pictures[likely.right_P]
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

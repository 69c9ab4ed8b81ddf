"""Where a picture differs from another one that lies on it, once its colours are made to fit.

Two photographs of one plate, or from one fixed camera, have the same edges but where it matters. So
a copy must have no place that differs much, unless that is a box of one colour laid over it.

Axes: P pairs, C colours, T the side of a picture, D its pixels.
"""

import numpy as np

from diptych.auditing.copies.alignment import Flags, flat
from diptych.auditing.copies.gradients import Floats, blurred

# Shares of the contrast that may differ, on the whole and in the worst place. Of copies of
# photographs 98 % are below, whatever was done; drawn pizzas on one plate are above 0.054 and 0.64.
OVERALL, ANYWHERE = 0.04, 0.3
DIFFERENT = 0.1  # of the contrast, from which a pixel may belong to a box
IN_LINE = 3  # different pixels in a row or column that a box reaches into
SMALLEST = 3  # pixels that a box is wide and high
LARGEST = 0.35  # of the picture
ONE_COLOUR = 16  # levels of spread in a box; that of noise is less in a thumbnail
ROUNDS = 4


def equal_but_for_a_box(
    left_PCTT: Floats, view_PCTT: Floats, common_PTT: Flags, may_be_covered: bool
) -> Flags:
    """Whether pictures show the same where both reach, but perhaps for a box: (P,)."""
    equal_P = np.zeros(len(left_PCTT), np.bool_)
    for one_PCTT, other_PCTT in ((left_PCTT, view_PCTT), (view_PCTT, left_PCTT)):
        shown_PTT = common_PTT
        if may_be_covered:
            apart_PTT = apart(one_PCTT, other_PCTT, trusted(one_PCTT, other_PCTT, common_PTT))
            shown_PTT = common_PTT & ~boxes(apart_PTT, common_PTT, one_PCTT, other_PCTT)
        apart_PTT = apart(one_PCTT, other_PCTT, shown_PTT) * shown_PTT
        share_PTT = np.maximum(blurred(shown_PTT.astype(np.float32), 1.2), 0.3)
        worst_P = (blurred(apart_PTT, 1.2) / share_PTT).max((1, 2))
        mean_P = apart_PTT.sum((1, 2)) / np.maximum(shown_PTT.sum((1, 2)), 1)
        equal_P |= (mean_P <= OVERALL) & (worst_P <= ANYWHERE)
    return equal_P


def apart(one_PCTT: Floats, other_PCTT: Floats, by_PTT: Flags) -> Floats:
    """The squared difference of each pixel from a linear function of the other's colours.

    In shares of the contrast, (P, T, T). The function is fitted to some pixels: another light, hue
    or grey is one of these.
    """
    one_PCD, other_PCD, weight_P1D = flat(one_PCTT), flat(other_PCTT), flat(by_PTT)[:, None]
    full_PCD = np.concatenate([other_PCD, np.full_like(other_PCD[:, :1], 64)], axis=1)
    weighted_PCD = full_PCD * weight_P1D
    gram_PCC = weighted_PCD @ full_PCD.swapaxes(1, 2)
    # Colours that always come together share what they explain.
    ridge_P = 3e-4 * np.trace(gram_PCC, axis1=1, axis2=2) / full_PCD.shape[1] + 1
    kinds_C = np.append(np.ones(other_PCD.shape[1]), 0.01)
    gram_PCC = gram_PCC + ridge_P[:, None, None] * np.diag(kinds_C)
    fit_PCC = np.linalg.solve(gram_PCC, weighted_PCD @ one_PCD.swapaxes(1, 2))
    like_PCD = np.clip(fit_PCC.swapaxes(1, 2) @ full_PCD, 0, 255)
    count_P11 = np.maximum(weight_P1D.sum(2, keepdims=True), 1)
    mean_PC1 = (one_PCD * weight_P1D).sum(2, keepdims=True) / count_P11
    contrast_P11 = (((one_PCD - mean_PC1) ** 2).mean(1, keepdims=True) * weight_P1D).sum(
        2, keepdims=True
    ) / count_P11
    apart_PD = ((one_PCD - like_PCD) ** 2).mean(1) / np.maximum(contrast_P11[:, 0], 1)
    return np.asarray(apart_PD.reshape(by_PTT.shape), np.float32)


def trusted(one_PCTT: Floats, other_PCTT: Floats, common_PTT: Flags) -> Flags:
    """The common pixels without those that fit the others worst: (P, T, T)."""
    trusted_PTT = common_PTT
    for _ in range(ROUNDS):
        apart_PTT = np.where(
            common_PTT, blurred(apart(one_PCTT, other_PCTT, trusted_PTT), 1), np.inf
        )
        last_P = np.maximum(((1 - LARGEST) * common_PTT.sum((1, 2))).astype(np.intp) - 1, 0)
        most_P1 = np.take_along_axis(np.sort(flat(apart_PTT), 1), last_P[:, None], 1)
        trusted_PTT = apart_PTT <= most_P1[:, :, None]
    return trusted_PTT


def boxes(apart_PTT: Floats, common_PTT: Flags, *pictures: Floats) -> Flags:
    """The pixels of one upright box that holds what differs, if one of the pictures covers it.

    None where it is too large, or has several colours in both: (P, T, T).
    """
    boxes_PTT = np.zeros_like(common_PTT)
    different_PTT = (apart_PTT > DIFFERENT) & common_PTT
    for at, different_TT in enumerate(different_PTT):
        rows, columns = (np.flatnonzero(different_TT.sum(axis) >= IN_LINE) for axis in (1, 0))
        if not len(rows) or not len(columns):
            continue
        (top, bottom), (left, right) = (ends[[0, -1]] + (0, 1) for ends in (rows, columns))
        if (bottom - top) * (right - left) > LARGEST * different_TT.size:
            continue
        if min(bottom - top, right - left) < SMALLEST:
            continue
        inner = slice(top + 1, bottom - 1), slice(left + 1, right - 1)
        if min(p[at, :, *inner].std((1, 2)).max() for p in pictures) <= ONE_COLOUR:
            boxes_PTT[at, max(top - 1, 0) : bottom + 1, max(left - 1, 0) : right + 1] = True
    return boxes_PTT

"""How one small picture must be turned, scaled and moved to lie on another; where they agree.

Axes: P pairs, C colours, T the side of a picture, D its pixels, U unknowns of an alignment. A pose
is a matrix (2, 3) from places x, y, 1 of the left picture to places of the right one, from −1 to 1.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.auditing.copies.gradients import (
    NOTHING,
    Floats,
    blurred,
    gradients,
    grid,
    places,
    separable,
)

Flags = npt.NDArray[np.bool_]

EDGE = 0.08  # of half a picture; so near to where one ends, what lies beyond shows through
LARGEST_STEP = 0.15  # by which a place moves at once, of half a picture


def aligned(left_PTT: Floats, right_PTT: Floats, pose_P23: Floats, steps: int) -> Floats:
    """Better poses for grey pictures, (P, 2, 3).

    This is the inverse compositional algorithm of Lucas and Kanade for affine motion with gain and
    bias (S. Baker and I. Matthews, "Lucas-Kanade 20 Years On", IJCV 56, 2004), reweighted in each
    step by Geman and McClure's function, so that a box that covers a part counts for little.
    """
    change_PUD = changes(left_PTT)
    damping_UU = np.diag(np.array([0.01] * 6 + [0, 0], np.float32)) + 1
    weight_PD = trust(flat(left_PTT), *seen(right_PTT[:, None], pose_P23))
    for _ in range(steps):
        view_PD, inside_PD = seen(right_PTT[:, None], pose_P23)
        weight_PD = weight_PD * inside_PD + np.float32(1e-3)
        weighted_PUD = change_PUD * weight_PD[:, None]
        gram_PUU = weighted_PUD @ change_PUD.swapaxes(1, 2) * damping_UU
        gram_PUU += np.float32(1e-3) * np.eye(8, dtype=np.float32)
        amount_PU1 = np.linalg.solve(gram_PUU, weighted_PUD @ view_PD.swapaxes(1, 2))
        apart_PD = view_PD[:, 0] - (amount_PU1.swapaxes(1, 2) @ change_PUD)[:, 0]
        weight_PD = robust(np.asarray(apart_PD, np.float32), weight_PD)
        gain_P11 = np.maximum(amount_PU1[:, 6:7], 0.2)
        moved_P23 = amount_PU1[:, :6].reshape(-1, 2, 3) / gain_P11
        pose_P23 = before(pose_P23, np.clip(moved_P23, -LARGEST_STEP, LARGEST_STEP))
    return pose_P23


def trust(left_PD: Floats, view_P1D: Floats, inside_PD: Flags) -> Floats:
    """How far each pixel is to be believed before anything was moved: (P, D)."""
    view_PD, weight_PD = view_P1D[:, 0], inside_PD + np.float32(1e-3)
    for _ in range(3):
        share_PD = weight_PD / weight_PD.sum(1, keepdims=True)
        one_PD, other_PD = (a - (share_PD * a).sum(1, keepdims=True) for a in (left_PD, view_PD))
        variance_P1 = (share_PD * one_PD**2).sum(1, keepdims=True)
        gain_P1 = (share_PD * one_PD * other_PD).sum(1, keepdims=True) / np.maximum(variance_P1, 1)
        weight_PD = robust(other_PD - gain_P1 * one_PD, weight_PD) * inside_PD + np.float32(1e-3)
    return weight_PD


def robust(apart_PD: Floats, weight_PD: Floats) -> Floats:
    """Weights that are small where pixels are further apart than is usual: (P, D)."""
    usual_P1 = (np.abs(apart_PD) * weight_PD).sum(1, keepdims=True)
    usual_P1 = usual_P1 / weight_PD.sum(1, keepdims=True) + 1
    return np.asarray((1 + (apart_PD / (2 * usual_P1)) ** 2) ** -2, np.float32)


def changes(grey_PTT: Floats) -> Floats:
    """What motion, gain and bias change in a view, (P, U, D): six of motion, then those two."""
    side = grey_PTT.shape[1]
    middles = grid(side)
    down_PTT, right_PTT = np.gradient(grey_PTT, 2 / side, axis=(1, 2))
    motions = [s * by for s in (right_PTT, down_PTT) for by in (middles, middles[:, None], 1)]
    contrast_PTT = grey_PTT - grey_PTT.mean((1, 2), keepdims=True)
    effects = [*motions, contrast_PTT, np.ones_like(grey_PTT)]
    return flat(np.stack(effects, axis=1)).astype(np.float32)


def before(pose_P23: Floats, moved_P23: Floats) -> Floats:
    """The poses after the inverse of small motions of the left pictures."""
    back_P22 = np.linalg.inv(np.eye(2, dtype=np.float32) + moved_P23[:, :, :2])
    linear_P22 = pose_P23[:, :, :2] @ back_P22
    shift_P21 = pose_P23[:, :, 2:] - linear_P22 @ moved_P23[:, :, 2:]
    return np.concatenate([linear_P22, shift_P21], axis=2).astype(np.float32)


def seen(pictures_PCTT: Floats, pose_P23: Floats) -> tuple[Floats, Flags]:
    """Pictures as seen in poses, (P, C, D), bilinear; which pixels lie inside of them, (P, D)."""
    side = pictures_PCTT.shape[-1]
    at_P2D = pose_P23 @ places(side)
    pixel_P2D = np.clip((at_P2D + 1) * (side / 2) - 0.5, 0, side - 1.001)
    corner_P2D = pixel_P2D.astype(np.intp)
    right_P1D, down_P1D = np.split(pixel_P2D - corner_P2D.astype(np.float32), 2, axis=1)
    # Where each pixel lies in all pictures one behind the other.
    pairs, colours = pictures_PCTT.shape[:2]
    start_PC1 = (np.arange(pairs * colours) * side**2).reshape(pairs, colours, 1)
    first_PCD = corner_P2D[:, 1:] * side + corner_P2D[:, :1] + start_PC1
    pixels = pictures_PCTT.reshape(-1)

    def row(start: int) -> Floats:
        near, far = (np.take(pixels[start + i :], first_PCD) for i in (0, 1))
        return np.asarray(near + right_P1D * (far - near), np.float32)

    above, below = row(0), row(side)
    inside_PD = (np.abs(at_P2D) <= 1 + 0.5 / side).all(1)
    return above + down_P1D * (below - above), inside_PD


def agreement(left_PTT: Floats, view_PTT: Floats, inside_PTT: Flags, without: float) -> Floats:
    """The correlation of two pictures' gradients but for a share, where they differ most: (P,)."""
    one_P2TT, other_P2TT = gradients(left_PTT), gradients(view_PTT)
    weight_PTT = inside_PTT.astype(np.float32)
    apart_PTT = blurred(((one_P2TT - other_P2TT) ** 2).sum(1) * weight_PTT, 1.5)
    apart_PTT /= np.maximum(blurred(weight_PTT, 1.5), 1e-3)
    apart_PD = flat(np.where(inside_PTT, apart_PTT, np.inf))
    last_P = ((1 - without) * inside_PTT.sum((1, 2))).astype(np.intp) - 1
    most_P1 = np.take_along_axis(np.sort(apart_PD, 1), np.maximum(last_P, 0)[:, None], 1)
    kept_PTT = inside_PTT & (apart_PTT <= most_P1[:, :, None])
    product, one, other = (
        (kept_PTT[:, None] * a * b).sum((1, 2, 3))
        for a, b in ((one_P2TT, other_P2TT), (one_P2TT,) * 2, (other_P2TT,) * 2)
    )
    return np.asarray(product / np.maximum(np.sqrt(one * other), 1e-6), np.float32)


def flat(pictures_PTT: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The two last axes, (T, T), as one, (D,)."""
    *others, rows, columns = pictures_PTT.shape
    return pictures_PTT.reshape(*others, rows * columns)


def common(pose_P23: Floats, side: int, edge: float = EDGE) -> Flags:
    """Which pixels of the left pictures show what the right ones show too: (P, T, T).

    Those near the edge of either are left out: there a fill of corners shows through.
    """
    places_3D = places(side)
    seen_PD = (np.abs(pose_P23 @ places_3D) <= 1 - edge).all(1)
    inner_D = (np.abs(places_3D[:2]) <= 1 - edge).all(0)
    return np.asarray((seen_PD & inner_D).reshape(-1, side, side))


def equally_sharp(
    left_PCTT: Floats, right_PCTT: Floats, pose_P23: Floats, width: float
) -> tuple[Floats, Floats]:
    """Both pictures blurred so that they are as sharp as each other where one lies on the other."""
    scale_P = np.clip(np.sqrt(np.abs(np.linalg.det(pose_P23[:, :, :2]))), 0.3, 3)
    blurry = []
    for pictures_PCTT, larger_P in ((left_PCTT, 1 / scale_P), (right_PCTT, scale_P)):
        larger_P = np.maximum(larger_P, 1)
        # A pixel is a box, whose variance is a twelfth of its area.
        width_P = np.sqrt((width * larger_P) ** 2 + (larger_P**2 - 1) / 12)
        apart_TT = np.subtract.outer(*[np.arange(pictures_PCTT.shape[-1])] * 2)
        bell_PTT = np.exp(-0.5 * (apart_TT / width_P[:, None, None]) ** 2)
        bell_PTT[bell_PTT < NOTHING] = 0
        bell_P1TT = (bell_PTT / bell_PTT.sum(2, keepdims=True)).astype(np.float32)[:, None]
        blurry.append(separable(bell_P1TT, pictures_PCTT, bell_P1TT))
    return blurry[0], blurry[1]

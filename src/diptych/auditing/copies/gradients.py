"""Where small grey pictures get brighter, evened out: light, contrast and hue hardly matter.

Axes: N pictures, T the side of a picture, G the side of a grid, D all numbers of a descriptor; the
two components of a gradient point right and down. Places are x, y from −1 to 1, from edge to edge.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

THUMBNAIL = 32
FAINT = 1.0  # levels a pixel; slopes of less count for less
NEARBY = 3  # pixels of a thumbnail within which slopes are compared with each other
NOTHING = 1e-6  # weights below would only make arithmetic slow, with numbers too small for it
BELL = 0.4  # of the distance between two places of a grid: the width in which each is averaged


def gradients(grey_NTT: Floats) -> Floats:
    """The slope at each pixel, (N, 2, T, T), by its share of what is usual around it: below 1.

    So an edge counts, whether it is strong or faint. The idea is that of histograms of oriented
    gradients (N. Dalal and B. Triggs, CVPR 2005), whose normalisation by blocks is replaced by one
    that is smooth.
    """
    side = grey_NTT.shape[-1]
    grey_NTT = blurred(grey_NTT, 0.7 if side == THUMBNAIL else 0.45)
    down_NTT, right_NTT = np.gradient(grey_NTT, axis=(1, 2))
    steep_NTT = np.hypot(right_NTT, down_NTT)
    usual_NTT = blurred(np.sqrt(steep_NTT), NEARBY * side / THUMBNAIL) ** 2
    share_NTT = 1 / (steep_NTT + np.maximum(usual_NTT, 0.1) + FAINT)
    return np.stack([right_NTT * share_NTT, down_NTT * share_NTT], axis=1)


def pooled(slope_N2TT: Floats, side: int, scale: Floats, shift: Floats) -> Floats:
    """Means around the places of a grid, (N, 2, G, G), in a frame of some scale and shift."""
    side_T = slope_N2TT.shape[-1]
    at_2G = scale[:, None] * grid(side) + shift[:, None]
    columns_GT, rows_GT = (
        gaussians((at_G + 1) * side_T / 2 - 0.5, BELL * side_T / side * float(size), side_T)
        for at_G, size in zip(at_2G, scale, strict=True)
    )
    return separable(rows_GT, slope_N2TT, columns_GT)


def pooled_turned(slope_N2TT: Floats, side: int, scale: float, turn_22: Floats) -> Floats:
    """Means around the places of a grid in the middle, turned; so are the slopes: (N, 2, G, G)."""
    side_T = slope_N2TT.shape[-1]
    at_2D = scale * turn_22 @ places(side)[:2]
    weight_2DT = (
        gaussians((at_D + 1) * side_T / 2 - 0.5, BELL * side_T / side * scale, side_T)
        for at_D in at_2D
    )
    columns_DT, rows_DT = weight_2DT
    weight_DTT = rows_DT[:, :, None] * columns_DT[:, None]
    weight_DTT[weight_DTT < NOTHING] = 0
    flat_ND = slope_N2TT.reshape(-1, side_T**2) @ weight_DTT.reshape(-1, side_T**2).T
    upright_N2D = flat_ND.reshape(len(slope_N2TT), 2, side**2)
    return np.asarray(turn_22.T @ upright_N2D, np.float32).reshape(-1, 2, side, side)


def oriented(slope_N2GG: Floats, quarters: int, mirrored: bool) -> Floats:
    """The slopes of the pictures turned by quarters, then mirrored or not."""
    for _ in range(quarters):
        right_NGG, down_NGG = np.rot90(slope_N2GG, 1, (2, 3)).swapaxes(0, 1)
        slope_N2GG = np.stack([down_NGG, -right_NGG], axis=1)
    if mirrored:
        slope_N2GG = slope_N2GG[..., ::-1] * np.array([-1, 1], np.float32)[:, None, None]
    return slope_N2GG


def unit(slope_N2GG: Floats) -> Floats:
    """Descriptors of norm 1: (N, D)."""
    long_ND = slope_N2GG.reshape(len(slope_N2GG), -1)
    norm_N1 = np.linalg.norm(long_ND, axis=1, keepdims=True)
    return np.ascontiguousarray(long_ND / np.maximum(norm_N1, 1e-6), np.float32)


def grid(side: int) -> Floats:
    """The middles of `side` equal pieces from −1 to 1."""
    return np.asarray((np.arange(side) + 0.5) * 2 / side - 1, np.float32)


def places(side: int) -> Floats:
    """x, y and 1 of each pixel of a square, row by row: (3, D)."""
    middles = grid(side)
    columns, rows = np.tile(middles, side), np.repeat(middles, side)
    return np.stack([columns, rows, np.ones_like(rows)])


def blurred(grey_NTT: Floats, width: float) -> Floats:
    """Averaged by a Gaussian bell of this width, in pixels."""
    side = grey_NTT.shape[-1]
    bell_TT = gaussians(np.arange(side, dtype=np.float32), width, side)
    return separable(bell_TT, grey_NTT, bell_TT)


def separable(rows: Floats, pictures: Floats, columns: Floats) -> Floats:
    """Pictures whose rows, then columns, are combined by a matrix each."""
    return np.asarray(rows @ pictures @ columns.swapaxes(-1, -2), np.float32)


def gaussians(centres_G: npt.NDArray[np.floating], width: float, side: int = THUMBNAIL) -> Floats:
    """Bells of weights over a row of pixels, each of sum 1: (G, T)."""
    weight_GT = np.exp(-0.5 * ((centres_G[:, None] - np.arange(side)) / width) ** 2)
    weight_GT[weight_GT < NOTHING] = 0
    return np.asarray(weight_GT / weight_GT.sum(1, keepdims=True), np.float32)

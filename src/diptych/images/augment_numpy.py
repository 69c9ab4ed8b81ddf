"""Augmentation (see `images.augmentation`) in NumPy: the reference that the engines are held to.

Letters in names: N pictures of a step, C channels, H rows, W columns.
"""

import numpy as np
import numpy.typing as npt

from diptych.images.augmentation import GREY, Augmentation, Box, Floats


def augment(pixels_NHWC: npt.NDArray[np.uint8], augmentation: Augmentation) -> Floats:
    """Pictures after their augmentation: float32 levels of the same shape."""
    x_NHWC = pixels_NHWC.astype(np.float32)
    if augmentation.geometry:
        x_NHWC = _warp(x_NHWC, augmentation.affine_N23)
    if augmentation.colour:
        x_NHWC = np.einsum("nkc,nhwc->nhwk", augmentation.colour_NCD[:, :, :-1], x_NHWC)
        x_NHWC = np.clip(x_NHWC + augmentation.colour_NCD[:, None, None, :, -1], 0, 255)
    x_NHWC = np.where(_inside(augmentation.erased_N4, x_NHWC), np.float32(GREY), x_NHWC)
    partner_NHWC = x_NHWC[augmentation.partner_N]
    x_NHWC = x_NHWC + augmentation.share_N[:, None, None, None] * (partner_NHWC - x_NHWC)
    return np.asarray(
        np.where(_inside(augmentation.patch_N4, x_NHWC), partner_NHWC, x_NHWC), np.float32
    )


def _warp(x_NHWC: Floats, affine_N23: Floats) -> Floats:
    """Each picture seen through its map from output to input pixels, bilinearly."""
    n, height, width, _ = x_NHWC.shape
    y_H, x_W = np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    at_3HW = np.stack([*np.meshgrid(x_W, y_H), np.ones((height, width))]).astype(np.float32)
    across_NHW, down_NHW = np.einsum("nij,jhw->inhw", affine_N23, at_3HW)
    column_NHW = np.clip(across_NHW + (width - 1) / 2, 0, width - 1)
    row_NHW = np.clip(down_NHW + (height - 1) / 2, 0, height - 1)
    left, top = np.floor(column_NHW).astype(np.intp), np.floor(row_NHW).astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    picture = np.arange(n)[:, None, None]
    u, v = (column_NHW - left)[..., None], (row_NHW - top)[..., None]
    upper = x_NHWC[picture, top, left] * (1 - u) + x_NHWC[picture, top, right] * u
    lower = x_NHWC[picture, bottom, left] * (1 - u) + x_NHWC[picture, bottom, right] * u
    return np.asarray(upper * (1 - v) + lower * v, np.float32)


def _inside(boxes_N4: Box, x_NHWC: Floats) -> npt.NDArray[np.bool_]:
    """Whether each pixel (N, H, W, 1) lies in its picture's box."""
    height, width = x_NHWC.shape[1:3]
    top, left, bottom, right = boxes_N4.T[:, :, None, None, None]
    rows, columns = np.arange(height)[:, None, None], np.arange(width)[:, None]
    inside = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
    return np.asarray(inside, np.bool_)

"""Heatmaps: what speaks for a class in a picture, and the picture under it.

Pixels are (H, W, C) of uint8; a heatmap is (h, w), coarser, above 0 where a place speaks for a
class.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

from diptych.images.preprocess import Pixels
from diptych.images.rows import in_batches
from diptych.metrics.probabilities import Probabilities
from diptych.runtimes import Predict

Heatmap = npt.NDArray[np.float32]  # (h, w)

# Positions a side, and the side of the patch in steps from one to the next. On 12 photographs of
# pizzas, patches of 2/9 of the side found what the answer hangs on better than those of 3/9 or 4/9.
GRID = 9
PATCH = 2
# Pictures at a time: three batches for a grid.
BATCH = 27


def occlusion(predict: Predict, pixels_HWC: Pixels, k: int, grid: int = GRID) -> Heatmap:
    """How much the log-odds of class k fall when a patch hides a place (Zeiler & Fergus 2014).

    `predict` answers pixels (N, H, W, C) with probabilities (N, K). Below 0 a place speaks against
    the class. There are grid × grid places, fewer where there are fewer pixels.

    The patch has the mean colour of the picture, the plainest there is: a grey or black one is an
    object of its own on many pictures, and hiding with the picture's blurred self told no more (on
    6 photographs). It is of log-odds because a probability of 99.9 % hardly falls, whatever is
    hidden.
    """
    height, width, _ = pixels_HWC.shape
    places = [
        (rows, columns) for rows in _patches(height, grid) for columns in _patches(width, grid)
    ]
    colour_C = pixels_HWC.mean((0, 1)).round().astype(np.uint8)
    parts = [_log_odds(predict(pixels_HWC[None]), k)]
    for batch in in_batches(places, BATCH):
        hidden_NHWC = np.repeat(pixels_HWC[None], len(batch), 0)
        for hidden_HWC, place in zip(hidden_NHWC, batch, strict=True):
            hidden_HWC[place] = colour_C
        parts.append(_log_odds(predict(hidden_NHWC), k))
    (whole,), *hidden = parts
    fallen = np.asarray(whole - np.concatenate(hidden), np.float32)
    heatmap: Heatmap = fallen.reshape(min(grid, height), min(grid, width))
    return heatmap


def _patches(side: int, grid: int) -> list[slice]:
    """Where patches lie along a side: their middles are those of the cells of the grid."""
    cells = min(grid, side)
    middles = (np.arange(cells) + 0.5) * side / cells
    reach = PATCH * side / cells / 2
    starts = (middles - reach).round().astype(int).clip(0)
    ends = (middles + reach).round().astype(int)
    return [slice(a, b) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]


def _log_odds(p_NK: Probabilities, k: int) -> npt.NDArray[np.float64]:
    """log(p / (1 − p)) of class k, (N,); what is too small for a float32 counts as its least."""
    p_NK = p_NK.astype(np.float64).clip(np.finfo(np.float32).tiny)
    others_N = np.delete(p_NK, k, 1).sum(1)
    return np.asarray(np.log(p_NK[:, k]) - np.log(others_N))


# From cold to hot: the upper part of "inferno" (van der Walt & Smith 2015), whose lightness climbs
# evenly, so that it reads the same with any colour vision, and printed in grey.
PALETTE = np.array(
    [(66, 10, 104), (147, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 164)], np.float32
)
# How much of the colour covers the picture where it is hottest, and what is left of its light
# where it is cold.
COVER = 0.65
DIMMED = 0.7


def overlay(pixels_HWC: Pixels, heatmap: Heatmap) -> Pixels:
    """The picture in grey under its heatmap: (H, W, 3). Colours run from 0 to the hottest place.

    Nothing is coloured where the heatmap is nowhere above 0.
    """
    height, width, _ = pixels_HWC.shape
    smooth = Image.fromarray(np.asarray(heatmap, np.float32)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    heat_HW1 = np.asarray(smooth)[:, :, None].clip(0, None)
    heat_HW1 = heat_HW1 / max(float(heat_HW1.max()), np.finfo(np.float32).tiny)
    steps = np.linspace(0, 1, len(PALETTE))
    colours_HW3 = np.stack([np.interp(heat_HW1[:, :, 0], steps, c) for c in PALETTE.T], 2)
    grey_HW1 = DIMMED * pixels_HWC.mean(2, keepdims=True)
    cover_HW1 = COVER * heat_HW1
    covered_HW3 = grey_HW1 * (1 - cover_HW1) + colours_HW3 * cover_HW1
    return np.asarray(covered_HW3.round(), np.uint8)

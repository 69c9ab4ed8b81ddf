"""What the pixels of single pictures say of them: brightness, colour and detail, as numbers.

One pass over the pixels serves every check. All is measured on the squashed pictures, as a network
sees them, and at some of their pixels: that is enough for shares and quantiles.

Axes: N pictures, H, W and C of their pixels, P pixels of an edge, L levels, Q quantiles, S scales,
D directions, E edges.
"""

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from diptych.images.preprocess import Pixels
from diptych.images.rows import Rows, in_batches
from diptych.system.ahead import mapped_ahead
from diptych.system.cores import cores

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.int16]
Numbers = npt.NDArray[Any]

# Pictures that are read at once: 4 MB of them at 288 pixels, which the caches of a processor hold.
BATCH = 16
QUANTILES = (0.01, 0.25, 0.5, 0.99)
# Levels of brightness that a JPEG makes of one.
ALIKE = 2
# A channel that light has filled, and the least one of a pixel that is white.
CLIP, WHITE = 253, 240
# A picture is looked at in so many places a side, where it has them.
SPOTS = 72
# Each scale has half the pixels of the one before, a side; none has fewer than LEAST.
SCALES, LEAST = 5, 8
# At scales up to this many pixels a side the noise of a camera is averaged away.
COARSE = 80
# What bends less there is one colour, or one that turns into another: with noise of 3 levels, plain
# pictures had up to 4; the darkest photographs, at a seventeenth of their light, 12 and more.
PLAIN = 6
# Share of pixels with one of two levels from which on it is painted: 92 % in what light washed out.
PAINTED = 0.925


@dataclass(frozen=True)
class Measures:
    """The numbers of all pictures. Levels are from 0 to 255."""

    levels_NQ: Floats  # quantiles of the brightness
    two_N: Floats  # share of pixels almost as bright as one of the two most frequent levels
    flat_N: Floats  # share of pixels that are no other than their neighbours
    colours_N: Floats  # of 4,096, how many make 98 % of the pixels
    chroma_N: Floats  # the 99 % quantile of the difference between the channels of a pixel
    clipped_N: Floats  # share of pixels with a channel that light has filled
    burnt_N: Floats  # the same among those that are not white
    detail_NSD: Floats  # the 99.8 % quantile of second differences; −1 where there is no such scale
    edge_NEC: Floats  # the colour of each side's outermost pixels: top, bottom, left, right
    uneven_NE: Floats  # how far apart nine tenths of the pixels of that side are
    side: int  # the shorter one of the squashed pictures, in pixels

    def level(self, quantile: float) -> Floats:
        """A quantile of the brightness of each picture, one of QUANTILES."""
        return self.levels_NQ[:, QUANTILES.index(quantile)]

    @property
    def plain(self) -> Flags:
        """Pictures on which there is nothing, (N,): one colour, or one that turns into another."""
        sides = [self.side >> scale for scale in range(SCALES)]
        coarse = [s for s, side in enumerate(sides) if s == 0 or side >= LEAST]
        coarse = [s for s in coarse if sides[s] <= COARSE] or coarse[-1:]
        return np.asarray(self.detail_NSD[:, coarse].max((1, 2)) <= PLAIN)

    @property
    def graphic(self) -> Flags:
        """Pictures of few colours in flat areas, (N,), as a program draws them and no camera does.

        Of the photographs, 63 % of the pixels were flat at most, and none had so few colours.
        """
        return (self.flat_N >= 0.8) & (self.colours_N <= 24)


def measures(pixels_NHWC: Rows) -> Measures:
    """The numbers of pictures that are read a few at a time; there is at least one."""
    with closing(mapped_ahead(_measured, in_batches(pixels_NHWC, BATCH), cores())) as lists:
        parts = [part for some in lists for part in some]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Measures(**columns, side=min(pixels_NHWC.shape[1:3]))


def _measured(images_NHWC: Pixels) -> dict[str, Floats]:
    """All but the side, for some pictures of one channel or three."""
    step = max(min(images_NHWC.shape[1:3]) // SPOTS, 1)
    grey_NHW = _grey(images_NHWC)
    levels_NQ, two_N = _levels(grey_NHW[:, ::step, ::step])
    edge_NEC, uneven_NE = _edges(images_NHWC, step)
    numbers = {
        **_colours(images_NHWC[:, ::step, ::step]),
        "levels_NQ": levels_NQ,
        "two_N": two_N,
        "flat_N": _flat(grey_NHW, step),
        "detail_NSD": _detail(grey_NHW),
        "edge_NEC": edge_NEC,
        "uneven_NE": uneven_NE,
    }
    return {name: np.asarray(values, np.float32) for name, values in numbers.items()}


def _grey(images_NHWC: Pixels) -> Levels:
    """Their brightness (ITU-R BT.601)."""
    if images_NHWC.shape[3] == 1:
        return images_NHWC[..., 0].astype(np.int16)
    grey = [np.asarray(Image.fromarray(image).convert("L")) for image in images_NHWC]
    return np.stack(grey).astype(np.int16)


def _levels(grey_NHW: Levels) -> tuple[Numbers, Numbers]:
    """Quantiles of the brightness, (N, Q), and the share of its two most frequent levels, (N,)."""
    counts_NL = _counts(grey_NHW, 256)
    total = grey_NHW[0].size
    quantiles = [_quantile(counts_NL, share) for share in QUANTILES]
    alike_NL = _windows(counts_NL)
    first_N = alike_NL.argmax(1)
    near_NL = np.abs(np.arange(256) - first_N[:, None]) <= ALIKE
    second_N = _windows(np.where(near_NL, 0, counts_NL)).max(1)
    return np.stack(quantiles, axis=1), (alike_NL.max(1) + second_N) / total


def _windows(counts_NL: Numbers) -> Numbers:
    """How many pixels are almost as bright as each level."""
    padded = np.pad(counts_NL, ((0, 0), (ALIKE + 1, ALIKE))).cumsum(1)
    return np.asarray(padded[:, 2 * ALIKE + 1 :] - padded[:, : -2 * ALIKE - 1])


def _colours(images_NHWC: Pixels) -> dict[str, Numbers]:
    """What their colours say."""
    if images_NHWC.shape[3] == 1:
        images_NHWC = np.broadcast_to(images_NHWC, (*images_NHWC.shape[:3], 3))
    red, green, blue = (images_NHWC[..., channel].astype(np.int16) for channel in range(3))
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    codes = ((red >> 4) << 8) | (green & 240) | (blue >> 4)
    largest = np.sort(_counts(codes, 4096).astype(np.int32), axis=1)[:, ::-1].cumsum(1)
    clipped, white = most >= CLIP, least >= WHITE
    within = (1, 2)
    burnt = (clipped & ~white).sum(within) / np.maximum((~white).sum(within), 1)
    return {
        "colours_N": (largest < 0.98 * largest[:, -1:]).sum(1) + 1,
        "chroma_N": _quantile(_counts(most - least, 256), 0.99),
        "clipped_N": clipped.mean(within),
        "burnt_N": burnt,
    }


def _flat(grey_NHW: Levels, step: int) -> Numbers:
    """The share of pixels like those to the right and below."""
    here = grey_NHW[:, :-1:step, :-1:step]
    right, below = grey_NHW[:, :-1:step, 1::step], grey_NHW[:, 1::step, :-1:step]
    return np.asarray(((np.abs(here - right) <= 1) & (np.abs(here - below) <= 1)).mean((1, 2)))


def _detail(grey_NHW: Levels) -> Numbers:
    """The strongest second differences (N, S, D) of their brightness at each scale.

    The directions are across, down and both diagonals.
    """
    detail_NSD = np.full((len(grey_NHW), SCALES, 4), -1.0)
    for scale in range(SCALES):
        side = min(grey_NHW.shape[1:])
        if side < (LEAST if scale else 3):
            break
        step = max(side // SPOTS, 1)
        here = _inside(grey_NHW, 0, 0, step)
        for direction, (down, right) in enumerate(((0, 1), (1, 0), (1, 1), (1, -1))):
            bend = 2 * here - _inside(grey_NHW, down, right, step)
            bend -= _inside(grey_NHW, -down, -right, step)
            detail_NSD[:, scale, direction] = _quantile(_counts(np.abs(bend), 511), 0.998)
        grey_NHW = _halved(grey_NHW)
    return detail_NSD


def _inside(grey_NHW: Levels, down: int, right: int, step: int) -> Levels:
    """The pixels that are on no edge, or those that lie a pixel off from them."""
    rows, columns = grey_NHW.shape[1:]
    return grey_NHW[:, 1 + down : rows - 1 + down : step, 1 + right : columns - 1 + right : step]


def _halved(grey_NHW: Levels) -> Levels:
    """The means of squares of four pixels."""
    rows, columns = (side // 2 * 2 for side in grey_NHW.shape[1:])
    pairs = grey_NHW[:, :rows:2, :columns] + grey_NHW[:, 1:rows:2, :columns]
    return (pairs[:, :, ::2] + pairs[:, :, 1::2] + 2) >> 2


def _edges(images_NHWC: Pixels, step: int) -> tuple[Numbers, Numbers]:
    """The colour of each side (N, E, C), and how uneven it is (N, E)."""
    colours, uneven = [], []
    rows, columns = images_NHWC[:, ::step], images_NHWC[:, :, ::step]
    for line_NPC in (columns[:, 0], columns[:, -1], rows[:, :, 0], rows[:, :, -1]):
        sorted_NPC = np.sort(line_NPC.astype(np.int16), axis=1)
        tail, middle = sorted_NPC.shape[1] // 20, sorted_NPC.shape[1] // 2
        colours.append(sorted_NPC[:, middle])
        uneven.append((sorted_NPC[:, -1 - tail] - sorted_NPC[:, tail]).max(1))
    return np.stack(colours, axis=1), np.stack(uneven, axis=1)


def _counts(values_NHW: Levels, levels: int) -> Numbers:
    """How often each of so many levels is in each picture, (N, L)."""
    n = len(values_NHW)
    apart = values_NHW.reshape(n, -1) + levels * np.arange(n)[:, None]
    return np.bincount(apart.ravel(), minlength=levels * n).reshape(n, levels)


def _quantile(counts_NL: Numbers, share: float) -> Numbers:
    """The least level of each picture that so large a share of it is not above, (N,)."""
    cumulated_NL = counts_NL.cumsum(1)
    return np.asarray((cumulated_NL < share * cumulated_NL[:, -1:]).sum(1))

"""How accuracy falls as pictures get worse: blurred, noisy, compressed, mislit, turned, covered.

Each kind of corruption has five strengths, after ImageNet-C (Hendrycks & Dietterich, "Benchmarking
Neural Network Robustness to Common Corruptions and Perturbations", ICLR 2019). What is geometric is
measured in sides of the picture, so that a strength means much the same from 8 to 512 pixels.

Axes: N pictures, H their height, W their width, C colours (1 or 3), K classes.
"""

import io
import math
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from diptych.errors import InputError
from diptych.images.preprocess import Pixels
from diptych.images.rows import Rows
from diptych.metrics import Score, share
from diptych.runtimes import Run
from diptych.system.progress import Track, unwatched

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]

STRENGTHS = 5
# How much each strength changes. Noise and JPEG are those of ImageNet-C; its Gaussian blur at 224
# pixels is 1 to 6.
AMOUNTS = {
    "blur": (2, 3, 4, 5, 6),  # pixels of 224: standard deviation of a Gaussian
    "noise": (0.08, 0.12, 0.18, 0.26, 0.38),  # of white: standard deviation in each colour
    "jpeg": (25, 18, 15, 10, 7),  # quality
    "darker": (0.5, 1, 1.5, 2, 3),  # stops
    "brighter": (0.5, 1, 1.5, 2, 3),  # stops
    "rotation": (5, 10, 20, 30, 45),  # degrees, to either side
    "occlusion": (0.15, 0.3, 0.45, 0.6, 0.75),  # of each side of the picture
}
KINDS = tuple(AMOUNTS)
GAMMA = 2.2  # of sRGB, nearly: a stop doubles the light, and its levels grow by 2 ** (1 / 2.2)
GREY = 128

# All strengths look at as many pictures as have this many pixels, 200 photographs at 288 × 288, or
# at fewer where a machine would take longer than so many seconds.
PIXELS = 200 * 288 * 288
SECONDS = 55.0
FEWEST = 40
WORSE = 1.4  # a pass with making pictures worse, in passes of the network alone
BATCH = 16


class Curve(NamedTuple):
    """Accuracy under one kind of corruption: untouched first, then from weak to strong."""

    kind: str  # one of KINDS
    scores: tuple[Score, ...]
    n: int  # pictures


def robustness(
    run: Run,
    pixels_NHWC: Rows,
    labels: Sequence[int],
    *,
    most: int = 1000,
    seed: int = 0,
    track: Track = unwatched,
) -> tuple[Curve, ...]:
    """The accuracy under each kind of corruption, with Wilson's intervals.

    `run` maps uint8 pixels (N, H, W, C) to probabilities (N, K). All scores are those of the same
    pictures: `most` of them at most, and fewer of large ones (200 of 288 × 288 pixels), or where
    `run` is so slow that it would take more than a minute.
    """
    height, width = pixels_NHWC[np.arange(1)].shape[1:3]
    affordable = max(PIXELS // (height * width), FEWEST)
    chosen_N = stratified(labels, min(most, affordable), seed)
    images_NHWC, labels_N = pixels_NHWC[chosen_N], np.asarray(labels)[chosen_N]
    started = time.monotonic()
    answers = [run(images_NHWC[batch]).argmax(1) for batch in _batches(len(labels_N))]
    right_N = np.concatenate(answers) == labels_N
    # A clock may stand still for so quick a network.
    each = max(time.monotonic() - started, 1e-3) / len(labels_N)
    in_time = int(SECONDS / (len(KINDS) * STRENGTHS * WORSE * each))
    kept_N = stratified(labels_N.tolist(), max(in_time, FEWEST), seed)
    images_NHWC, labels_N, right_N = images_NHWC[kept_N], labels_N[kept_N], right_N[kept_N]

    def accuracy(kind: str, strength: int) -> Score:
        hits = 0
        for batch in _batches(len(labels_N)):
            # Seeded by the place of the batch: its noise is not that of the one before.
            worse_NHWC = corrupted(images_NHWC[batch], kind, strength, seed + batch.start)
            hits += int((run(worse_NHWC).argmax(1) == labels_N[batch]).sum())
        return share(hits, len(labels_N))

    untouched = share(int(right_N.sum()), len(right_N))
    steps = [(kind, strength) for kind in KINDS for strength in range(1, STRENGTHS + 1)]
    scores = [accuracy(*step) for step in track(steps, "making pictures worse", len(steps))]
    return tuple(
        Curve(kind, (untouched, *scores[STRENGTHS * i : STRENGTHS * (i + 1)]), len(labels_N))
        for i, kind in enumerate(KINDS)
    )


def _batches(n: int) -> list[slice]:
    return [slice(start, min(start + BATCH, n)) for start in range(0, n, BATCH)]


def stratified(labels: Sequence[int], most: int, seed: int = 0) -> Indices:
    """At most so many positions, in order, with the shares that the labels have among all."""
    order_N = np.random.default_rng(seed).permutation(len(labels))
    labels_N = np.asarray(labels)[order_N]
    rank_N = np.empty(len(labels))
    for label in np.unique(labels_N):
        of_class = labels_N == label
        rank_N[of_class] = (np.arange(of_class.sum()) + 0.5) / of_class.sum()
    return np.sort(order_N[np.argsort(rank_N, kind="stable")[:most]])


def corrupted(pixels_NHWC: Pixels, kind: str, strength: int, seed: int = 0) -> Pixels:
    """The pictures after a corruption of KINDS with a strength from 1 to 5.

    The seed decides on noise, on the side to which each picture is turned and on where it is
    covered; a greater strength turns the same way and covers more of the same place.
    """
    if kind not in KINDS:
        raise InputError(f"no corruption is called '{kind}'; there are {', '.join(KINDS)}")
    if not 1 <= strength <= STRENGTHS:
        raise InputError(f"a corruption has a strength from 1 to {STRENGTHS}, not {strength}")
    amount = AMOUNTS[kind][strength - 1]
    rng = np.random.default_rng(seed)
    match kind:
        case "blur":
            return _blurred(pixels_NHWC, amount)
        case "noise":
            return _noisy(pixels_NHWC, amount, rng)
        case "jpeg":
            return _compressed(pixels_NHWC, int(amount))
        case "darker":
            return _exposed(pixels_NHWC, -amount)
        case "brighter":
            return _exposed(pixels_NHWC, amount)
        case "rotation":
            return _turned(pixels_NHWC, amount, rng)
        case _:
            return _covered(pixels_NHWC, amount, rng)


def _blurred(pixels_NHWC: Pixels, amount: float) -> Pixels:
    height, width = pixels_NHWC.shape[1:3]
    # Of a picture of 8 pixels, 6 / 224 would be too little to reach the next pixel: what a small
    # picture shows is at least a sixth as sharp as its pixels.
    sigma = amount * math.hypot(min(height, width) / 224, 1 / 6)
    rows_NWCH = np.tensordot(pixels_NHWC.astype(np.float32), _gaussian(height, sigma), (1, 1))
    both_NCHW = np.tensordot(rows_NWCH, _gaussian(width, sigma), (1, 1))
    return _levels(both_NCHW.transpose(0, 2, 3, 1))


def _gaussian(side: int, sigma: float) -> Floats:
    """How much of each pixel goes into each (side, side); what lies outside has no part."""
    distance = np.subtract.outer(np.arange(side), np.arange(side))
    weight = np.exp(-0.5 * (distance / sigma) ** 2)
    return np.asarray(weight / weight.sum(1, keepdims=True), np.float32)


def _noisy(pixels_NHWC: Pixels, amount: float, rng: np.random.Generator) -> Pixels:
    noise_NHWC = rng.standard_normal(pixels_NHWC.shape, np.float32)
    return _levels(pixels_NHWC + np.float32(255 * amount) * noise_NHWC)


def _compressed(pixels_NHWC: Pixels, quality: int) -> Pixels:
    def through_a_file(pixels_HWC: Pixels) -> Pixels:
        file = io.BytesIO()
        _image(pixels_HWC).save(file, "JPEG", quality=quality)
        with Image.open(file) as image:
            return np.asarray(image).reshape(pixels_HWC.shape)

    return np.stack([through_a_file(pixels_HWC) for pixels_HWC in pixels_NHWC])


def _exposed(pixels_NHWC: Pixels, stops: float) -> Pixels:
    """Taken with more or less light; what gets too bright is white."""
    return _levels(np.arange(256) * 2 ** (stops / GAMMA))[pixels_NHWC]


def _turned(pixels_NHWC: Pixels, degrees: float, rng: np.random.Generator) -> Pixels:
    height, width = pixels_NHWC.shape[1:3]
    # Wide enough that no corner is empty; what lies outside continues the edge, as in training.
    border = math.ceil((math.hypot(height, width) - min(height, width)) / 2) + 1
    wide_NHWC = np.pad(pixels_NHWC, ((0, 0), (border, border), (border, border), (0, 0)), "edge")
    inner = slice(border, border + height), slice(border, border + width)

    def turned(wide_HWC: Pixels, angle: float) -> Pixels:
        image = _image(wide_HWC).rotate(angle, Image.Resampling.BILINEAR)
        return np.asarray(image).reshape(wide_HWC.shape)[inner]

    angle_N = degrees * rng.choice([-1, 1], len(pixels_NHWC))
    return np.stack([turned(*each) for each in zip(wide_NHWC, angle_N, strict=True)])


def _covered(pixels_NHWC: Pixels, amount: float, rng: np.random.Generator) -> Pixels:
    n, height, width, _ = pixels_NHWC.shape
    rows, columns = round(amount * height), round(amount * width)
    top_N111 = np.rint(rng.random((n, 1, 1, 1)) * (height - rows))
    left_N111 = np.rint(rng.random((n, 1, 1, 1)) * (width - columns))
    down_H11, across_W1 = np.arange(height)[:, None, None], np.arange(width)[:, None]
    inside_NHW1 = (down_H11 >= top_N111) & (down_H11 < top_N111 + rows)
    inside_NHW1 = inside_NHW1 & (across_W1 >= left_N111) & (across_W1 < left_N111 + columns)
    return np.where(inside_NHW1, np.uint8(GREY), pixels_NHWC)


def _image(pixels_HWC: Pixels) -> Image.Image:
    return Image.fromarray(pixels_HWC[:, :, 0] if pixels_HWC.shape[2] == 1 else pixels_HWC)


def _levels(values: npt.NDArray[np.floating]) -> Pixels:
    return np.asarray(np.rint(values).clip(0, 255), np.uint8)

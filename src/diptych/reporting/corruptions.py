"""Pictures made worse: blurred, noisy, compressed, mislit, turned, covered.

Each kind of corruption has five strengths, after ImageNet-C (Hendrycks & Dietterich, "Benchmarking
Neural Network Robustness to Common Corruptions and Perturbations", ICLR 2019). What is geometric is
measured in sides of the picture, so that a strength means much the same from 8 to 512 pixels.

Axes: N pictures, H their height, W their width, C colours (1 or 3).
"""

import io
import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from diptych.errors import InputError
from diptych.images.preprocess import Pixels

Floats = npt.NDArray[np.float32]

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

"""Pictures that belong to no class, drawn: what OOD scores are compared by."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from diptych.data.dataset import Shape
from diptych.images.preprocess import Pixels

EACH = 8  # of each kind

# Drawn at this many pixels a side, then resized.
_SIDE = 192

Random = np.random.Generator


def synthetic_outliers(shape: Shape, each: int = EACH, seed: int = 0) -> Pixels:
    """Pictures of nothing that has a name: noise, clouds, stripes, shapes, scribbles.

    `each` of them, as uint8 pixels (N, *shape); the same ones for the same seed.
    """
    height, width, channels = shape
    rng = np.random.default_rng(seed)
    kinds = (_noise, _clouds, _stripes, _shapes, _scribbles)
    pictures = [kind(rng).resize((width, height)) for kind in kinds for _ in range(each)]
    mode = "L" if channels == 1 else "RGB"
    return np.stack([np.asarray(p.convert(mode)).reshape(shape) for p in pictures])


def _noise(rng: Random) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (_SIDE, _SIDE, 3), np.uint8))


def _clouds(rng: Random) -> Image.Image:
    cells = int(rng.integers(2, 12))
    coarse = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), np.uint8))
    return coarse.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)


def _stripes(rng: Random) -> Image.Image:
    rows, columns = np.mgrid[:_SIDE, :_SIDE]
    angle, width = rng.uniform(0, np.pi), rng.uniform(8, 40)
    wave = np.sin((rows * np.cos(angle) + columns * np.sin(angle)) * 2 * np.pi / width)
    mix = (wave[..., None] + 1) / 2
    one, other = (np.array(_colour(rng)) for _ in range(2))
    return Image.fromarray((mix * one + (1 - mix) * other).astype(np.uint8))


def _shapes(rng: Random) -> Image.Image:
    image = Image.new("RGB", (_SIDE, _SIDE), _colour(rng))
    pen = ImageDraw.Draw(image)
    for _ in range(rng.integers(2, 7)):
        (left, top), (right, bottom) = np.sort(rng.integers(0, _SIDE, (2, 2)), axis=0).tolist()
        form: Callable[..., None] = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        form((left, top, right, bottom), fill=_colour(rng))
    return image


def _scribbles(rng: Random) -> Image.Image:
    image = Image.new("RGB", (_SIDE, _SIDE), _colour(rng))
    pen = ImageDraw.Draw(image)
    for _ in range(rng.integers(1, 4)):
        points = [
            tuple(point) for point in rng.integers(0, _SIDE, (rng.integers(4, 12), 2)).tolist()
        ]
        pen.line(points, fill=_colour(rng), width=int(rng.integers(2, 10)), joint="curve")
    return image


def _colour(rng: Random) -> tuple[int, ...]:
    return tuple(rng.integers(0, 256, 3).tolist())

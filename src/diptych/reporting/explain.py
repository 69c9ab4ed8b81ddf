"""What a classifier looked at: heat over a picture, and the picture under its heat.

Pixels are (H, W, C) of uint8; heat is (h, w), coarser, above 0 where a place speaks for a class.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from diptych.bundles.predictor import Prediction, Predictor
from diptych.engines.gradcam import gradcam
from diptych.errors import ImageError, InputError
from diptych.images.decoding import read_file
from diptych.images.preprocess import Pixels, as_png, decode
from diptych.metrics.probabilities import Probabilities
from diptych.recipe import nearest
from diptych.sources import is_table
from diptych.sources.pixel_csv import read_pixels

Heat = npt.NDArray[np.float32]  # (h, w)
Run = Callable[[Pixels], Probabilities]  # (N, H, W, C) to (N, K)
Look = Callable[[Pixels, int], Heat]  # a picture's pixels and a class's position

METHODS = ("occlusion", "gradcam")

# Positions a side, and the side of the patch in steps from one to the next. On 12 photographs of
# pizzas, patches of 2/9 of the side found what the answer hangs on better than those of 3/9 or 4/9.
GRID = 9
PATCH = 2
# Pictures at a time: three batches for a grid.
BATCH = 27

# The longest side of a heatmap, in pixels.
SMALLEST, LARGEST = 256, 512


class Explanation(NamedTuple):
    """The answer for one picture and what speaks for a class; only the answer where it is an error.

    A outlier ("none of these") is explained by what speaks for the nearest class.
    """

    answer: Prediction
    explained: str | None = None  # the class that the heat is of
    heat: Heat | None = None
    overlay: Pixels | None = None  # (height, width, 3), in the picture's own proportions


class Explainer:
    """Says what a predictor's network looks at."""

    def __init__(
        self, predictor: Predictor, method: str = "occlusion", engine: str | None = None
    ) -> None:
        """`engine` is for Grad-CAM; without one, it is the engine that trained the bundle.

        Raises InputError for a method that does not suit the network.
        """
        self.predictor = predictor
        self._look = looks(predictor, method, engine)

    def stream(self, pictures: Iterable[Path], of: str | None = None) -> Iterator[Explanation]:
        """Explain files, in their order, by what speaks for the class `of`, else for the answer.

        A CSV of pixels is explained row by row. Never fails because of a picture. Raises
        InputError for a class that there is not.
        """
        self._position(of)
        return (found for path in pictures for found in self._explained(path, of))

    def explain(self, answer: Prediction, data: bytes, of: str | None = None) -> Explanation:
        """Explain the answer for an encoded picture.

        Raises ImageError where it cannot be decoded.
        """
        asked = self._position(of)
        by_class = answer.probabilities or {}
        k = int(np.argmax(list(by_class.values()))) if asked is None else asked
        pixels, width, height, _ = decode(data, self.predictor.bundle.shape)
        heat = self._look(pixels, k)
        picture = decode(data, (*_shown(height, width), 3)).pixels
        return Explanation(answer, self.predictor.classes[k], heat, overlay(picture, heat))

    def _explained(self, path: Path, of: str | None) -> Iterator[Explanation]:
        encoded = self._encoded(path)
        for answer in self.predictor.stream([path]):
            if answer.error:
                yield Explanation(answer)
                continue
            try:
                yield self.explain(answer, next(encoded), of)
            except ImageError as error:
                # Since it was answered, the file has changed.
                yield Explanation(Prediction(answer.path, error=str(error)))

    def _encoded(self, path: Path) -> Iterator[bytes]:
        """The picture in a file, or those in the rows of a CSV."""
        if is_table(path):
            for _, pixels_NHWC in read_pixels(path, self.predictor.bundle.shape):
                yield from map(as_png, pixels_NHWC)
        else:
            yield read_file(path)

    def _position(self, of: str | None) -> int | None:
        classes = self.predictor.classes
        if of is not None and of not in classes:
            raise InputError(f"{self.predictor.bundle.path}: no class '{of}'{nearest(of, classes)}")
        return None if of is None else classes.index(of)


def looks(predictor: Predictor, method: str, engine: str | None = None) -> Look:
    """How a predictor's network looks at a picture, by one of METHODS.

    Raises InputError for a method that does not suit the network, or lacks its framework.
    """
    if method not in METHODS:
        raise InputError(f"no method '{method}'{nearest(method, METHODS)}")
    if method == "occlusion":
        if engine:
            raise InputError(
                f"occlusion needs no engine; leave out --engine {engine}, or add --method gradcam"
            )
        return lambda pixels_HWC, k: occlusion(predictor.probabilities, pixels_HWC, k)
    bundle = predictor.bundle
    recipe, network = bundle.recipe(engine), bundle.network(engine)
    in_engine = gradcam(recipe.engine, network, bundle.weights())
    return lambda pixels_HWC, k: in_engine(pixels_HWC[None], np.array([k]))[0]


def occlusion(run: Run, pixels_HWC: Pixels, k: int, grid: int = GRID) -> Heat:
    """How much the log-odds of class k fall when a patch hides a place (Zeiler & Fergus 2014).

    `run` answers pixels (N, H, W, C) with probabilities (N, K). Below 0 a place speaks against the
    class. There are grid × grid places, fewer where there are fewer pixels.

    The patch has the mean colour of the picture, the plainest there is: a grey or black one is an
    object of its own on many pictures, and hiding with the picture's blurred self told no more (on
    6 photographs). The heat is of log-odds because a probability of 99.9 % hardly falls, whatever
    is hidden.
    """
    height, width, _ = pixels_HWC.shape
    places = [
        (rows, columns) for rows in _patches(height, grid) for columns in _patches(width, grid)
    ]
    colour_C = pixels_HWC.mean((0, 1)).round().astype(np.uint8)
    parts = [_log_odds(run(pixels_HWC[None]), k)]
    for start in range(0, len(places), BATCH):
        batch = places[start : start + BATCH]
        hidden_NHWC = np.repeat(pixels_HWC[None], len(batch), 0)
        for hidden_HWC, place in zip(hidden_NHWC, batch, strict=True):
            hidden_HWC[place] = colour_C
        parts.append(_log_odds(run(hidden_NHWC), k))
    (whole,), *hidden = parts
    fallen = np.asarray(whole - np.concatenate(hidden), np.float32)
    heat: Heat = fallen.reshape(min(grid, height), min(grid, width))
    return heat


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


def overlay(pixels_HWC: Pixels, heat: Heat) -> Pixels:
    """The picture in grey under its heat: (H, W, 3). Colours run from 0 to the picture's hottest.

    Nothing is coloured where the heat is nowhere above 0.
    """
    height, width, _ = pixels_HWC.shape
    smooth = Image.fromarray(np.asarray(heat, np.float32)).resize(
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


def _shown(height: int, width: int) -> tuple[int, int]:
    """The height and width to show a picture at, in its own proportions."""
    longest = max(height, width)
    scale = min(max(longest, SMALLEST), LARGEST) / longest
    return max(round(height * scale), 1), max(round(width * scale), 1)


def heatmap_name(picture: str, taken: set[str]) -> str:
    """A file name for the heatmap of a picture, unlike those taken; it is then taken too.

    Names that differ only in their case are one file on some disks.
    """
    name = Path(picture).name.replace(":", "-")  # a row of a table: digits.csv:12
    ending = Path(name).suffix
    stem = name.removesuffix(ending) if ending[1:].isalnum() else name
    # Disks take names of at most 255 bytes.
    stem = os.fsencode(stem)[:200].decode(errors="ignore") or "picture"
    numbered = (f"{stem}.{i}.heatmap.png" for i in count(2))
    free = next(n for n in chain([f"{stem}.heatmap.png"], numbered) if n.casefold() not in taken)
    taken.add(free.casefold())
    return free

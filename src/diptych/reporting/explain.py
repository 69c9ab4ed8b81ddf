"""Explanations: what a bundle answers for pictures, and what speaks for it there."""

import os
from collections.abc import Callable, Iterator
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

import numpy as np

from diptych.bundles.prediction import Prediction
from diptych.bundles.predictor import Predictor
from diptych.engines.gradcam import gradcam
from diptych.errors import ImageError, InputError, nearest
from diptych.images.encoding import as_png
from diptych.images.preprocess import Pixels, decode
from diptych.reporting.heatmaps import Heatmap, occlusion, overlay
from diptych.sources import may_hold_pixels
from diptych.sources.inputs import InputPicture, Inputs, input_pictures
from diptych.sources.pixels.pixel_csv import read_pixels

Explain = Callable[[Pixels, int], Heatmap]  # a picture's pixels and a class's position

METHODS = ("occlusion", "gradcam")

# The longest side of a heatmap, in pixels.
SMALLEST, LARGEST = 256, 512


class Explanation(NamedTuple):
    """The answer for one picture and what speaks for a class; only the answer where it is an error.

    An outlier ("none of these") is explained by what speaks for the nearest class.
    """

    prediction: Prediction
    explained_class: str | None = None  # whose heatmap it is
    heatmap: Heatmap | None = None
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
        self._heatmap = heatmap_method(predictor, method, engine)

    def stream(self, pictures: Inputs, of: str | None = None) -> Iterator[Explanation]:
        """Explain pictures, in their order, by what speaks for the class `of`, else for the answer.

        They are what `Predictor.predict` takes. A CSV of pixels is explained row by row. Never
        fails because of a picture. Raises InputError for a class that there is not, and for what
        is no picture.
        """
        self._position(of)
        given = input_pictures(pictures, self.predictor.bundle.shape)
        return (one for picture in given for one in self._explanations(picture, of))

    def explain(self, prediction: Prediction, data: bytes, of: str | None = None) -> Explanation:
        """Explain the answer for an encoded picture.

        Raises ImageError where it cannot be decoded.
        """
        position = self._position(of)
        by_class = prediction.probabilities or {}
        k = int(np.argmax(list(by_class.values()))) if position is None else position
        bundle = self.predictor.bundle
        pixels, width, height, *_ = decode(data, bundle.shape, bundle.bits)
        heatmap = self._heatmap(pixels, k)
        picture = decode(data, (*_shown(height, width), 3), bundle.bits).pixels
        classes = self.predictor.classes
        return Explanation(prediction, classes[k], heatmap, overlay(picture, heatmap))

    def _explanations(self, picture: InputPicture, of: str | None) -> Iterator[Explanation]:
        encoded = self._encoded(picture)
        for prediction in self.predictor.stream(picture):
            if prediction.error:
                yield Explanation(prediction)
                continue
            try:
                yield self.explain(prediction, next(encoded), of)
            except ImageError as error:
                # Since it was answered, the file has changed.
                yield Explanation(Prediction(prediction.path, error=str(error)))

    def _encoded(self, picture: InputPicture) -> Iterator[bytes]:
        """The picture as a file, or those in the rows of a CSV."""
        if isinstance(picture.content, Path) and may_hold_pixels(picture.content):
            for _, pixels_NHWC in read_pixels(picture.content, self.predictor.bundle.pixel_format):
                yield from map(as_png, pixels_NHWC)
        else:
            yield picture.encoded()

    def _position(self, of: str | None) -> int | None:
        classes = self.predictor.classes
        if of is not None and of not in classes:
            raise InputError(f"{self.predictor.bundle.path}: no class '{of}'{nearest(of, classes)}")
        return None if of is None else classes.index(of)


def heatmap_method(predictor: Predictor, method: str, engine: str | None = None) -> Explain:
    """How a heatmap of a picture is made for a predictor, by one of METHODS.

    Raises InputError for a method that does not suit the network, or lacks its framework.
    """
    if method not in METHODS:
        raise InputError(f"no method '{method}'{nearest(method, METHODS)}")
    if method == "occlusion":
        if engine:
            raise InputError(
                f"occlusion needs no engine; leave out --engine {engine}, or add --method gradcam"
            )
        ask = predictor.spread()
        return lambda pixels_HWC, k: occlusion(ask, pixels_HWC, k)
    bundle = predictor.bundle
    recipe, network = bundle.recipe(engine), bundle.network(engine)
    in_engine = gradcam(recipe.engine, network, bundle.weights())
    return lambda pixels_HWC, k: in_engine(pixels_HWC[None], np.array([k]))[0]


def _shown(height: int, width: int) -> tuple[int, int]:
    """The height and width to show a picture at, in its own proportions."""
    longest = max(height, width)
    scale = min(max(longest, SMALLEST), LARGEST) / longest
    return max(round(height * scale), 1), max(round(width * scale), 1)


def heatmap_name(picture: str, used: set[str]) -> str:
    """A file name for the heatmap of a picture, unlike those used; it is then used too.

    Names that differ only in their case are one file on some disks.
    """
    name = Path(picture).name.replace(":", "-")  # a row of a table: digits.csv:12
    ending = Path(name).suffix
    stem = name.removesuffix(ending) if ending[1:].isalnum() else name
    # Disks take names of at most 255 bytes.
    stem = os.fsencode(stem)[:200].decode(errors="ignore") or "picture"
    numbered = (f"{stem}.{i}.heatmap.png" for i in count(2))
    free = next(n for n in chain([f"{stem}.heatmap.png"], numbered) if n.casefold() not in used)
    used.add(free.casefold())
    return free

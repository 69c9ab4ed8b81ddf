"""Golden pictures: a few encoded ones, with the pixels and the answers expected of them.

They prove on every machine that a bundle answers there as it did where it was made.
"""

import contextlib
import hashlib
import itertools
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from diptych.bundles.format import GOLDEN, Bundle
from diptych.data.dataset import Dataset, Sample, Shape
from diptych.data.places import size_of
from diptych.errors import BundleError, ImageError
from diptych.images.decoding import pixel_store, read_file
from diptych.images.encoding import as_png
from diptych.images.preprocess import Pixels, decode
from diptych.runtimes import PredictAll
from diptych.runtimes.gate import ood_score_difference

# How many pictures go into a bundle.
COUNT = 6
# Decoders differ by a rounding here and there from machine to machine; networks hardly mind.
PIXEL_TOLERANCE = 1.0  # grey levels, on average over a picture
PROBABILITY_TOLERANCE = 0.01
OOD_SCORE_TOLERANCE = 0.05  # thresholds


def golden_members(valid: Dataset, shape: Shape, run: PredictAll) -> dict[str, bytes]:
    """The smallest validation pictures of each class in turn, as they came, with the answers.

    By their names in the bundle. The cache has their pixels (H, W, C); `run` answers those. What
    came as numbers becomes PNG, and so do the pixels of a picture that is no longer there.
    """
    samples = _smallest(valid)
    pixels_NHWC = pixel_store(shape, valid.bits).read([sample.digest for sample in samples])
    probabilities, ood_score, _ = run(pixels_NHWC)
    expected = {"pixels": pixels_NHWC, "probabilities": probabilities, "ood_score": ood_score}
    files = [
        _encoded(sample, pixels, bool(valid.shape))
        for sample, pixels in zip(samples, pixels_NHWC, strict=True)
    ]
    named = {f"golden/{i}{ending}": data for i, (ending, data) in enumerate(files)}
    return {**named, GOLDEN: save_safetensors(expected)}


def _encoded(sample: Sample, pixels_HWC: Pixels, is_row: bool) -> tuple[str, bytes]:
    """The ending and the bytes of a picture's file."""
    if not is_row:
        # A disk may have been pulled out, or a file changed, while the network was trained.
        with contextlib.suppress(ImageError):
            data = read_file(sample.path)
            if hashlib.sha256(data).hexdigest() == sample.digest:
                return PurePosixPath(sample.path.name).suffix.lower(), data
    return ".png", as_png(pixels_HWC)


def _smallest(valid: Dataset) -> list[Sample]:
    def size(sample: Sample) -> int:
        with contextlib.suppress(OSError):
            return 0 if valid.shape else size_of(sample.path)
        return 0

    by_class = [
        sorted((s for s in valid.samples if s.label == label), key=size) for label in valid.classes
    ]
    in_turn = (s for row in itertools.zip_longest(*by_class) for s in row if s)
    return list(itertools.islice(in_turn, COUNT))


class Golden(NamedTuple):
    """The golden pictures of a bundle, as they travel to another machine."""

    path: Path  # of the bundle
    shape: Shape
    bits: int
    pictures: tuple[bytes, ...]  # as files
    expected: bytes  # pixels and answers, as safetensors

    @classmethod
    def of(cls, bundle: Bundle) -> "Golden":
        pictures = tuple(path.read_bytes() for path in bundle.golden())
        return cls(bundle.path, bundle.shape, bundle.bits, pictures, bundle.read(GOLDEN))

    def verify(
        self,
        run: PredictAll,
        here: str = "here",
        p_off: float = 0.0,
        ood_score_off: float = 0.0,
    ) -> None:
        """Raise BundleError unless the pictures give the pixels and answers they once gave.

        A lighter file may be off by so much more, in probability and in thresholds.
        """
        expected = load_safetensors(self.expected)
        pixels_NHWC = np.stack([decode(one, self.shape, self.bits).pixels for one in self.pictures])
        pixels_off = np.abs(pixels_NHWC.astype(np.int16) - expected["pixels"]).mean((1, 2, 3)).max()
        p_NK, ood_score_N, _ = run(pixels_NHWC)
        p_difference = np.abs(p_NK - expected["probabilities"]).max()
        ood_difference = ood_score_difference(ood_score_N, expected["ood_score"])
        answers_fit = (
            p_difference <= PROBABILITY_TOLERANCE + p_off
            and ood_difference <= OOD_SCORE_TOLERANCE + ood_score_off
        )
        if not (pixels_off <= PIXEL_TOLERANCE and answers_fit):
            raise BundleError(
                f"{self.path}: answers differently {here} than where it was made "
                f"(pixels by {pixels_off:.2f} levels, probabilities by {p_difference:.2g}, OOD "
                f"score by {ood_difference:.2g}); compare the versions in bundle.json with "
                "`pip list`"
            )


def verify_golden(
    bundle: Bundle, run: PredictAll, p_off: float = 0.0, ood_score_off: float = 0.0
) -> None:
    """As `Golden.verify`, of the pictures of a bundle, on this machine."""
    Golden.of(bundle).verify(run, p_off=p_off, ood_score_off=ood_score_off)

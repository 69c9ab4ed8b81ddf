"""A bundle at work: encoded pictures in, labels out. Only NumPy, Pillow and ONNX Runtime."""

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import load as load_safetensors

from diptych.bundle import GOLDEN, GRAPH, Bundle, open_bundle
from diptych.dataset import Dataset, Stray
from diptych.decoding import read_file
from diptych.errors import BundleError, ImageError, InputError
from diptych.predictions import Predictions
from diptych.preprocess import Pixels, decode
from diptych.progress import Track, unwatched
from diptych.runtimes import cores, open_graph

BATCH = 16
# Decoders differ by a rounding here and there from machine to machine; networks hardly mind.
PIXEL_TOLERANCE = 1.0  # grey levels, on average over a picture
PROBABILITY_TOLERANCE = 0.01


class Prediction(NamedTuple):
    """The answer for one picture; with an `error` there is no answer."""

    path: str
    label: str | None = None
    probability: float | None = None
    probabilities: dict[str, float] | None = None
    error: str | None = None

    def __str__(self) -> str:
        if self.error:
            return f"{self.path}  cannot be read: {self.error}"
        return f"{self.path}  {self.label}  {100 * (self.probability or 0):.1f} %"


class Predictor:
    """Answers with labels, never positions."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.classes = bundle.classes
        self._run = open_graph(bundle.read(GRAPH))
        self._verify()

    def predict(self, pictures: Iterable[str | Path]) -> list[Prediction]:
        """Answer for files, in their order."""
        return list(self.stream(pictures))

    def stream(self, pictures: Iterable[str | Path]) -> Iterator[Prediction]:
        """Answer for files as they are ready, in their order; never fails because of a picture."""
        for path, answer, _ in self._answers(map(Path, pictures)):
            if isinstance(answer, ImageError):
                yield Prediction(str(path), error=str(answer))
            else:
                best = int(answer.argmax())
                by_class = {c: float(p) for c, p in zip(self.classes, answer, strict=True)}
                yield Prediction(str(path), self.classes[best], float(answer[best]), by_class)

    def evaluate(self, dataset: Dataset, *, track: Track = unwatched) -> Predictions:
        """Answer for every sample of a data set; those that cannot be read become strays.

        Raises InputError where it has a class that the bundle lacks, or no picture to score.
        """
        unknown = sorted(set(dataset.classes) - set(self.classes))
        if unknown:
            raise InputError(
                f"{dataset.root}: the bundle has no class {', '.join(map(repr, unknown))}; "
                f"it has: {', '.join(self.classes)}"
            )
        samples, strays, rows = [], list(dataset.strays), []
        answers = self._answers(sample.path for sample in dataset.samples)
        watched = track(answers, "predicting", len(dataset))
        for sample, (_, answer, digest) in zip(dataset.samples, watched, strict=True):
            if isinstance(answer, ImageError):
                strays.append(Stray(sample.name, answer.reason, answer.detail))
            else:
                # The same bytes twice are one picture: a group of their own.
                samples.append(sample._replace(digest=digest, group=digest))
                rows.append(answer)
        if not rows:
            raise InputError(f"{dataset.root}: no labelled picture can be read")
        scored = Dataset(dataset.root, self.classes, tuple(samples), tuple(strays))
        return Predictions(scored, np.stack(rows))

    def _answers(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Any, str]]:
        """Each path with its probabilities (K,) or an ImageError, and its hash."""
        waiting = iter(paths)
        with ThreadPoolExecutor(cores()) as pool:
            try:
                running = pool.map(self._read, islice(waiting, BATCH))
                # The next pictures are decoded while the network looks at these.
                ahead = pool.map(self._read, islice(waiting, BATCH))
                while batch := list(running):
                    running, ahead = ahead, pool.map(self._read, islice(waiting, BATCH))
                    good = [found for _, found, _ in batch if not isinstance(found, ImageError)]
                    answers = iter(self._run(np.stack(good)) if good else ())
                    for path, found, digest in batch:
                        bad = isinstance(found, ImageError)
                        yield path, found if bad else next(answers), digest
            finally:
                pool.shutdown(cancel_futures=True)

    def _read(self, path: Path) -> tuple[Path, Pixels | ImageError, str]:
        try:
            data = read_file(path)
            pixels = decode(data, self.bundle.shape).pixels
            return path, pixels, hashlib.sha256(data).hexdigest()
        except ImageError as error:
            return path, error, ""

    def _verify(self) -> None:
        """The golden pictures give the pixels and the answers they gave where they were made."""
        expected = load_safetensors(self.bundle.read(GOLDEN))
        pixels = np.stack(
            [decode(path.read_bytes(), self.bundle.shape).pixels for path in self.bundle.golden()]
        )
        off = np.abs(pixels.astype(np.int16) - expected["pixels"]).mean((1, 2, 3)).max()
        apart = np.abs(self._run(pixels) - expected["probabilities"]).max()
        if not (off <= PIXEL_TOLERANCE and apart <= PROBABILITY_TOLERANCE):
            raise BundleError(
                f"{self.bundle.path}: answers differently here than where it was made "
                f"(pixels by {off:.2f} levels, probabilities by {apart:.2g}); "
                "compare the versions in bundle.json with `pip list`"
            )


def load(path: str | Path) -> Predictor:
    """Open a bundle, verify its hashes and its golden pictures, and make ready to predict.

    Raises BundleError when anything is not as it was written.
    """
    return Predictor(open_bundle(path))

"""A bundle at work: encoded pictures in, labels out. Only NumPy, Pillow and ONNX Runtime."""

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from safetensors.numpy import load as load_safetensors

from diptych import engines
from diptych.bundle import GOLDEN, GRAPH, WEIGHTS, Bundle, open_bundle
from diptych.dataset import Dataset, Stray
from diptych.decoding import pixel_store, read_file
from diptych.errors import BundleError, ImageError, InputError
from diptych.networks import Network, Weights
from diptych.predictions import Predictions
from diptych.preprocess import Pixels, decode
from diptych.probabilities import Probabilities
from diptych.progress import Track, unwatched
from diptych.recipe import Recipe
from diptych.runtimes import cores, open_graph
from diptych.sources import is_table
from diptych.sources.pixel_csv import read_pixels

if TYPE_CHECKING:
    import keras
    from torch import nn

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
        """Answer for files as they are ready, in their order; never fails because of a picture.

        A CSV of pixels has an answer for each row.
        """
        for tables, paths in groupby(map(Path, pictures), is_table):
            answered = self._tables if tables else self._files
            yield from answered(paths)

    def _tables(self, paths: Iterable[Path]) -> Iterator[Prediction]:
        for path in paths:
            try:
                yield from self.rows(path)
            except InputError as error:
                yield Prediction(str(path), error=str(error).removeprefix(f"{path}: "))

    def _files(self, paths: Iterable[Path]) -> Iterator[Prediction]:
        for path, answer, _ in self._answers(paths):
            if isinstance(answer, ImageError):
                yield Prediction(str(path), error=str(answer))
            else:
                yield self._prediction(str(path), answer)

    def rows(self, table: str | Path) -> Iterator[Prediction]:
        """Answer for every row of a CSV of pixels, with labels or without.

        Raises InputError where its pictures have another shape than the network takes.
        """
        for names, pixels_NHWC in read_pixels(Path(table), self.bundle.shape):
            for name, answer in zip(names, self._run(pixels_NHWC), strict=True):
                yield self._prediction(name, answer)

    def _prediction(self, name: str, p_K: Probabilities) -> Prediction:
        best = int(p_K.argmax())
        by_class = {c: float(p) for c, p in zip(self.classes, p_K, strict=True)}
        return Prediction(name, self.classes[best], float(p_K[best]), by_class)

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
        if dataset.shape:
            return self._evaluate_pixels(dataset)
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

    def _evaluate_pixels(self, dataset: Dataset) -> Predictions:
        """Answer for samples whose pixels are in the cache."""
        if dataset.shape != self.bundle.shape:
            raise InputError(
                f"{dataset.root}: its pictures are {dataset.shape}, the bundle takes "
                f"{self.bundle.shape}; say it with --shape"
            )
        store = pixel_store(self.bundle.shape)
        keys = [sample.digest for sample in dataset.samples]
        starts = range(0, len(keys), 256)
        parts = [self._run(store.read(keys[start : start + 256])) for start in starts]
        samples = (sample._replace(group=sample.digest) for sample in dataset.samples)
        scored = Dataset(dataset.root, self.classes, tuple(samples), dataset.strays, dataset.shape)
        return Predictions(scored, np.concatenate(parts))

    def to_torch(self) -> "nn.Module":
        """The network with its weights in PyTorch, whichever framework trained it.

        From uint8 pixels (N, H, W, C) to logits (N, K). Raises InputError where there is no twin.
        """
        return engines.torch_module(*self._network("torch"))

    def to_keras(self) -> "keras.Model":
        """The network with its weights in Keras, whichever framework trained it; compiled.

        From uint8 pixels (N, H, W, C) to logits (N, K). Raises InputError where there is no twin.
        """
        return engines.keras_model(*self._network("tensorflow"))

    def _network(self, engine: str) -> tuple[Network, Weights]:
        """The network as an engine knows it, and its weights."""
        recipe = Recipe(**{**self.bundle.facts["recipe"], "engine": engine})
        network = engines.network(recipe, self.bundle.shape, len(self.classes))
        return network, load_safetensors(self.bundle.read(WEIGHTS))

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

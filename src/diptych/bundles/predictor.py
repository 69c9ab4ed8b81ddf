"""A bundle at work: encoded pictures in, labels out. No training framework."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.bundles.format import GRAPH, Bundle, open_bundle
from diptych.bundles.golden import verify_golden
from diptych.bundles.scoring import score_bundle
from diptych.data.dataset import NONE, Dataset
from diptych.errors import ImageError, InputError
from diptych.images.decoding import read_file
from diptych.images.preprocess import Pixels, decode
from diptych.metrics.predictions import Predictions
from diptych.metrics.probabilities import Probabilities
from diptych.reliability.conformal import prediction_sets
from diptych.runtimes import Predict, fastest, open_graph, open_on_one_core, open_outputs
from diptych.sources import is_table
from diptych.sources.pixel_csv import read_pixels
from diptych.system.cores import cores
from diptych.system.progress import Track, unwatched

if TYPE_CHECKING:
    import keras
    from torch import nn

BATCH = 16


class Prediction(NamedTuple):
    """The answer for one picture; with an `error` there is no answer.

    The label of an outlier is "none of these" and has no probability; `probabilities` are those
    that the classes would have if it had to be one of them.
    """

    path: str
    label: str | None = None
    probability: float | None = None
    probabilities: dict[str, float] | None = None
    ood_score: float | None = None  # above 1: none of these
    prediction_set: list[str] | None = None  # the likely labels, the likeliest first
    error: str | None = None

    def __str__(self) -> str:
        if self.error:
            return f"{self.path}  cannot be read: {self.error}"
        if self.probability is not None:
            return f"{self.path}  {self.label}  {100 * self.probability:.1f} %"
        nearest = max(self.probabilities or {"": 0.0}, key=(self.probabilities or {}).__getitem__)
        return f"{self.path}  {self.label}  (the nearest is {nearest})"


class Output(NamedTuple):
    """What the graph gives for one picture."""

    p_K: Probabilities
    ood_score: float
    components_C: npt.NDArray[np.float32]  # by which drift is seen


class Predictor:
    """Answers with labels, never positions."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.classes = bundle.classes
        self._run = open_outputs(bundle.read(GRAPH))
        verify_golden(bundle, self._run)

    def probabilities(self, pixels_NHWC: Pixels) -> Probabilities:
        """The probabilities (N, K) for pixels of the bundle's shape, outliers or not."""
        return self._run(pixels_NHWC)[0]

    def fast(self) -> Predict:
        """The same by the fastest runtime, for many pictures; it may round a little otherwise."""
        return open_graph(self.bundle.read(GRAPH), fastest())

    def predict(self, pictures: Iterable[str | Path]) -> list[Prediction]:
        """Answer for files, in their order."""
        return list(self.stream(pictures))

    def stream(self, pictures: Iterable[str | Path]) -> Iterator[Prediction]:
        """Answer for files as they are ready, in their order; never fails because of a picture.

        A CSV of pixels has an answer for each row.
        """
        for tables, paths in groupby(map(Path, pictures), is_table):
            predict = self._tables if tables else self._files
            yield from predict(paths)

    def _tables(self, paths: Iterable[Path]) -> Iterator[Prediction]:
        for path in paths:
            try:
                yield from self.rows(path)
            except InputError as error:
                yield Prediction(str(path), error=about(path, error))

    def _files(self, paths: Iterable[Path]) -> Iterator[Prediction]:
        for path, output in self._outputs(paths):
            if isinstance(output, ImageError):
                yield Prediction(str(path), error=str(output))
            else:
                yield self.prediction(str(path), output)

    def rows(self, table: str | Path) -> Iterator[Prediction]:
        """Answer for every row of a CSV of pixels, with labels or without.

        Raises InputError where its pictures have another shape than the network takes.
        """
        for names, pixels_NHWC in read_pixels(Path(table), self.bundle.shape):
            for name, output in zip(names, self.outputs(pixels_NHWC), strict=True):
                yield self.prediction(name, output)

    def outputs(self, pixels_NHWC: Pixels) -> Iterator[Output]:
        """What the graph gives for pixels of the bundle's shape, picture by picture."""
        return _by_picture(self._run(pixels_NHWC))

    def on_one_core(self) -> Callable[[Pixels], Iterator[Output]]:
        """`outputs` on one core, for as many threads at a time as there are cores."""
        run = open_on_one_core(self.bundle.read(GRAPH))
        return lambda pixels_NHWC: _by_picture(run(pixels_NHWC))

    def prediction(self, name: str, output: Output) -> Prediction:
        """What the graph gave for a picture, in labels."""
        by_class = {c: float(p) for c, p in zip(self.classes, output.p_K, strict=True)}
        if output.ood_score > 1:
            return Prediction(name, NONE, None, by_class, output.ood_score, [])
        (within,) = prediction_sets(
            output.p_K[None], self.bundle.facts["prediction_sets"]["conformal_threshold"]
        )
        ranked = sorted(np.flatnonzero(within), key=lambda k: -output.p_K[k])
        best = self.classes[ranked[0]]
        likely = [self.classes[k] for k in ranked]
        return Prediction(name, best, by_class[best], by_class, output.ood_score, likely)

    def evaluate(self, dataset: Dataset, *, track: Track = unwatched) -> Predictions:
        """Answer for every sample of a data set but those that the bundle was made with.

        These become strays, as do those that belong to them and those that cannot be read.
        Near-duplicates are groups, which intervals count as one picture; labels are matched with
        the bundle's classes by name. Raises InputError where the data set has a class that the
        bundle lacks, pictures of another shape, or no picture to score.
        """
        return score_bundle(self.bundle, self._run, dataset, track)

    def to_torch(self) -> "nn.Module":
        """The network with its weights in PyTorch, whichever framework trained it.

        From uint8 pixels (N, H, W, C) to logits (N, K). Raises InputError where there is no twin.
        """
        from diptych.engines.torch.weights import module_with_weights

        return module_with_weights(self.bundle.network("torch"), self.bundle.weights())

    def to_keras(self) -> "keras.Model":
        """The network with its weights in Keras, whichever framework trained it; compiled.

        From uint8 pixels (N, H, W, C) to logits (N, K). It is made of Keras' own layers, so that
        what is saved of it is loaded without Diptych. Raises InputError where there is no twin.
        """
        from diptych.engines.tensorflow.stock import stock_model

        return stock_model(self.bundle.network("tensorflow"), self.bundle.weights())

    def _outputs(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Output | ImageError]]:
        """Each path with its output or an ImageError."""
        waiting = iter(paths)
        with ThreadPoolExecutor(cores()) as pool:
            try:
                running = pool.map(self._read, islice(waiting, BATCH))
                # The next pictures are decoded while the network looks at these.
                ahead = pool.map(self._read, islice(waiting, BATCH))
                while batch := list(running):
                    running, ahead = ahead, pool.map(self._read, islice(waiting, BATCH))
                    good = [pixels for _, pixels in batch if not isinstance(pixels, ImageError)]
                    outputs = self.outputs(np.stack(good)) if good else iter(())
                    for path, pixels in batch:
                        yield path, pixels if isinstance(pixels, ImageError) else next(outputs)
            finally:
                pool.shutdown(cancel_futures=True)

    def _read(self, path: Path) -> tuple[Path, Pixels | ImageError]:
        try:
            return path, decode(read_file(path), self.bundle.shape).pixels
        except ImageError as error:
            return path, error


def _by_picture(outputs: Iterable[npt.NDArray[np.float32]]) -> Iterator[Output]:
    for p_K, ood_score, components_C in zip(*outputs, strict=True):
        yield Output(p_K, float(ood_score), components_C)


def load(path: str | Path) -> Predictor:
    """Open a bundle, verify its hashes and its golden pictures, and make ready to predict.

    Raises BundleError when anything is not as it was written.
    """
    return Predictor(open_bundle(path))


def about(path: Path, error: InputError) -> str:
    """What is wrong with a file, without what the line of a prediction says anyway."""
    return str(error).removeprefix(f"{path}: ").removeprefix("cannot be read: ")

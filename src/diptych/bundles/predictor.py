"""A bundle at work: encoded pictures in, labels out. No training framework."""

import platform
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.bundles.answering import answers, answers_elsewhere
from diptych.bundles.format import GRAPH, SEAL, Bundle, open_bundle
from diptych.bundles.golden import Golden, verify_golden
from diptych.bundles.prediction import Answers as Answers
from diptych.bundles.prediction import Prediction as Prediction
from diptych.bundles.scoring import score_bundle
from diptych.data.dataset import NONE
from diptych.errors import BundleError, ImageError, InputError, shortened
from diptych.images.preprocess import Pixels
from diptych.metrics.predictions import Predictions
from diptych.metrics.probabilities import Probabilities
from diptych.reliability.conformal import prediction_sets
from diptych.runtimes import (
    Predict,
    PredictAll,
    fastest,
    open_graph,
    open_on_one_core,
    open_outputs,
)
from diptych.sources import as_dataset, may_hold_pixels
from diptych.sources.inputs import InputPicture, Inputs, input_pictures
from diptych.sources.pixels.pixel_csv import read_pixels
from diptych.system.cores import cores
from diptych.system.files import path_of
from diptych.system.progress import Track, unwatched
from diptych.system.workplace import elsewhere

if TYPE_CHECKING:
    import keras
    from torch import nn


class Output(NamedTuple):
    """What the graph gives for one picture."""

    p_K: Probabilities
    ood_score: float
    # By which drift is seen; None of an export, which has none.
    components_C: npt.NDArray[np.float32] | None
    # What the bundle's own graph gives, where an export answered and both were asked.
    reference: "Output | None" = None


class Predictor:
    """Answers with labels, never positions.

    It never changes. Pickled, it is the path of its bundle, which must be there where it is
    unpickled: BundleError otherwise.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.classes = bundle.classes
        # Where it is found again by another process, whose working folder may be another.
        self._home = bundle.path.absolute()
        self._seal = bundle.read(SEAL)
        self._run = open_outputs(bundle.read(GRAPH))
        verify_golden(bundle, self._run)

    def probabilities(self, pixels_NHWC: Pixels) -> Probabilities:
        """The probabilities (N, K) for pixels of the bundle's shape, outliers or not."""
        return self._run(pixels_NHWC)[0]

    def spread(self) -> Predict:
        """The same with the pictures of a batch shared out among the cores; for any thread."""
        run = self._run_on_one_core  # opened by one thread, before many ask
        pool = ThreadPoolExecutor(cores(), "spread")

        def probabilities(pixels_NHWC: Pixels) -> Probabilities:
            if len(pixels_NHWC) == 1:
                return self._run(pixels_NHWC)[0]
            parts = np.array_split(pixels_NHWC, len(pixels_NHWC))
            return np.concatenate(list(pool.map(lambda part: run(part)[0], parts)))

        return probabilities

    def fast(self) -> Predict:
        """The same by the fastest runtime, for many pictures; it may round a little otherwise."""
        return open_graph(self.bundle.read(GRAPH), fastest())

    def predict(self, pictures: Inputs) -> Answers:
        """Answer for one picture or many, in their order: always a list.

        A name of a file, folder or pattern, bytes, an open file, a picture of PIL, a uint8 array
        (H, W, 3); a list of those, or an array (N, H, W, 3). Of a network for grey pictures of H×W
        also (H, W) and (N, H, W). A CSV of pixels has an answer for each row, a table of names for
        each of its files. What cannot be read has an `error` in its place. Raises InputError for
        what is no picture, or none at all.
        """
        return Answers(self.stream(pictures))

    def stream(self, pictures: Inputs) -> Iterator[Prediction]:
        """The same as they are ready; never fails because of a picture."""
        runs = groupby(input_pictures(pictures, self.bundle.shape), _is_table)
        return chain.from_iterable(
            self._tables(some) if tables else self._pictures(some) for tables, some in runs
        )

    def _tables(self, pictures: Iterable[InputPicture]) -> Iterator[Prediction]:
        for name, _ in pictures:
            try:
                yield from self.rows(name)
            except InputError as error:
                yield Prediction(name, error=about(Path(name), error))

    def _pictures(self, pictures: Iterable[InputPicture]) -> Iterator[Prediction]:
        for name, output in self._answers(pictures):
            if isinstance(output, ImageError):
                yield Prediction(name, error=str(output))
            else:
                yield self.prediction(name, output)

    def _answers(
        self, pictures: Iterable[InputPicture]
    ) -> Iterator[tuple[str, Output | ImageError]]:
        shape, bits = self.bundle.shape, self.bundle.bits
        if place := elsewhere():
            opened = partial(_opened, self._open_run())
            return answers_elsewhere(place, pictures, shape, bits, opened)
        return answers(pictures, shape, bits, self.outputs, self.on_one_core)

    def _open_run(self) -> Callable[[], PredictAll]:
        """What opens the graph where it is to work."""
        if elsewhere():
            return partial(_verified, self.bundle.read(GRAPH), Golden.of(self.bundle))
        return lambda: self._run

    def rows(self, table: str | Path) -> Iterator[Prediction]:
        """Answer for every row of a CSV of pixels, with labels or without.

        Raises InputError where its pictures have another shape than the network takes.
        """
        for names, pixels_NHWC in read_pixels(Path(table), self.bundle.pixel_format):
            for name, output in zip(names, self.outputs(pixels_NHWC), strict=True):
                yield self.prediction(name, output)

    def outputs(self, pixels_NHWC: Pixels) -> Iterator[Output]:
        """What the graph gives for pixels of the bundle's shape, picture by picture."""
        return by_picture(self._run(pixels_NHWC))

    def on_one_core(self) -> Callable[[Pixels], Iterator[Output]]:
        """`outputs` on one core, for as many threads at a time as there are cores."""
        run = self._run_on_one_core  # opened by one thread, before many ask
        return lambda pixels_NHWC: by_picture(run(pixels_NHWC))

    @cached_property
    def _run_on_one_core(self) -> PredictAll:
        return open_on_one_core(self.bundle.read(GRAPH))

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

    def evaluate(self, data: Any, labels: Any = None, *, track: Track = unwatched) -> Predictions:
        """Answer for every sample of a data set but those that the bundle was made with.

        `data` is a Dataset, or what `read` makes one of: a folder, a table, pictures and labels.
        Those that the bundle was made with become strays, as do those that belong to them and those
        that cannot be read. Near-duplicates are groups, which intervals count as one picture;
        labels are matched with the bundle's classes by name. Raises InputError where the data set
        has a class that the bundle lacks, pictures of another shape, or no picture to score.
        """
        pictures = as_dataset(data, labels, self.bundle.pixel_format)
        return score_bundle(self.bundle, self._open_run(), pictures, track)

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

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (str(self._home), self._seal)

    def __copy__(self) -> "Predictor":
        return self  # nothing in it changes

    def __deepcopy__(self, memo: object) -> "Predictor":
        return self

    def __repr__(self) -> str:
        return f"<Predictor {self.bundle.path}: {shortened(self.classes)}>"


def _is_table(picture: InputPicture) -> bool:
    return isinstance(picture.content, Path) and may_hold_pixels(picture.content)


def _verified(graph: bytes, golden: Golden) -> PredictAll:
    """A graph on another machine; raises BundleError where it answers otherwise there."""
    run = open_outputs(graph)
    golden.verify(run, f"on {platform.node()}")
    return run


def _opened(open_run: Callable[[], PredictAll]) -> Callable[[Pixels], Iterator[Output]]:
    """`outputs` of a graph on another machine."""
    run = open_run()
    return lambda pixels_NHWC: by_picture(run(pixels_NHWC))


def _reopened(path: str, seal: bytes) -> Predictor:
    """A predictor that travelled as its path.

    Raises BundleError where the bundle is not there, or another has come in its place.
    """
    predictor = load(path)
    if predictor.bundle.read(SEAL) != seal:
        raise BundleError(f"{path}: another bundle than the one that was sent; load it anew")
    return predictor


def by_picture(outputs: Iterable[npt.NDArray[np.float32]]) -> Iterator[Output]:
    """The outputs of a graph for N pictures, one after the other."""
    for p_K, ood_score, components_C in zip(*outputs, strict=True):
        yield Output(p_K, float(ood_score), components_C)


def load(path: str | Path) -> Predictor:
    """Open a bundle, verify its hashes and its golden pictures, and make ready to predict.

    Raises BundleError when anything is not as it was written.
    """
    return Predictor(open_bundle(path_of(path, "the bundle")))


def about(path: Path, error: InputError) -> str:
    """What is wrong with a file, without what the line of a prediction says anyway."""
    return str(error).removeprefix(f"{path}: ").removeprefix("cannot be read: ")

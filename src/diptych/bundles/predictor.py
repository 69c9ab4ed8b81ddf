"""A bundle at work: encoded pictures in, labels out. Only NumPy, Pillow and ONNX Runtime."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load as load_safetensors

from diptych.auditing.duplicates import same_pictures
from diptych.bundles.format import GOLDEN, GRAPH, Bundle, open_bundle
from diptych.data.dataset import NONE, Dataset, Sample, Stray
from diptych.errors import BundleError, ImageError, InputError
from diptych.images.decoding import decoded, known, pixel_store, read_file
from diptych.images.preprocess import Pixels, decode
from diptych.metrics.predictions import Predictions
from diptych.metrics.probabilities import Probabilities
from diptych.reliability.conformal import prediction_sets
from diptych.runtimes import Run, fastest, open_graph, open_on_one_core, open_outputs
from diptych.sources import is_table
from diptych.sources.pixel_csv import read_pixels
from diptych.system.cores import cores
from diptych.system.progress import Track, unwatched

if TYPE_CHECKING:
    import keras
    from torch import nn

BATCH = 16
# Decoders differ by a rounding here and there from machine to machine; networks hardly mind.
PIXEL_TOLERANCE = 1.0  # grey levels, on average over a picture
PROBABILITY_TOLERANCE = 0.01
OOD_SCORE_TOLERANCE = 0.05  # thresholds


# Why pictures are left out of an evaluation.
MADE_WITH = "made with"


class Prediction(NamedTuple):
    """The answer for one picture; with an `error` there is no answer.

    The label of a outlier is "none of these" and has no probability; `probabilities` are those
    that the classes would have if it had to be one of them.
    """

    path: str
    label: str | None = None
    probability: float | None = None
    probabilities: dict[str, float] | None = None
    ood_score: float | None = None  # above 1: none of these
    prediction_set: list[str] | None = (
        None  # the labels that are likely enough, the likeliest first
    )
    error: str | None = None

    def __str__(self) -> str:
        if self.error:
            return f"{self.path}  cannot be read: {self.error}"
        if self.probability is not None:
            return f"{self.path}  {self.label}  {100 * self.probability:.1f} %"
        nearest = max(self.probabilities or {"": 0.0}, key=(self.probabilities or {}).__getitem__)
        return f"{self.path}  {self.label}  (the nearest is {nearest})"


class Answer(NamedTuple):
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
        self._verify()

    def probabilities(self, pixels_NHWC: Pixels) -> Probabilities:
        """The probabilities (N, K) for pixels of the bundle's shape, outliers or not."""
        return self._run(pixels_NHWC)[0]

    def fast(self) -> Run:
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
            answered = self._tables if tables else self._files
            yield from answered(paths)

    def _tables(self, paths: Iterable[Path]) -> Iterator[Prediction]:
        for path in paths:
            try:
                yield from self.rows(path)
            except InputError as error:
                yield Prediction(str(path), error=about(path, error))

    def _files(self, paths: Iterable[Path]) -> Iterator[Prediction]:
        for path, answer in self._answers(paths):
            if isinstance(answer, ImageError):
                yield Prediction(str(path), error=str(answer))
            else:
                yield self.prediction(str(path), answer)

    def rows(self, table: str | Path) -> Iterator[Prediction]:
        """Answer for every row of a CSV of pixels, with labels or without.

        Raises InputError where its pictures have another shape than the network takes.
        """
        for names, pixels_NHWC in read_pixels(Path(table), self.bundle.shape):
            for name, answer in zip(names, self.answered(pixels_NHWC), strict=True):
                yield self.prediction(name, answer)

    def answered(self, pixels_NHWC: Pixels) -> Iterator[Answer]:
        """What the graph answers for pixels of the bundle's shape, picture by picture."""
        return _by_picture(self._run(pixels_NHWC))

    def on_one_core(self) -> Callable[[Pixels], Iterator[Answer]]:
        """`answered` on one core, for as many threads at a time as there are cores."""
        run = open_on_one_core(self.bundle.read(GRAPH))
        return lambda pixels_NHWC: _by_picture(run(pixels_NHWC))

    def prediction(self, name: str, answer: Answer) -> Prediction:
        """An answer in labels."""
        by_class = {c: float(p) for c, p in zip(self.classes, answer.p_K, strict=True)}
        if answer.ood_score > 1:
            return Prediction(name, NONE, None, by_class, answer.ood_score, [])
        (within,) = prediction_sets(
            answer.p_K[None], self.bundle.facts["prediction_sets"]["conformal_threshold"]
        )
        ranked = sorted(np.flatnonzero(within), key=lambda k: -answer.p_K[k])
        best = self.classes[ranked[0]]
        likely = [self.classes[k] for k in ranked]
        return Prediction(name, best, by_class[best], by_class, answer.ood_score, likely)

    def evaluate(self, dataset: Dataset, *, track: Track = unwatched) -> Predictions:
        """Answer for every sample of a data set but those that the bundle was made with.

        These become strays, as do those that cannot be read. Near-duplicates are groups, which
        intervals count as one picture. Raises InputError where the data set has a class that the
        bundle lacks, or no picture to score.
        """
        unknown = sorted(set(dataset.classes) - set(self.classes))
        if unknown:
            raise InputError(
                f"{dataset.root}: the bundle has no class{'es'[: 2 * (len(unknown) > 1)]} "
                f"{', '.join(map(repr, unknown))}; it has: {', '.join(self.classes)}"
            )
        if not len(dataset):
            raise InputError(
                f"{dataset.root}: no picture has a label; put each into a folder named after its "
                f"class: {', '.join(self.classes)}"
            )
        new, strays = self._new(dataset, track)
        if not new:
            used = sum(stray.reason == MADE_WITH for stray in strays)
            rest = ", the others cannot be read" if used < len(strays) else ""
            raise InputError(
                f"{dataset.root}: no picture is left to score; {used:,} of {len(strays):,} are "
                f"those that the bundle was made with{rest}"
            )
        scored = replace(
            dataset, classes=self.classes, samples=tuple(new), strays=tuple(strays), note=""
        )
        store, outputs = pixel_store(self.bundle.shape), []
        for start in track(range(0, len(new), BATCH), "predicting", -(-len(new) // BATCH)):
            some = [sample.digest for sample in new[start : start + BATCH]]
            outputs.append(self._run(store.read(some))[:2])
        p_NK, ood_score_N = map(np.concatenate, zip(*outputs, strict=True))
        return Predictions(scored, p_NK, ood_score_N)

    def _new(self, dataset: Dataset, track: Track) -> tuple[list[Sample], list[Stray]]:
        """The samples that took no part in the making, in groups of near-duplicates, and the rest.

        Their pixels are in the cache. Copies of training pictures that are not the same bytes are
        known as long as the training pictures are in the cache too, and are not rows of numbers.
        """
        if dataset.shape and dataset.shape != self.bundle.shape:
            raise InputError(
                f"{dataset.root}: its pictures are {dataset.shape}, the bundle takes "
                f"{self.bundle.shape}; say it with --shape"
            )
        store, made_with = pixel_store(self.bundle.shape), self.bundle.made_with()
        found = (
            known(dataset.samples, store)
            if dataset.shape
            else decoded((sample.path for sample in dataset.samples), store)
        )
        strays, left = list(dataset.strays), list[Sample]()
        watched = track(found, "reading pictures", len(dataset))
        for sample, picture in zip(dataset.samples, watched, strict=True):
            if picture.reason:
                strays.append(Stray(sample.name, picture.reason, picture.detail))
            elif name := made_with.get(picture.digest):
                strays.append(Stray(sample.name, MADE_WITH, f"it is {name} there"))
            else:
                left.append(sample._replace(digest=picture.digest))
        theirs = [
            Sample(name, "", Path(), digest=digest)
            for digest, name in made_with.items()
            if not dataset.shape and store.has_row(digest)
        ]
        grouped = same_pictures([*theirs, *left], store, crops=not dataset.shape, track=track)
        first = {sample.digest: members[0] for members in grouped for sample in members}
        new = list[Sample]()
        for sample in left:
            copied = first[sample.digest]
            if copied.digest in made_with:
                detail = f"it is almost the same picture as {copied.name} there"
                strays.append(Stray(sample.name, MADE_WITH, detail))
            else:
                new.append(sample._replace(group=copied.digest))
        return new, strays

    def to_torch(self) -> "nn.Module":
        """The network with its weights in PyTorch, whichever framework trained it.

        From uint8 pixels (N, H, W, C) to logits (N, K). Raises InputError where there is no twin.
        """
        from diptych.engines.torch.engine import loaded

        return loaded(self.bundle.network("torch"), self.bundle.weights())

    def to_keras(self) -> "keras.Model":
        """The network with its weights in Keras, whichever framework trained it; compiled.

        From uint8 pixels (N, H, W, C) to logits (N, K). Raises InputError where there is no twin.
        """
        from diptych.engines.tensorflow.engine import loaded

        return loaded(self.bundle.network("tensorflow"), self.bundle.weights())

    def _answers(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Answer | ImageError]]:
        """Each path with its Answer or an ImageError."""
        waiting = iter(paths)
        with ThreadPoolExecutor(cores()) as pool:
            try:
                running = pool.map(self._read, islice(waiting, BATCH))
                # The next pictures are decoded while the network looks at these.
                ahead = pool.map(self._read, islice(waiting, BATCH))
                while batch := list(running):
                    running, ahead = ahead, pool.map(self._read, islice(waiting, BATCH))
                    good = [found for _, found in batch if not isinstance(found, ImageError)]
                    answers = self.answered(np.stack(good)) if good else iter(())
                    for path, found in batch:
                        yield path, found if isinstance(found, ImageError) else next(answers)
            finally:
                pool.shutdown(cancel_futures=True)

    def _read(self, path: Path) -> tuple[Path, Pixels | ImageError]:
        try:
            return path, decode(read_file(path), self.bundle.shape).pixels
        except ImageError as error:
            return path, error

    def _verify(self) -> None:
        """The golden pictures give the pixels and the answers they gave where they were made."""
        expected = load_safetensors(self.bundle.read(GOLDEN))
        pixels = np.stack(
            [decode(path.read_bytes(), self.bundle.shape).pixels for path in self.bundle.golden()]
        )
        off = np.abs(pixels.astype(np.int16) - expected["pixels"]).mean((1, 2, 3)).max()
        p_NK, ood_score_N, _ = self._run(pixels)
        apart = np.abs(p_NK - expected["probabilities"]).max()
        outlier = np.abs(ood_score_N - expected["ood_score"]).max()
        fits = off <= PIXEL_TOLERANCE and apart <= PROBABILITY_TOLERANCE
        if not (fits and outlier <= OOD_SCORE_TOLERANCE):
            raise BundleError(
                f"{self.bundle.path}: answers differently here than where it was made "
                f"(pixels by {off:.2f} levels, probabilities by {apart:.2g}, OOD score by "
                f"{outlier:.2g}); compare the versions in bundle.json with `pip list`"
            )


def _by_picture(outputs: Iterable[npt.NDArray[np.float32]]) -> Iterator[Answer]:
    for p_K, ood_score, components_C in zip(*outputs, strict=True):
        yield Answer(p_K, float(ood_score), components_C)


def about(path: Path, error: InputError) -> str:
    """What is wrong with a file, without what the line of a prediction says anyway."""
    return str(error).removeprefix(f"{path}: ").removeprefix("cannot be read: ")


def load(path: str | Path) -> Predictor:
    """Open a bundle, verify its hashes and its golden pictures, and make ready to predict.

    Raises BundleError when anything is not as it was written.
    """
    return Predictor(open_bundle(path))

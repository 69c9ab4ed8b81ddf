"""The evidence of a report, gathered in one place, whoever asks.

Asked is either a classifier that was just trained, for what it tells without delay, or a bundle
long after, whose training pictures are there only as long as the cache has them.
"""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diptych.bundles.facts import TestedModel, bundle_facts
from diptych.bundles.format import GRAPH, Bundle
from diptych.bundles.predictor import Predictor
from diptych.data.dataset import Sample
from diptych.data.splitting import Splits
from diptych.engines.contract import GradCam
from diptych.engines.gradcam import gradcam
from diptych.errors import InputError
from diptych.graphs.surgery import with_last_layer_outputs
from diptych.images.decoding import pixel_store
from diptych.images.preprocess import Pixels
from diptych.images.rows import StoredRows
from diptych.images.store import Store
from diptych.metrics import Score
from diptych.metrics.predictions import Predictions
from diptych.metrics.probabilities import Logits, Probabilities
from diptych.networks import Weights
from diptych.reliability.calibration import Calibration, uncalibrated
from diptych.reliability.ood import reference_indices
from diptych.reporting.heatmaps import Heatmap, occlusion, overlay
from diptych.reporting.label_issues import suspicious_labels
from diptych.reporting.learning_curve import MOST, LearningCurve, learning_curve
from diptych.reporting.mistakes import Outcome, confused_pairs, most_wrong, worst
from diptych.reporting.neighbours import Neighbour, nearest_samples
from diptych.reporting.picture_facts import column_facts, picture_facts
from diptych.reporting.report import Report
from diptych.reporting.robustness import Curve, robustness
from diptych.reporting.slices import slices
from diptych.runtimes import Predict
from diptych.runtimes.features import FeatureExtractor, FeatureRows, feature_store, features
from diptych.system.progress import Track, unwatched
from diptych.training.fitting import last_layer_logits
from diptych.training.loop import EpochResult

# Mistakes that are shown, and suspicious labels.
SHOWN = 12
# Training pictures shown beside a mistake.
NEAREST = 3
# Mistakes with a heatmap by occlusion, which takes a second each.
OCCLUDED = 4

NO_ONNX = "With the package onnx the training pictures most like each would be shown."
NO_CACHE = (
    "The training pictures are no longer in the cache, so those most like each mistake "
    "cannot be shown."
)


@dataclass(frozen=True)
class EvidenceSource:
    """What of a classifier can be asked for a report."""

    facts: dict[str, Any]  # what its bundle says
    calibration: Calibration
    weights: Weights  # of the last layer at least
    extractor: FeatureExtractor | None  # None without the package onnx
    reference_samples: Sequence[Sample]  # training pictures that mistakes are compared with
    train_size: int  # how many training pictures there are
    gradcam: Callable[[], GradCam]  # raises InputError where there is none
    fast_run: Predict | None  # answers for what takes a minute; None where that is not asked for
    curve_parts: Splits | None = None  # parts whose features tell a learning curve at once
    baseline: Score | None = None
    history: Sequence[EpochResult] = ()


def from_training(tested: TestedModel) -> EvidenceSource:
    """A classifier just trained: all that is known of it without delay."""
    trained, train = tested.model.trained, tested.parts.train
    # Where the whole network was trained, only those are at hand that outliers are known by.
    indices = range(len(train)) if trained.head_only else reference_indices(train.targets())
    return EvidenceSource(
        bundle_facts(tested),
        trained.calibration,
        trained.weights,
        trained.feature_extractor,
        [train.samples[i] for i in indices],
        len(train),
        lambda: gradcam(tested.recipe.engine, trained.network, trained.weights),
        fast_run=None,
        # A whole network would have to be trained anew.
        curve_parts=tested.parts if trained.head_only else None,
        baseline=tested.baseline.scores().accuracy,
        history=trained.history,
    )


def from_bundle(predictor: Predictor) -> EvidenceSource:
    """A bundle: all that it tells without a framework, and Grad-CAM where that is installed."""
    bundle, store = predictor.bundle, pixel_store(predictor.bundle.shape, predictor.bundle.bits)
    calibration, train = bundle.facts["calibration"], bundle.splits().train
    cached = [sample for sample in train.samples if store.has_row(sample.digest)]
    indices = reference_indices([bundle.classes.index(sample.label) for sample in cached])
    return EvidenceSource(
        dict(bundle.facts),
        Calibration(**{n: calibration[n] for n in Calibration._fields if n in calibration}),
        bundle.weights(),
        _extractor(bundle),
        [cached[i] for i in indices],
        len(train),
        lambda: gradcam(bundle.recipe().engine, bundle.network(), bundle.weights()),
        fast_run=predictor.fast(),
    )


def gather(source: EvidenceSource, predictions: Predictions, *, track: Track = unwatched) -> Report:
    """A report on the answers for some pictures, whose pixels are in the cache.

    They took no part in the making. Raises MissingExtra without SciPy.
    """
    dataset = predictions.dataset
    preprocess = source.facts["preprocess"]
    height, width, channels = preprocess["shape"]
    store = pixel_store((height, width, channels), preprocess.get("bits", 0))
    mistakes = most_wrong(predictions, SHOWN)
    neighbours, neighbours_note = _neighbours(source, predictions, mistakes, store, track)
    return Report(
        source.facts,
        predictions,
        store,
        predictions.scores(),
        mistakes,
        worst(predictions, SHOWN),
        confused_pairs(predictions, SHOWN),
        suspicious_labels(predictions),
        slices(predictions, {**column_facts(dataset), **picture_facts(dataset, store)}),
        baseline=source.baseline,
        uncalibrated_NK=_uncalibrated(source, predictions, store, track),
        learning_curve=_learning_curve(source, store),
        robustness=_robustness(source, predictions, store, track),
        neighbours=neighbours,
        neighbours_note=neighbours_note,
        heatmaps=_heatmaps(source, predictions, mistakes, store),
        history=[epoch._asdict() for epoch in source.history],
    )


def _extractor(bundle: Bundle) -> FeatureExtractor | None:
    """The bundle's network up to and through its last layer; None without the package onnx."""
    if not importlib.util.find_spec("onnx"):
        return None
    classes, width = bundle.weights()["classifier.weight"].shape
    return FeatureExtractor(with_last_layer_outputs(bundle.read(GRAPH)), (width, classes))


def _samples(predictions: Predictions, mistakes: Sequence[Outcome]) -> list[Sample]:
    by_name = {sample.name: sample for sample in predictions.dataset.samples}
    return [by_name[mistake.name] for mistake in mistakes]


def _uncalibrated(
    source: EvidenceSource, predictions: Predictions, store: Store, track: Track
) -> Probabilities | None:
    """What the probabilities were before calibration; None where that is not known."""
    keys = [sample.digest for sample in predictions.dataset.samples]

    def logits() -> Logits | None:
        if source.extractor is None:
            return None
        features_ND = features(source.extractor, keys, store, track=track)[0]
        return last_layer_logits(source.weights, features_ND)

    return uncalibrated(source.calibration, predictions.probabilities_NK, logits)


def _learning_curve(source: EvidenceSource, store: Store) -> LearningCurve | None:
    if source.curve_parts is None or source.extractor is None:
        return None
    train, valid, _ = source.curve_parts
    if len(train) > MOST:
        return None
    train_ND, valid_ND = (
        features(source.extractor, [sample.digest for sample in part.samples], store)[0]
        for part in (train, valid)
    )
    return learning_curve(train_ND, train.targets(), valid_ND, valid.targets())


def _robustness(
    source: EvidenceSource, predictions: Predictions, store: Store, track: Track
) -> tuple[Curve, ...]:
    if source.fast_run is None:
        return ()
    dataset = predictions.dataset
    rows = StoredRows(store, [sample.digest for sample in dataset.samples])
    return robustness(source.fast_run, rows, dataset.targets(), track=track)


def _neighbours(
    source: EvidenceSource,
    predictions: Predictions,
    mistakes: Sequence[Outcome],
    store: Store,
    track: Track,
) -> tuple[dict[str, list[Neighbour]], str]:
    """The training pictures most like each mistake, and a word on where they were looked for."""
    if not mistakes:
        return {}, ""
    if source.extractor is None:
        return {}, NO_ONNX
    references = source.reference_samples
    if not references:
        return {}, NO_CACHE
    samples = _samples(predictions, mistakes)
    keys = [sample.digest for sample in (*references, *samples)]
    computed = feature_store(source.extractor, keys, store, track=track)
    layer, count = slice(0, source.extractor.widths[0]), len(references)
    train_MD, mistakes_ND = (
        FeatureRows(computed, some, layer) for some in (keys[:count], keys[count:])
    )
    nearest = nearest_samples(mistakes_ND, train_MD, references, NEAREST)
    note = f"Looked for among {len(references):,} of the {source.train_size:,} training pictures."
    return (
        {sample.name: each for sample, each in zip(samples, nearest, strict=True)},
        note if len(references) < source.train_size else "",
    )


def _heatmaps(
    source: EvidenceSource, predictions: Predictions, mistakes: Sequence[Outcome], store: Store
) -> dict[str, Pixels]:
    """What the network looked at in mistakes: by Grad-CAM, else in a few by occlusion, if asked."""
    if not mistakes:
        return {}
    samples = _samples(predictions, mistakes)
    answers = [predictions.dataset.classes.index(mistake.answer) for mistake in mistakes]
    pixels_NHWC = store.read([sample.digest for sample in samples])
    heatmaps: Sequence[Heatmap]
    try:
        heatmaps = list(source.gradcam()(pixels_NHWC, np.array(answers)))
    except InputError:
        # Its framework is not installed, or the network has no map of places.
        run = source.fast_run
        if run is None:
            return {}
        few = zip(pixels_NHWC[:OCCLUDED], answers, strict=False)
        heatmaps = [occlusion(run, pixels_HWC, k) for pixels_HWC, k in few]
    return {
        sample.name: overlay(pixels_HWC, heatmap)
        for sample, pixels_HWC, heatmap in zip(samples, pixels_NHWC, heatmaps, strict=False)
    }

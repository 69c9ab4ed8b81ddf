"""A review of what a bundle answers for other pictures, long after it was trained.

The bundle has its graph; the cache has the training pictures, as long as they were not cleared.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import replace

from safetensors.numpy import load as load_safetensors

from diptych.bundles.format import GRAPH, WEIGHTS, Bundle
from diptych.bundles.predictor import Predictor
from diptych.data.dataset import Sample
from diptych.errors import InputError
from diptych.graphs.surgery import laid_open
from diptych.images.cache import Store
from diptych.images.decoding import pixel_store
from diptych.images.preprocess import Pixels
from diptych.images.rows import StoredRows
from diptych.metrics.predictions import Predictions
from diptych.metrics.probabilities import Logits, Probabilities
from diptych.reliability.calibration import Calibration, uncalibrated
from diptych.reliability.ood import references
from diptych.reporting.analysis import neighbours
from diptych.reporting.explain import Look, looks, occlusion, overlay
from diptych.reporting.review import SHOWN, Near, Review, review
from diptych.reporting.robustness import robustness
from diptych.runtimes import Run
from diptych.system.progress import Track, unwatched
from diptych.training.features import FeatureExtractor, features

# Training pictures shown beside a mistake.
NEAREST = 3
# Mistakes whose heat is found by hiding one place after the other, which takes a second each.
HANDFUL = 4


def reviewed(predictor: Predictor, predictions: Predictions, *, track: Track = unwatched) -> Review:
    """What a bundle's answers tell, why it made its mistakes, and how it fares on worse pictures.

    No framework is needed. Without the package onnx there are no nearest training pictures, and no
    answers before a calibration that scales each class by its own factor.
    """
    bundle, dataset, run = predictor.bundle, predictions.dataset, predictor.fast()
    store = pixel_store(bundle.shape)  # the evaluation left their pixels there
    found = review(predictions, store, bundle.facts)
    by_name = {sample.name: sample for sample in dataset.samples}
    mistakes = [by_name[answer.name] for answer in found.wrong]
    answers = [bundle.classes.index(answer.answer) for answer in found.wrong]
    extractor = _extractor(bundle)
    near, near_note = _near(bundle, extractor, mistakes, store, track)
    rows = StoredRows(store, [sample.digest for sample in dataset.samples])
    return replace(
        found,
        uncalibrated_NK=_uncalibrated(bundle, extractor, predictions, store, track),
        near=near,
        near_note=near_note,
        heat=_heat(predictor, run, mistakes, answers, store),
        robustness=robustness(run, rows, dataset.targets(), track=track),
    )


def _extractor(bundle: Bundle) -> FeatureExtractor | None:
    """The bundle's network up to and through its last layer; None without the package onnx."""
    if not importlib.util.find_spec("onnx"):
        return None
    classes, width = load_safetensors(bundle.read(WEIGHTS))["classifier.weight"].shape
    return FeatureExtractor(laid_open(bundle.read(GRAPH)), (width, classes))


def _uncalibrated(
    bundle: Bundle,
    extractor: FeatureExtractor | None,
    predictions: Predictions,
    store: Store,
    track: Track,
) -> Probabilities | None:
    """What the probabilities were before calibration; None where they cannot be told."""
    facts = bundle.facts["calibration"]
    found = Calibration(*(facts[name] for name in Calibration._fields))
    keys = [sample.digest for sample in predictions.dataset.samples]

    def logits() -> Logits | None:
        return None if extractor is None else features(extractor, keys, store, track=track)[1]

    return uncalibrated(found, predictions.probabilities_NK, logits)


def _near(
    bundle: Bundle,
    extractor: FeatureExtractor | None,
    mistakes: Sequence[Sample],
    store: Store,
    track: Track,
) -> tuple[dict[str, list[Near]], str]:
    """The training pictures most like each mistake, and a word on where they were looked for."""
    if not mistakes:
        return {}, ""
    if extractor is None:
        return {}, "With the package onnx the training pictures most like each would be shown."
    train = bundle.splits().train.samples
    there = [sample for sample in train if store.has_row(sample.digest)]
    if not there:
        return {}, (
            "The training pictures are no longer in the cache, so those most like each mistake "
            "cannot be shown."
        )
    chosen = [there[i] for i in references([bundle.classes.index(s.label) for s in there])]
    keys = [sample.digest for sample in (*chosen, *mistakes)]
    seen_ND = features(extractor, keys, store, track=track)[0]
    nearest = neighbours(seen_ND[len(chosen) :], seen_ND[: len(chosen)], NEAREST)
    near = {
        sample.name: [
            Near(chosen[i].name, chosen[i].label, chosen[i].digest, float(alike))
            for i, alike in zip(indices, likeness, strict=True)
        ]
        for sample, indices, likeness in zip(mistakes, *nearest, strict=True)
    }
    some = f"Looked for among {len(chosen):,} of the {len(train):,} training pictures."
    return near, some if len(chosen) < len(train) else ""


def _heat(
    predictor: Predictor,
    run: Run,
    mistakes: Sequence[Sample],
    answers: Sequence[int],
    store: Store,
) -> dict[str, Pixels]:
    """What the network looked at in mistakes: by Grad-CAM, else in a handful by occlusion."""
    if not mistakes:
        return {}
    look, most = _look(predictor, run)
    mistakes, answers = mistakes[:most], answers[:most]
    pixels_NHWC = store.read([sample.digest for sample in mistakes])
    return {
        sample.name: overlay(pixels_HWC, look(pixels_HWC, k))
        for sample, pixels_HWC, k in zip(mistakes, pixels_NHWC, answers, strict=True)
    }


def _look(predictor: Predictor, run: Run) -> tuple[Look, int]:
    """How to look at a picture, and at how many at most."""
    try:
        return looks(predictor, "gradcam"), SHOWN
    except InputError:
        # Its framework is not installed, or the network has no map of places.
        return (lambda pixels_HWC, k: occlusion(run, pixels_HWC, k)), HANDFUL

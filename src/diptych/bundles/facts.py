"""What bundle.json says of a classifier, but for the hashes of the members."""

import importlib.metadata
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from diptych.bundles.continuing import EarlierBundle, continued_facts
from diptych.data.dataset import classes_hash
from diptych.data.splitting import Splits
from diptych.images.preprocess import RULES, fingerprint
from diptych.metrics import Score
from diptych.metrics.predictions import Predictions
from diptych.recipe import Recipe
from diptych.reliability.conformal import prediction_sets
from diptych.reliability.diagram import calibration_error_by_chance, expected_calibration_error
from diptych.system.versions import versions
from diptych.tracking import Tracking
from diptych.training.crossvalidation import CrossValidation
from diptych.training.reliable import ReliableModel


@dataclass(frozen=True)
class TestedModel:
    """A reliable model with its answers for the test part: all that a bundle is made of."""

    recipe: Recipe
    model: ReliableModel
    parts: Splits
    predictions: Predictions
    baseline: Predictions  # of the linear classifier
    earlier: EarlierBundle | None = None  # that it went on from
    tracking: Tracking | None = None  # who is told of it
    cross_validation: CrossValidation | None = None


def bundle_facts(tested: TestedModel) -> dict[str, Any]:
    """What bundle.json says: classes, preprocess, recipe, data, scores, limits, versions."""
    train, valid, test = tested.parts
    trained = tested.model.trained
    whole = replace(train, samples=train.samples + valid.samples + test.samples)
    return {
        "diptych": importlib.metadata.version("diptych"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "classes": list(train.classes),
        "classes_sha256": classes_hash(train.classes),
        "preprocess": {
            "shape": list(trained.network.input),
            "rules": RULES,
            "bits": train.bits,
            "fingerprint": fingerprint(train.shape_at(tested.recipe.image_size), train.bits),
            "values": train.values and train.values._asdict(),
        },
        "network": trained.network.name,
        "recipe": asdict(tested.recipe),
        "continues": continued_facts(tested.earlier, tested.parts, tested.recipe.image_size),
        "data": {
            "fingerprint": whole.fingerprint(),
            **{part: len(data) for part, data in tested.parts._asdict().items()},
            "compared": bool(train.compared) and len({part.compared for part in tested.parts}) == 1,
        },
        "test": tested.predictions.scores().to_json(),
        "baseline": tested.baseline.scores().to_json(),
        "cross_validation": tested.cross_validation and tested.cross_validation.to_json(),
        "calibration": _calibration(tested),
        "ood": _ood(tested),
        "prediction_sets": _prediction_sets(tested),
        "drift": [quantity._asdict() for quantity in tested.model.drift],
        "parity": trained.parity._asdict(),
        "versions": versions(),
    }


def set_coverage(predictions: Predictions, conformal_threshold: float) -> tuple[Score, float]:
    """The share of pictures whose prediction set holds the label, and the sets' mean size."""
    sets_NK = prediction_sets(predictions.probabilities_NK, conformal_threshold)
    covered_N = sets_NK[np.arange(len(sets_NK)), predictions.dataset.targets()]
    return predictions.share(covered_N), float(sets_NK.sum(1).mean())


def _calibration(tested: TestedModel) -> dict[str, Any]:
    """How the probabilities were calibrated, and how far they are off on the test part."""
    calibration = tested.model.trained.calibration
    p_NK = calibration.natural(tested.predictions.probabilities_NK)
    labels = tested.parts.test.targets()
    return {
        **calibration._asdict(),
        "temperature": calibration.temperature,
        "test_error": expected_calibration_error(p_NK, labels),
        "test_error_by_chance": calibration_error_by_chance(p_NK),
    }


def _ood(tested: TestedModel) -> dict[str, Any]:
    """How pictures of something else are known, and how many test pictures pass for none."""
    outlier_N = tested.predictions.out_of_distribution()
    accepted = tested.predictions.share(~outlier_N)
    return {**tested.model.detector.facts(), "test_acceptance": accepted._asdict()}


def _prediction_sets(tested: TestedModel) -> dict[str, Any]:
    """The prediction sets: what was promised, and what came of it on the test part."""
    threshold = tested.model.conformal_threshold
    coverage, size = set_coverage(tested.predictions, threshold)
    return {
        "coverage": tested.recipe.coverage,
        "conformal_threshold": threshold,
        "test_coverage": coverage._asdict(),
        "test_size": size,
    }

"""A trained network to one that knows its limits: "none of these", prediction sets, drift."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from diptych.data.dataset import Dataset
from diptych.data.grouping import independent
from diptych.images.store import Store
from diptych.metrics.probabilities import Logits, Probabilities, softmax
from diptych.recipe import Recipe
from diptych.reliability.components import (
    PrincipalComponents,
    components_and_unseen,
    with_components,
)
from diptych.reliability.conformal import conformal_threshold
from diptych.reliability.drift import (
    ReferenceDistribution,
    answer_values,
    component_values,
    reference_distributions,
)
from diptych.reliability.ood import (
    REFERENCES,
    Features,
    Floats,
    OodDetector,
    reference_indices,
)
from diptych.reliability.ood_choice import ranked_detectors
from diptych.reliability.ood_graph import with_ood_score
from diptych.reliability.synthetic_outliers import synthetic_outliers
from diptych.runtimes import fastest, gate, open_outputs
from diptych.runtimes.features import extract, features
from diptych.system.progress import Track
from diptych.training.fitting import TrainedNetwork, last_layer_logits

# Validation pictures on which the graph's OOD score is compared with the detector's.
GATE_PICTURES = 12


class ReliableModel(NamedTuple):
    """A trained network that also says how unlike its training a picture is, and how sure it is."""

    trained: TrainedNetwork
    graph: bytes  # the trained one's, with the OOD score and the components of drift
    detector: OodDetector
    conformal_threshold: float  # of an answer in a prediction set
    drift: tuple[ReferenceDistribution, ...]  # what is watched in use, as it was in training


class _References(NamedTuple):
    """Training pictures that outliers are known by, and all validation pictures."""

    train: Features
    labels: list[int]  # of the training pictures
    valid: Features
    valid_logits_NK: Logits


def make_reliable(
    recipe: Recipe,
    trained: TrainedNetwork,
    train: Dataset,
    valid: Dataset,
    store: Store,
    track: Track,
) -> ReliableModel:
    """Add an OOD detector, a conformal threshold and a reference for drift to a trained network.

    The store has the pixels of every sample. No score is worth the loss of a trained network: where
    none of them can be relied on, the detector is that of none.
    """
    references = _references(trained, train, valid, store, track)
    components, unseen_NC = _components(recipe, trained, references, train, valid, store)
    detectors = _detectors(recipe, trained, references, train)
    graph, detector = _scored(trained, detectors, components, valid, store)
    p_NK = softmax(references.valid_logits_NK)
    return ReliableModel(
        trained,
        graph,
        detector,
        conformal_threshold(p_NK, valid.targets(), recipe.coverage),
        _drift(references, p_NK, detector, unseen_NC, valid),
    )


def _references(
    trained: TrainedNetwork, train: Dataset, valid: Dataset, store: Store, track: Track
) -> _References:
    indices = reference_indices(train.targets())
    samples = [*(train.samples[i] for i in indices), *valid.samples]
    keys = [sample.digest for sample in samples]
    every = features(trained.feature_extractor, keys, store, track=track)
    valid_features = tuple(part_ND[len(indices) :] for part_ND in every)
    return _References(
        tuple(part_ND[: len(indices)] for part_ND in every),
        [train.targets()[i] for i in indices],
        valid_features,
        last_layer_logits(trained.weights, valid_features[0]),
    )


def _detectors(
    recipe: Recipe, trained: TrainedNetwork, references: _References, train: Dataset
) -> list[OodDetector]:
    """The OOD detectors, the one that tells synthetic outliers from validation pictures best first.

    The last one knows no outliers.
    """
    run = open_outputs(trained.feature_extractor.graph, fastest())
    outliers = extract(run, synthetic_outliers(train.shape_at(recipe.image_size)))
    return ranked_detectors(
        references.train,
        references.labels,
        references.valid,
        references.valid_logits_NK,
        outliers,
        last_layer_logits(trained.weights, outliers[0]),
        recipe.acceptance,
    )


def _scored(
    trained: TrainedNetwork,
    detectors: Sequence[OodDetector],
    components: PrincipalComponents,
    valid: Dataset,
    store: Store,
) -> tuple[bytes, OodDetector]:
    """The whole graph with the first score that comes out of it as the detector has it."""
    pixels = store.read([sample.digest for sample in valid.samples[:GATE_PICTURES]])
    exact = extract(open_outputs(trained.feature_extractor.graph), pixels)
    logits_NK = last_layer_logits(trained.weights, exact[0])
    for detector in detectors:
        graph = with_components(with_ood_score(trained.graph, detector), components)
        score_N = open_outputs(graph)(pixels)[1]
        difference = gate.ood_score_difference(score_N, detector.scores(exact, logits_NK))
        if difference <= gate.OOD_SCORE_LIMIT:
            break
    return graph, detector


def _components(
    recipe: Recipe,
    trained: TrainedNetwork,
    references: _References,
    train: Dataset,
    valid: Dataset,
    store: Store,
) -> tuple[PrincipalComponents, Floats]:
    """What drift is seen by, and where pictures lie along it that had no part in its choice."""
    train_ND = references.train[0]
    # Weights that come from elsewhere may have been learned from these very pictures.
    frozen = trained.head_only and recipe.weights == "pretrained"
    if frozen:
        # A sample as it comes: those that outliers are known by have each class as often.
        rng = np.random.default_rng(0)
        some = rng.permutation(independent(train.samples))[: 2 * REFERENCES]
        keys = [train.samples[i].digest for i in some]
        train_ND = features(trained.feature_extractor, keys, store)[0]
    valid_ND = references.valid[0][independent(valid.samples)]
    return components_and_unseen(train_ND, valid_ND, frozen=frozen)


def _drift(
    references: _References,
    p_NK: Probabilities,
    detector: OodDetector,
    unseen_NC: Floats,
    valid: Dataset,
) -> tuple[ReferenceDistribution, ...]:
    """What is watched in use, as it is on pictures that are to the network as new ones are."""
    one_each = independent(valid.samples)
    # Answers for the pictures of the training would be better than those for new ones.
    ood_score_N = detector.scores(references.valid, references.valid_logits_NK)
    of_answers = answer_values(p_NK[one_each], ood_score_N[one_each])
    return reference_distributions(
        {**of_answers, **component_values(unseen_NC)}, len(valid.classes)
    )

"""A recipe and pictures to a trained network whose graph was compared with it.

`fitted` trains and calibrates; `wary` adds how outliers are known and how drift is seen.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych import engines
from diptych.data.dataset import Dataset
from diptych.engines.backbone import backbone_graph
from diptych.engines.contract import Engine, Optimiser
from diptych.errors import InputError
from diptych.images.augmentation import Augment
from diptych.images.cache import Store
from diptych.images.rows import Rows, StoredRows, pixel_rows
from diptych.metrics.predictions import Predictions
from diptych.metrics.probabilities import Logits, softmax
from diptych.networks import Network, Weights, choosing, initial
from diptych.recipe import Recipe
from diptych.reliability.calibration import Calibration, calibrate
from diptych.reliability.conformal import conformal_threshold
from diptych.reliability.drift import Quantity, along, components, learned, values
from diptych.reliability.ood import OodDetector, chosen, references, synthetic_outliers
from diptych.runtimes import fastest, gate, open_graph, open_outputs
from diptych.system.progress import Track, unwatched
from diptych.training.batches import Batches, one_hot
from diptych.training.features import FeatureExtractor, extracted, feature_extractor, features
from diptych.training.loop import Epoch, Schedule, fit, predict_rows

Floats = npt.NDArray[np.float32]

# Validation pictures that the gate looks at.
GATE_PICTURES = 48
OOD_SCORE_PICTURES = 12


class Model(NamedTuple):
    """A trained network with its checked graph."""

    network: Network
    weights: dict[str, np.ndarray[Any, np.dtype[np.float32]]]
    graph: bytes
    history: tuple[Epoch, ...]
    calibration: Calibration
    parity: gate.Parity
    head_only: bool  # the backbone stayed as it was
    feature_extractor: FeatureExtractor | None = (
        None  # what the backbone sees; None where nobody asked yet
    )
    detector: OodDetector | None = None  # how it knows pictures of something else
    conformal_threshold: float = 0.0  # of an answer in a prediction set
    drift: tuple[Quantity, ...] = ()  # what is watched in use, as it was in training


def fitted(
    recipe: Recipe, train: Dataset, valid: Dataset, store: Store, keep: Path, track: Track
) -> Model:
    """Train a network, the head alone or all of it, calibrate it, then export and check it.

    The store has the pixels of every sample. Raises what `ImageClassifier.fit` raises.
    """
    shape = train.shape_at(recipe.image_size)
    network = choosing.network(recipe, shape, len(train.classes))
    begun = choosing.pretrained(network, recipe)
    head_only = recipe.train == "head" or (recipe.train == "auto" and bool(begun))
    if head_only and not begun and network.name != "linear":
        raise InputError(
            f"--train head needs pretrained weights, and {network.name} has none here; "
            "use --train all"
        )
    weights: Weights = {**initial(network, recipe.seed), **begun}
    keys = [[sample.digest for sample in part.samples] for part in (train, valid)]
    rows: list[Rows]
    extractor = None
    if head_only:
        graph = backbone_graph(recipe.engine, network, weights)
        extractor = feature_extractor(graph, network.features)
        both = features(extractor, [*keys[0], *keys[1]], store, track=track)[0]
        rows = [both[: len(train)], both[len(train) :]]
        trained, history = _optimised(
            recipe, network.head, weights, 1.0, rows, train, valid, keep, track
        )
        weights = {**weights, **trained.weights()}
    else:
        if network.external:
            # Better to know now than after hours of training that no graph can be made of it.
            engines.build(recipe.engine, network, weights).export("onnx")
        rate = recipe.backbone_rate if begun else 1.0
        rows = [pixel_rows(store, some) for some in keys]
        trained, history = _optimised(
            recipe, network, weights, rate, rows, train, valid, keep, track
        )
        weights = trained.weights()
    calibration = calibrate(predict_rows(trained, rows[1]), valid.targets())
    weights = calibration.folded(weights)
    engine = engines.build(recipe.engine, network, weights)
    whole = engine.export("onnx")
    seen = store.read(keys[1][:GATE_PICTURES])
    parity = gate.check(open_graph(whole), seen, softmax(engine.predict(seen)))
    return Model(
        network, engine.weights(), whole, history, calibration, parity, head_only, extractor
    )


def wary(
    recipe: Recipe, model: Model, train: Dataset, valid: Dataset, store: Store, track: Track
) -> Model:
    """The same model, which also says how strange it finds a picture, and how sure it is.

    The store has the pixels of every sample. Raises GateError where the graph's OOD score is not
    what it should be.
    """
    extractor = model.feature_extractor
    if extractor is None:
        graph = backbone_graph(recipe.engine, model.network, model.weights)
        extractor = feature_extractor(graph, model.network.features)
    look = open_outputs(extractor.graph, fastest())
    some = references(train.targets())
    valid_keys = [sample.digest for sample in valid.samples]
    keys = [train.samples[i].digest for i in some] + valid_keys
    seen = features(extractor, keys, store, track=track)
    drawn = extracted(look, synthetic_outliers(train.shape_at(recipe.image_size)))
    valid_seen = [part[len(some) :] for part in seen]
    valid_logits_NK = logits(model.weights, valid_seen[0])

    detector = chosen(
        [part[: len(some)] for part in seen],
        [train.targets()[i] for i in some],
        valid_seen,
        valid_logits_NK,
        drawn,
        logits(model.weights, drawn[0]),
        recipe.acceptance,
    )
    differing = components(seen[0][: len(some)])
    graph = differing.written(detector.written(model.graph))
    checked = store.read(valid_keys[:OOD_SCORE_PICTURES])
    expected = extracted(open_outputs(extractor.graph), checked)
    found = open_outputs(graph)(checked)[1]
    gate.check_ood_score(found, detector.scores(expected, logits(model.weights, expected[0])))
    p_NK = softmax(valid_logits_NK)
    # Answers for the pictures of the training would be better than those for new ones.
    watched = {
        **values(p_NK, detector.scores(valid_seen, valid_logits_NK), differing.of(valid_seen[0])),
        **along(differing.of(seen[0][: len(some)])),
    }
    return model._replace(
        graph=graph,
        feature_extractor=extractor,
        detector=detector,
        conformal_threshold=conformal_threshold(p_NK, valid.targets(), recipe.coverage),
        drift=learned(watched, len(train.classes)),
    )


def logits(weights: Weights, features_ND: Floats) -> Logits:
    """What the last layer makes of features."""
    kernel, bias = (weights[f"classifier.{part}"] for part in ("weight", "bias"))
    return np.asarray(features_ND @ kernel.T + bias, np.float32)


def _optimised(
    recipe: Recipe,
    network: Network,
    weights: Weights,
    backbone_rate: float,
    rows: list[Rows],
    train: Dataset,
    valid: Dataset,
    keep: Path,
    track: Track,
) -> tuple[Engine, tuple[Epoch, ...]]:
    """An engine with the weights of its best epoch."""
    own = {name: value for name, value in weights.items() if network.has(name)}
    optimiser = _optimiser(recipe, backbone_rate)
    engine = engines.build(recipe.engine, network, own, optimiser, recipe.seed)
    targets = one_hot(train.targets(), len(train.classes), recipe.label_smoothing)
    augment = _augment(recipe) if len(network.input) == 3 else None
    batches = Batches(rows[0], targets, recipe.batch_size, recipe.seed, augment)
    schedule = Schedule(recipe.epochs, recipe.patience, recipe.learning_rate, recipe.warmup)
    epochs = fit(engine, batches, rows[1], valid.targets(), schedule, keep)
    history = tuple(track(epochs, "training", recipe.epochs))
    return engine, history


def _augment(recipe: Recipe) -> Augment | None:
    """How pictures are changed in training; None where they are not."""
    augment = Augment(*(getattr(recipe, name) for name in Augment._fields))
    return augment if any(augment) else None


def _optimiser(recipe: Recipe, backbone_rate: float) -> Optimiser:
    return Optimiser(recipe.optimiser, recipe.weight_decay, backbone_rate)


def answers(model: Model, dataset: Dataset, store: Store, track: Track = unwatched) -> Predictions:
    """What the model's graph answers for pictures whose pixels are in the store."""
    outputs = open_outputs(model.graph)
    rows = StoredRows(store, [sample.digest for sample in dataset.samples])
    starts = range(0, len(rows), 16)
    parts = [
        outputs(rows[np.arange(start, min(start + 16, len(rows)))])[:2]
        for start in track(starts, "testing", len(starts))
    ]
    return Predictions(dataset, *map(np.concatenate, zip(*parts, strict=True)))

"""ImageClassifier: from clean, split pictures to something that can be saved and trusted."""

import hashlib
import importlib.metadata
import itertools
import json
import platform
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import save as save_safetensors

from diptych import bundle, engines
from diptych.auditing import Audit
from diptych.augment import Augment
from diptych.batches import Batches, Cached, Rows, one_hot, pixel_rows
from diptych.cache import Store
from diptych.calibration import (
    Calibration,
    calibrate,
    calibration_error,
    perfect_calibration_error,
)
from diptych.dataset import Dataset, Sample, classes_hash
from diptych.decoding import decoded, pixel_store
from diptych.engines import Engine, Optimiser
from diptych.errors import InputError
from diptych.exporting import gate
from diptych.features import features
from diptych.model_card import model_card
from diptych.networks import Network, Weights, initial
from diptych.networks.graph import with_metadata
from diptych.predictions import Predictions
from diptych.preprocess import RULES, as_png, fingerprint
from diptych.probabilities import softmax
from diptych.progress import Track, unwatched
from diptych.recipe import Recipe
from diptych.runtimes import open_graph
from diptych.splitting import Splits
from diptych.training import Epoch, Schedule, fit, predict_rows

# Validation pictures that the gate looks at, and those that go into the bundle as golden.
GATE_PICTURES = 48
GOLDEN_PICTURES = 6
BASELINE = Recipe(engine="linear", network="linear", train="head", learning_rate=0.003)


class Model(NamedTuple):
    """A trained network with its checked graph."""

    network: Network
    weights: dict[str, np.ndarray[Any, np.dtype[np.float32]]]
    graph: bytes
    history: tuple[Epoch, ...]
    calibration: Calibration
    parity: gate.Parity
    head_only: bool  # the backbone stayed as it was


class ImageClassifier:
    """Trains by a recipe; scikit-learn's verbs with scikit-learn's meanings.

    Without a recipe, by the one that suits the pictures: `Recipe()` for files,
    `Recipe.for_pixels()` for pictures that come as numbers.
    """

    def __init__(self, recipe: Recipe | None = None) -> None:
        self.recipe = recipe or Recipe()
        self._chosen = recipe is not None
        self._fitted: tuple[Model, Model, Dataset, Dataset] | None = None
        self._checkpoints: Path | None = None

    def fit(
        self,
        train: Dataset,
        valid: Dataset,
        *,
        keep: Path | None = None,
        track: Track = unwatched,
    ) -> "ImageClassifier":
        """Train on one part and choose the best epoch on another.

        With a `keep` folder a run that was killed goes on where it was. Raises InputError for
        pictures that cannot be used (an audit finds them), an unknown network and the like;
        GateError when the exported graph disagrees with the network.
        """
        if not (len(train) and len(valid)):
            raise InputError("training needs pictures to train on and others to validate with")
        if train.shape and not self._chosen:
            self.recipe = Recipe.for_pixels(len(train))
        store = pixel_store(train.shape_at(self.recipe.image_size))
        train, valid = (_with_pixels(part, store, track) for part in (train, valid))
        with tempfile.TemporaryDirectory() as temporary:
            state = _run_folder(keep or Path(temporary), self.recipe, train, valid)
            self._checkpoints = state
            model = fitted(self.recipe, train, valid, store, state / "model", track)
            recipe = replace(
                BASELINE,
                image_size=self.recipe.image_size,
                batch_size=self.recipe.batch_size,
                seed=self.recipe.seed,
            )
            baseline = fitted(recipe, train, valid, store, state / "baseline", unwatched)
        self._fitted = (model, baseline, train, valid)
        return self

    def evaluate(self, test: Dataset, *, track: Track = unwatched) -> "Evaluation":
        """Answer for the test part with the graph that will be shipped, and score the answers."""
        if self._fitted is None:
            raise InputError("this classifier is not trained yet; call fit first")
        model, baseline, train, valid = self._fitted
        store = pixel_store(train.shape_at(self.recipe.image_size))
        test = _with_pixels(test, store, track)
        return Evaluation(
            self.recipe,
            model,
            Splits(train, valid, test),
            answers(model, test, store, track),
            answers(baseline, test, store, unwatched),
        )

    def forget_checkpoints(self) -> None:
        """Delete what `fit` kept for the case that it is killed."""
        if self._checkpoints:
            shutil.rmtree(self._checkpoints, ignore_errors=True)


@dataclass(frozen=True)
class Evaluation:
    """A trained classifier with its answers on the test part: all that a bundle holds."""

    recipe: Recipe
    model: Model
    parts: Splits
    predictions: Predictions
    baseline: Predictions

    def save(self, path: str | Path, *, audit: Audit | None = None, force: bool = False) -> Path:
        """Write the bundle, aside and then into place.

        Raises InputError when the path exists and `force` is not given, or cannot be written.
        """
        golden = _golden(self.model, self.parts.valid)
        facts = {**self.facts(), "golden": sorted(n for n in golden if n != bundle.GOLDEN)}
        members = {
            bundle.WEIGHTS: save_safetensors(self.model.weights),
            bundle.GRAPH: with_metadata(self.model.graph, _metadata(facts)),
            "recipe.toml": self.recipe.to_toml().encode(),
            "history.csv": _history_csv(self.model.history).encode(),
            "predictions.csv": self.predictions.to_csv().encode(errors="surrogateescape"),
            "splits.csv": self.parts.to_csv().encode(errors="surrogateescape"),
            "README.md": model_card(Path(path).name, facts).encode(),
            **golden,
        }
        if audit is not None:
            members["audit.csv"] = audit.to_csv().encode(errors="surrogateescape")
        bundle.write(Path(path), members, facts, force)
        return Path(path)

    def facts(self) -> dict[str, Any]:
        """What bundle.json says, but for the hashes."""
        train, valid, test = self.parts
        whole = replace(train, samples=train.samples + valid.samples + test.samples)
        return {
            "diptych": importlib.metadata.version("diptych"),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "classes": list(train.classes),
            "classes_sha256": classes_hash(train.classes),
            "preprocess": {
                "shape": list(self.model.network.input),
                "rules": RULES,
                "fingerprint": fingerprint(train.shape_at(self.recipe.image_size)),
            },
            "network": self.model.network.name,
            "recipe": asdict(self.recipe),
            "data": {
                "fingerprint": whole.fingerprint(),
                **{part: len(data) for part, data in self.parts._asdict().items()},
            },
            "test": self.predictions.scores().to_json(),
            "baseline": self.baseline.scores().to_json(),
            "calibration": self._calibration(),
            "parity": self.model.parity._asdict(),
            "made_with": versions(),
        }

    def _calibration(self) -> dict[str, Any]:
        """How the probabilities were calibrated, and how far they are off on the test part."""
        p_NK, labels = self.predictions.probabilities_NK, self.parts.test.targets()
        return {
            **self.model.calibration._asdict(),
            "temperature": self.model.calibration.temperature,
            "test_error": calibration_error(p_NK, labels),
            "test_error_by_chance": perfect_calibration_error(p_NK),
        }


def fitted(
    recipe: Recipe, train: Dataset, valid: Dataset, store: Store, keep: Path, track: Track
) -> Model:
    """Train a network, the head alone or all of it, calibrate it, then export and check it.

    The store has the pixels of every sample. Raises what `ImageClassifier.fit` raises.
    """
    shape = train.shape_at(recipe.image_size)
    network = engines.network(recipe, shape, len(train.classes))
    begun = engines.pretrained(network, recipe)
    head_only = recipe.train == "head" or (recipe.train == "auto" and bool(begun))
    if head_only and not begun and network.name != "linear":
        raise InputError(
            f"--train head needs pretrained weights, and {network.name} has none here; "
            "use --train all"
        )
    weights: Weights = {**initial(network, recipe.seed), **begun}
    keys = [[sample.digest for sample in part.samples] for part in (train, valid)]
    rows: list[Rows]
    if head_only:
        graph = engines.backbone_graph(recipe.engine, network, weights)
        both = features(graph, network.features, [*keys[0], *keys[1]], store, track=track)
        rows = [both[: len(train)], both[len(train) :]]
        trained, history = _optimised(
            recipe, network.head, weights, 1.0, rows, train, valid, keep, track
        )
        weights = {**weights, **trained.weights()}
    else:
        if network.external:
            # Better to know now than after hours of training that no graph can be made of it.
            engines.untrained(recipe.engine, network, weights).export("onnx")
        rate = recipe.backbone_rate if begun else 1.0
        rows = [pixel_rows(store, some) for some in keys]
        trained, history = _optimised(
            recipe, network, weights, rate, rows, train, valid, keep, track
        )
        weights = trained.weights()
    calibration = calibrate(predict_rows(trained, rows[1]), valid.targets())
    weights = calibration.folded(weights)
    engine = engines.untrained(recipe.engine, network, weights)
    whole = engine.export("onnx")
    seen = store.read(keys[1][:GATE_PICTURES])
    parity = gate.check(open_graph(whole), seen, softmax(engine.predict(seen)))
    return Model(network, engine.weights(), whole, history, calibration, parity, head_only)


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
    run = open_graph(model.graph)
    rows = Cached(store, [sample.digest for sample in dataset.samples])
    starts = range(0, len(rows), 16)
    parts = [
        run(rows[np.arange(start, min(start + 16, len(rows)))])
        for start in track(starts, "testing", len(starts))
    ]
    return Predictions(dataset, np.concatenate(parts))


def _with_pixels(dataset: Dataset, store: Store, track: Track) -> Dataset:
    """The data set with every picture in the cache; raises InputError for one that cannot be."""
    if all(store.has_row(sample.digest) for sample in dataset.samples):
        return dataset
    if dataset.shape:
        raise InputError(f"{dataset.root}: the cache was cleared since it was read; read it again")
    found = decoded((sample.path for sample in dataset.samples), store)
    samples = []
    for sample, picture in zip(
        dataset.samples, track(found, "reading pictures", len(dataset)), strict=True
    ):
        if picture.reason:
            raise InputError(
                f"{sample.path}: {picture.reason} ({picture.detail}); "
                "leave such files out with clean(data, audit(data))"
            )
        samples.append(sample._replace(digest=picture.digest))
    return dataset.with_samples(samples)


def _run_folder(keep: Path, recipe: Recipe, train: Dataset, valid: Dataset) -> Path:
    """Where checkpoints of exactly this recipe on exactly these pictures lie."""
    choices = json.dumps([asdict(recipe), train.fingerprint(), valid.fingerprint()])
    return keep / hashlib.sha256(choices.encode()).hexdigest()[:16]


def _golden(model: Model, valid: Dataset) -> dict[str, bytes]:
    """The smallest validation pictures of each class in turn, as they came, with the answers.

    Pictures that came as numbers become PNG.
    """

    def size(sample: Sample) -> int:
        return 0 if valid.shape else sample.path.stat().st_size

    by_class = [
        sorted((s for s in valid.samples if s.label == label), key=size) for label in valid.classes
    ]
    turns = (s for row in itertools.zip_longest(*by_class) for s in row if s)
    chosen = list(itertools.islice(turns, GOLDEN_PICTURES))
    height, width, channels = model.network.input
    store = pixel_store((height, width, channels))
    pixels = store.read([sample.digest for sample in chosen])
    expected = {"pixels": pixels, "probabilities": open_graph(model.graph)(pixels)}
    if valid.shape:
        files = {f"golden/{i}.png": as_png(picture) for i, picture in enumerate(pixels)}
    else:
        files = {
            f"golden/{i}{sample.path.suffix.lower()}": sample.path.read_bytes()
            for i, sample in enumerate(chosen)
        }
    return {**files, bundle.GOLDEN: save_safetensors(expected)}


def _metadata(facts: Mapping[str, Any]) -> dict[str, str]:
    chosen = {key: facts[key] for key in ("diptych", "classes", "classes_sha256", "preprocess")}
    return {key: json.dumps(value) for key, value in chosen.items()}


def _history_csv(history: Iterable[Epoch]) -> str:
    lines = [",".join(Epoch._fields)]
    lines += [",".join(str(value) for value in epoch) for epoch in history]
    return "\n".join(lines) + "\n"


def versions() -> dict[str, str]:
    """The versions of what a result may depend on, where installed."""
    names = ("numpy", "pillow", "onnxruntime", "openvino", "torch", "timm", "tensorflow", "keras")
    installed = {d.metadata["Name"].lower() for d in importlib.metadata.distributions()}
    found = {name: importlib.metadata.version(name) for name in names if name in installed}
    return {"python": platform.python_version(), **found}

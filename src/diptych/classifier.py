"""ImageClassifier: from clean, split pictures to something that can be saved and trusted."""

import hashlib
import importlib.metadata
import importlib.util
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
import numpy.typing as npt
from safetensors.numpy import save as save_safetensors

from diptych import bundle, engines, strangers
from diptych.analysis import neighbours
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
from diptych.conformal import least_probability, prediction_sets
from diptych.dataset import Dataset, Sample, classes_hash
from diptych.decoding import decoded, pixel_store
from diptych.drift import Quantity, along, components, learned, values
from diptych.engines import Engine, Optimiser
from diptych.errors import InputError
from diptych.explain import overlay
from diptych.exporting import gate
from diptych.features import Sight, features, looked, sight
from diptych.metrics import share
from diptych.model_card import model_card
from diptych.networks import Network, Weights, initial
from diptych.networks.graph import with_metadata
from diptych.predictions import Predictions
from diptych.preprocess import RULES, Pixels, as_png, fingerprint
from diptych.probabilities import Logits, Probabilities, softmax
from diptych.progress import Track, unwatched
from diptych.recipe import Recipe
from diptych.reviewing import Near, Review, review
from diptych.reviewing.curve import LearningCurve, learning_curve
from diptych.reviewing.page import review_page
from diptych.runtimes import fastest, open_graph, open_outputs
from diptych.splitting import Splits
from diptych.strangers import Strangers, chosen, draw_strangers, references
from diptych.training import Epoch, Schedule, fit, predict_rows

Floats = npt.NDArray[np.float32]

# Validation pictures that the gate looks at, and those that go into the bundle as golden.
GATE_PICTURES = 48
STRANGENESS_PICTURES = 12
GOLDEN_PICTURES = 6
# Training pictures shown beside a mistake.
NEAREST = 3
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
    sight: Sight | None = None  # what the backbone sees; None where nobody asked yet
    strangers: Strangers | None = None  # how it knows pictures of something else
    least_probability: float = 0.0  # of an answer in a prediction set
    drift: tuple[Quantity, ...] = ()  # what is watched in use, as it was in training


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
            trained = fitted(self.recipe, train, valid, store, state / "model", track)
            model = wary(self.recipe, trained, train, valid, store, track)
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
        assert self.model.strangers is not None
        golden = _golden(self.model, self.parts.valid)
        facts = {**self.facts(), "golden": sorted(n for n in golden if n != bundle.GOLDEN)}
        members = {
            bundle.WEIGHTS: save_safetensors(self.model.weights),
            bundle.GRAPH: with_metadata(self.model.graph, _metadata(facts)),
            bundle.STRANGERS: strangers.saved(self.model.strangers),
            "recipe.toml": self.recipe.to_toml().encode(errors="surrogateescape"),
            "history.csv": _history_csv(self.model.history).encode(),
            "predictions.csv": self.predictions.to_csv().encode(errors="surrogateescape"),
            bundle.SPLITS: self.parts.to_csv().encode(errors="surrogateescape"),
            "README.md": model_card(Path(path).name, facts).encode(errors="surrogateescape"),
            **golden,
        }
        if importlib.util.find_spec("jinja2") and importlib.util.find_spec("matplotlib"):
            name = Path(path).name
            members["report.html"] = review_page(self.review(), name).encode(
                errors="surrogateescape"
            )
        if audit is not None:
            members["audit.csv"] = audit.to_csv().encode(errors="surrogateescape")
        bundle.write(Path(path), members, facts, force)
        return Path(path)

    def review(self) -> Review:
        """How good it is, where it fails and why, as far as that is known without delay."""
        train = self.parts.train
        store = pixel_store(train.shape_at(self.recipe.image_size))
        found = review(self.predictions, store, self.facts())
        mistakes = [answer.name for answer in found.wrong]
        by_name = {sample.name: sample for sample in self.predictions.dataset.samples}
        samples = [by_name[name] for name in mistakes]
        return replace(
            found,
            baseline=self.baseline.scores().accuracy,
            uncalibrated_NK=self._uncalibrated(store),
            curve=self._learning_curve(store),
            near=self._near(samples, store),
            heat=self._heat(samples, store),
            history=[epoch._asdict() for epoch in self.model.history],
        )

    def _uncalibrated(self, store: Store) -> Probabilities | None:
        """What the probabilities were before calibration; None where nothing was calibrated."""
        found = self.model.calibration
        if found.kind == "none" or self.model.sight is None:
            return None
        keys = [sample.digest for sample in self.predictions.dataset.samples]
        seen_ND = features(self.model.sight, keys, store)[0]
        return softmax(found.undone(_logits(self.model.weights, seen_ND)))

    def _learning_curve(self, store: Store) -> LearningCurve | None:
        """Of the head, whose features are at hand; a whole network would be trained anew."""
        train, valid, _ = self.parts
        if not self.model.head_only or self.model.sight is None:
            return None
        keys = [[sample.digest for sample in part.samples] for part in (train, valid)]
        train_ND, valid_ND = (features(self.model.sight, some, store)[0] for some in keys)
        return learning_curve(train_ND, train.targets(), valid_ND, valid.targets())

    def _near(self, samples: list[Sample], store: Store) -> dict[str, list[Near]]:
        """The training pictures that look most alike to the network, for some test pictures."""
        train, seen_by = self.parts.train, self.model.sight
        if seen_by is None or not samples:
            return {}
        # Where the whole network was trained, only those are at hand that strangers are known by.
        every = range(len(train))
        some = list(every) if self.model.head_only else references(train.targets())
        shown = [train.samples[i] for i in some]
        theirs_MD = features(seen_by, [sample.digest for sample in shown], store)[0]
        ours_ND = features(seen_by, [sample.digest for sample in samples], store)[0]
        found = neighbours(ours_ND, theirs_MD, NEAREST)
        return {
            sample.name: [
                Near(shown[i].name, shown[i].label, shown[i].digest, float(alike))
                for i, alike in zip(nearest, likeness, strict=True)
            ]
            for sample, nearest, likeness in zip(samples, *found, strict=True)
        }

    def _heat(self, samples: list[Sample], store: Store) -> dict[str, Pixels]:
        """What the network looked at in some test pictures; nothing where it has no map of that."""
        if self.recipe.engine == "linear" or not samples:
            return {}
        try:
            look = engines.gradcam(self.recipe.engine, self.model.network, self.model.weights)
        except InputError:
            return {}
        pixels = store.read([sample.digest for sample in samples])
        position = {sample.name: i for i, sample in enumerate(self.predictions.dataset.samples)}
        p_NK = self.predictions.probabilities_NK[[position[sample.name] for sample in samples]]
        heats = look(pixels, p_NK.argmax(1))
        both = zip(samples, pixels, heats, strict=True)
        return {sample.name: overlay(picture, heat) for sample, picture, heat in both}

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
            "strangers": self._strangers(),
            "sets": self._sets(),
            "drift": [quantity._asdict() for quantity in self.model.drift],
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

    def _strangers(self) -> dict[str, Any]:
        """How pictures of something else are known, and how many test pictures pass for such."""
        assert self.model.strangers is not None
        assert self.predictions.strangeness_N is not None
        known_N = self.predictions.strangeness_N <= 1
        passed = share(int(known_N.sum()), len(known_N))
        return {**strangers.facts(self.model.strangers), "test_kept": passed._asdict()}

    def _sets(self) -> dict[str, Any]:
        """The prediction sets: what was promised, and what came of it on the test part."""
        sets_NK = prediction_sets(self.predictions.probabilities_NK, self.model.least_probability)
        held_N = sets_NK[np.arange(len(sets_NK)), self.parts.test.targets()]
        return {
            "coverage": self.recipe.coverage,
            "least_probability": self.model.least_probability,
            "test_coverage": share(int(held_N.sum()), len(held_N))._asdict(),
            "test_size": float(sets_NK.sum(1).mean()),
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
    seen_by = None
    if head_only:
        graph = engines.backbone_graph(recipe.engine, network, weights)
        seen_by = sight(graph, network.features)
        both = features(seen_by, [*keys[0], *keys[1]], store, track=track)[0]
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
    return Model(network, engine.weights(), whole, history, calibration, parity, head_only, seen_by)


def wary(
    recipe: Recipe, model: Model, train: Dataset, valid: Dataset, store: Store, track: Track
) -> Model:
    """The same model, which also says how strange it finds a picture, and how sure it is.

    The store has the pixels of every sample. Raises GateError where the graph's strangeness is not
    what it should be.
    """
    seen_by = model.sight
    if seen_by is None:
        graph = engines.backbone_graph(recipe.engine, model.network, model.weights)
        seen_by = sight(graph, model.network.features)
    look = open_outputs(seen_by.graph, fastest())
    some = references(train.targets())
    valid_keys = [sample.digest for sample in valid.samples]
    keys = [train.samples[i].digest for i in some] + valid_keys
    seen = features(seen_by, keys, store, track=track)
    drawn = looked(look, draw_strangers(train.shape_at(recipe.image_size)))
    valid_seen = [part[len(some) :] for part in seen]
    valid_logits_NK = _logits(model.weights, valid_seen[0])

    strangers = chosen(
        [part[: len(some)] for part in seen],
        [train.targets()[i] for i in some],
        valid_seen,
        valid_logits_NK,
        drawn,
        _logits(model.weights, drawn[0]),
        recipe.kept,
    )
    differing = components(seen[0][: len(some)])
    graph = differing.written(strangers.written(model.graph))
    checked = store.read(valid_keys[:STRANGENESS_PICTURES])
    expected = looked(open_outputs(seen_by.graph), checked)
    found = open_outputs(graph)(checked)[1]
    gate.check_strangeness(found, strangers.scores(expected, _logits(model.weights, expected[0])))
    p_NK = softmax(valid_logits_NK)
    # Answers for the pictures of the training would be better than those for new ones.
    watched = {
        **values(p_NK, strangers.scores(valid_seen, valid_logits_NK), differing.of(valid_seen[0])),
        **along(differing.of(seen[0][: len(some)])),
    }
    return model._replace(
        graph=graph,
        sight=seen_by,
        strangers=strangers,
        least_probability=least_probability(p_NK, valid.targets(), recipe.coverage),
        drift=learned(watched, len(train.classes)),
    )


def _logits(weights: Weights, features_ND: Floats) -> Logits:
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
    rows = Cached(store, [sample.digest for sample in dataset.samples])
    starts = range(0, len(rows), 16)
    parts = [
        outputs(rows[np.arange(start, min(start + 16, len(rows)))])[:2]
        for start in track(starts, "testing", len(starts))
    ]
    return Predictions(dataset, *map(np.concatenate, zip(*parts, strict=True)))


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
    probabilities, strangeness, _ = open_outputs(model.graph)(pixels)
    expected = {"pixels": pixels, "probabilities": probabilities, "strangeness": strangeness}
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

"""ImageClassifier: from clean, split pictures to something that can be saved and trusted."""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import itertools
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as save_safetensors

from diptych.auditing import Audit
from diptych.bundles import format as bundle
from diptych.bundles.model_card import model_card
from diptych.data.dataset import Dataset, Sample, classes_hash
from diptych.data.splitting import Splits
from diptych.engines.gradcam import gradcam
from diptych.errors import InputError
from diptych.graphs.writer import with_metadata
from diptych.images.cache import Store
from diptych.images.decoding import decoded, pixel_store
from diptych.images.preprocess import RULES, Pixels, as_png, fingerprint
from diptych.metrics import share
from diptych.metrics.predictions import Predictions
from diptych.metrics.probabilities import Logits, Probabilities
from diptych.recipe import Recipe
from diptych.reliability import ood
from diptych.reliability.calibration import (
    calibration_error,
    perfect_calibration_error,
    uncalibrated,
)
from diptych.reliability.conformal import prediction_sets
from diptych.reliability.ood import references
from diptych.reporting.analysis import neighbours
from diptych.reporting.explain import overlay
from diptych.reporting.learning_curve import LearningCurve, learning_curve
from diptych.reporting.review import Near, Review, review
from diptych.reporting.review_page import review_page
from diptych.runtimes import open_outputs
from diptych.system.progress import Track, unwatched
from diptych.system.versions import versions
from diptych.training.features import features
from diptych.training.fitting import Model, answers, fitted, logits, wary
from diptych.training.loop import Epoch

# Validation pictures that go into the bundle.
GOLDEN_PICTURES = 6
# Training pictures shown beside a mistake.
NEAREST = 3
BASELINE = Recipe(engine="linear", network="linear", train="head", learning_rate=0.003)


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
        with contextlib.nullcontext(keep) if keep else _passing_folder() as kept:
            state = _run_folder(kept, self.recipe, train, valid)
            self._checkpoints = state
            recipe = replace(
                BASELINE,
                image_size=self.recipe.image_size,
                batch_size=self.recipe.batch_size,
                seed=self.recipe.seed,
            )
            baseline = fitted(recipe, train, valid, store, state / "baseline", unwatched)
            trained = fitted(self.recipe, train, valid, store, state / "model", track)
            model = wary(self.recipe, trained, train, valid, store, track)
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
        assert self.model.detector is not None
        golden = _golden(self.model, self.parts.valid)
        facts = {**self.facts(), "golden": sorted(n for n in golden if n != bundle.GOLDEN)}
        members = {
            bundle.WEIGHTS: save_safetensors(self.model.weights),
            bundle.GRAPH: with_metadata(self.model.graph, _metadata(facts)),
            bundle.OOD: ood.saved(self.model.detector),
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
        keys = [sample.digest for sample in self.predictions.dataset.samples]

        def found() -> Logits | None:
            if self.model.feature_extractor is None:
                return None
            return logits(
                self.model.weights, features(self.model.feature_extractor, keys, store)[0]
            )

        return uncalibrated(self.model.calibration, self.predictions.probabilities_NK, found)

    def _learning_curve(self, store: Store) -> LearningCurve | None:
        """Of the head, whose features are at hand; a whole network would be trained anew."""
        train, valid, _ = self.parts
        if not self.model.head_only or self.model.feature_extractor is None:
            return None
        keys = [[sample.digest for sample in part.samples] for part in (train, valid)]
        train_ND, valid_ND = (
            features(self.model.feature_extractor, some, store)[0] for some in keys
        )
        return learning_curve(train_ND, train.targets(), valid_ND, valid.targets())

    def _near(self, samples: list[Sample], store: Store) -> dict[str, list[Near]]:
        """The training pictures that look most alike to the network, for some test pictures."""
        train, extractor = self.parts.train, self.model.feature_extractor
        if extractor is None or not samples:
            return {}
        # Where the whole network was trained, only those are at hand that outliers are known by.
        every = range(len(train))
        some = list(every) if self.model.head_only else references(train.targets())
        shown = [train.samples[i] for i in some]
        theirs_MD = features(extractor, [sample.digest for sample in shown], store)[0]
        ours_ND = features(extractor, [sample.digest for sample in samples], store)[0]
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
            look = gradcam(self.recipe.engine, self.model.network, self.model.weights)
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
            "ood": self._ood(),
            "prediction_sets": self._sets(),
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

    def _ood(self) -> dict[str, Any]:
        """How pictures of something else are known, and how many test pictures pass for such."""
        assert self.model.detector is not None
        assert self.predictions.ood_score_N is not None
        known_N = self.predictions.ood_score_N <= 1
        passed = share(int(known_N.sum()), len(known_N))
        return {**ood.facts(self.model.detector), "test_acceptance": passed._asdict()}

    def _sets(self) -> dict[str, Any]:
        """The prediction sets: what was promised, and what came of it on the test part."""
        sets_NK = prediction_sets(self.predictions.probabilities_NK, self.model.conformal_threshold)
        held_N = sets_NK[np.arange(len(sets_NK)), self.parts.test.targets()]
        return {
            "coverage": self.recipe.coverage,
            "conformal_threshold": self.model.conformal_threshold,
            "test_coverage": share(int(held_N.sum()), len(held_N))._asdict(),
            "test_size": float(sets_NK.sum(1).mean()),
        }


@contextlib.contextmanager
def _passing_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


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
    probabilities, ood_score, _ = open_outputs(model.graph)(pixels)
    expected = {"pixels": pixels, "probabilities": probabilities, "ood_score": ood_score}
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

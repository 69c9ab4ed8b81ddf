"""ImageClassifier: from clean, split pictures to something that can be saved and trusted."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.bundles.answering import answers
from diptych.bundles.continuing import EarlierBundle, earlier_bundle
from diptych.data.dataset import Dataset
from diptych.data.folding import development, folds
from diptych.data.matching import matched, refuse_shared, refuse_unfit_to_train
from diptych.data.pixel_format import NO_FORMAT
from diptych.data.splitting import Splits
from diptych.errors import ImageError, InputError, NotFitted, described, shortened
from diptych.images.decoding import pixel_store
from diptych.metrics.probabilities import Probabilities
from diptych.recipe import Recipe
from diptych.reporting.evaluation import Evaluation
from diptych.runtimes import Predict, open_on_one_core, open_outputs
from diptych.sources import as_dataset
from diptych.sources.in_memory import label_names
from diptych.sources.inputs import input_pictures
from diptych.system.files import path_of
from diptych.system.progress import Track, unwatched
from diptych.tracking import Tracking
from diptych.training.augmenting import warn_of_views
from diptych.training.batches import warn_of_large_batches
from diptych.training.checkpoints import forget, run_folder
from diptych.training.crossvalidation import CrossValidation, cross_validate, refuse_earlier
from diptych.training.defaults import default_recipe
from diptych.training.fitting import TrainedNetwork, train_network
from diptych.training.guessing import warn_of_guessing
from diptych.training.keeping import kept_where_refused
from diptych.training.pictures import at_one_depth, with_pixels
from diptych.training.prediction import predict_dataset
from diptych.training.preparing import training_parts
from diptych.training.reliable import ReliableModel, make_reliable


class ImageClassifier:
    """Trains by a recipe; scikit-learn's verbs with scikit-learn's meanings.

    Without a recipe, by the one that suits the pictures: `Recipe()` for files, at a rate of 0.003
    where fewer than 100 are to train on, `Recipe.for_pixels()` for pictures that come as numbers,
    `Recipe.for_small_pictures()` for tens of thousands of files of at most 64 × 64 pixels.
    """

    def __init__(self, recipe: Recipe | None = None) -> None:
        self._fit: _Fit | None = None
        self._checkpoints: Path | None = None
        self._params: Recipe | None = None  # the recipe as it was given
        self.recipe = Recipe()
        self.set_params(recipe=recipe)

    def fit(
        self,
        train: Any,
        valid: Any = None,
        *,
        keep: Path | None = None,
        name: str = "",
        resume: bool = False,
        tracking: Sequence[str] = (),
        cv: int = 0,
        track: Track = unwatched,
    ) -> "ImageClassifier":
        """Train on one part and choose the best epoch on another; returns the classifier itself.

        Both are data sets, parts of a split. Or they are pictures and labels as `read` takes them,
        fit(X, y): these are audited, cleaned (`audit_` says what was set aside) and split without
        leaks, and `recipe.valid_share` of them is what the epoch is chosen on.

        The classes are those of the training part. With a `keep` folder a run that was killed goes
        on where it was; with `resume` there has to be one, of the same `name`, recipe and pictures.
        `tracking` names who is told of it: "tensorboard", "tensorboard:FOLDER", "mlflow",
        "mlflow:ADDRESS". What is saved of an evaluation is the end of it.
        With `cv` the recipe is cross-validated as well, in so many folds of both parts, and the
        evaluation tells; what is shipped is the same without.
        Raises InputError for pictures that cannot be used (an audit finds them) or are in both
        parts, an unknown class or network, nothing to resume (it says what differs), a loss that
        is no number, and the like; MissingExtra without SciPy, before it trains; BundleError for a
        damaged bundle to go on from; GateError when the exported graph disagrees with the network,
        whose weights are kept then.
        """
        told = Tracking(tracking, name)
        # Whatever becomes of it during the training.
        earlier = earlier_bundle(self.recipe)
        known = earlier and earlier.known
        train, valid, classes, found = training_parts(train, valid, self.recipe, track, known)
        keep = keep if keep is None else path_of(keep, "the folder to keep runs in")
        refuse_unfit_to_train(train)
        valid = matched(valid, "valid", train)
        recipe = self.recipe
        if self._params is None:
            recipe = default_recipe(train).recipe
        bits = earlier.bundle.bits if earlier and not train.shape else 0
        (train, valid), store = at_one_depth((train, valid), recipe.image_size, bits, track)
        refuse_shared(valid, "valid", train)
        warn_of_large_batches(recipe.batch_size, len(train))
        warn_of_views(recipe.views, train.classes)
        cv_folds = _folds(recipe, train, valid, cv)
        with run_folder(keep, recipe, train, valid, name=name, resume=resume) as run:
            baseline = train_network(
                _baseline(recipe), train, valid, store, run / "baseline", unwatched
            )
            told.begin(run, asdict(recipe))
            watch = told.watch(track)
            with kept_where_refused(run / "model", passing=keep is None):
                network = train_network(recipe, train, valid, store, run / "model", watch)
            warn_of_guessing(network.history, train, valid, recipe)
            model = make_reliable(recipe, network, train, valid, store, track)
            validated = cross_validate(recipe, cv_folds, store, track=track) if cv_folds else None
        # All at once: what is stopped leaves the classifier as it was.
        self.recipe, self.audit_, self._checkpoints = recipe, found, run
        self._fit = _Fit(recipe, model, baseline, train, valid, classes, earlier, told, validated)
        return self

    def evaluate(self, test: Any, labels: Any = None, *, track: Track = unwatched) -> Evaluation:
        """Answer for the test part with the graph that will be shipped, and score the answers.

        It is a data set, or what `read` makes one of: a folder, pictures and labels. Raises
        InputError before `fit`, and where it has no picture, pictures that `fit` was given or that
        belong to those, or a class that the training part lacks.
        """
        recipe, model, baseline, train, valid, _, earlier, told, validated = self._fitted()
        test = as_dataset(test, labels, train.pixel_format or NO_FORMAT)
        store = pixel_store(train.shape_at(recipe.image_size), train.bits)
        test = with_pixels(matched(test, "test", train), store, track)
        refuse_shared(test, "test", train, valid)
        return Evaluation(
            recipe,
            model,
            Splits(train, valid, test),
            predict_dataset(partial(open_outputs, model.graph), test, store, track),
            predict_dataset(partial(open_outputs, baseline.graph), test, store),
            earlier,
            told,
            validated,
        )

    def predict(self, pictures: Any) -> npt.NDArray[Any]:
        """The likeliest class of each picture, (N,), as the labels were; an outlier's too.

        Pictures are what `Predictor.predict` takes, which also knows "none of these"; or a data
        set. Raises InputError before `fit`, and for a picture that cannot be read.
        """
        return np.asarray(self.classes_[self.predict_proba(pictures).argmax(1)])

    def predict_proba(self, pictures: Any) -> Probabilities:
        """The probability of each class, (N, K) in the order of `classes_`; else as `predict`."""
        fit = self._fitted()
        shape = fit.train.shape_at(fit.recipe.image_size)
        open_run = partial(open_outputs, fit.model.graph)
        if isinstance(pictures, Dataset):
            store = pixel_store(shape, fit.train.bits)
            if not len(pictures) or (pictures.shape or shape) != shape:
                raise InputError(
                    f"{pictures.root}: no picture of {'×'.join(map(str, shape))} in it"
                )
            return predict_dataset(open_run, with_pixels(pictures, store, unwatched), store)[1]
        given = input_pictures(pictures, shape)
        run = open_run()

        def on_one_core() -> Predict:
            run = open_on_one_core(fit.model.graph)
            return lambda pixels_NHWC: run(pixels_NHWC)[0]

        answered = answers(given, shape, fit.train.bits, lambda x: run(x)[0], on_one_core)
        return np.stack([_readable(*one) for one in answered])

    def score(self, pictures: Any, labels: Any = None) -> float:
        """The share of pictures whose likeliest class is their label; a data set has its own.

        It may be asked of pictures that `fit` was given, as `evaluate` may not. Raises InputError
        as `predict` does, and where there is not a label for each picture.
        """
        self._fitted()
        if labels is None:
            expected = self._fitted().train.pixel_format or NO_FORMAT
            pictures = as_dataset(pictures, expected=expected)
            labels = [sample.label for sample in pictures.samples]
        names = label_names(labels)
        p_NK = self.predict_proba(pictures)
        if len(names) != len(p_NK):
            raise InputError(f"{len(p_NK):,} pictures and {len(names):,} labels; give one for each")
        classes = self._fitted().train.classes
        return float(np.mean([classes[k] == n for k, n in zip(p_NK.argmax(1), names, strict=True)]))

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes, (K,), as the labels were, in the order of probabilities."""
        return self._fitted().classes

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The recipe that was given; with `deep` also each of its choices, as `recipe__epochs`."""
        choices = asdict(self.recipe) if deep else {}
        return {"recipe": self._params, **{f"recipe__{key}": v for key, v in choices.items()}}

    def set_params(self, **params: Any) -> "ImageClassifier":
        """Another recipe, or other choices, as `get_params` names them, for the next `fit`.

        Raises InputError for what a recipe has not.
        """
        if unknown := [k for k in params if k != "recipe" and not k.startswith("recipe__")]:
            raise InputError(
                f"ImageClassifier has no '{unknown[0]}'; it has recipe, and its choices, such as "
                "recipe__epochs"
            )
        if "recipe" in params:
            self._params = _recipe(params.pop("recipe"))
            self.recipe = self._params or Recipe()
        if params:
            changes = {key.removeprefix("recipe__"): value for key, value in params.items()}
            self._params = self.recipe = self.recipe.replace(**changes)
        return self

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn wants to know of a classifier: nobody else asks."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(three_d_array=True, string=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return self._fit is not None

    def __repr__(self) -> str:
        network = f"{self.recipe.network} in {self.recipe.engine}"
        fitted = f", trained for {shortened(self._fit.train.classes)}" if self._fit else ""
        return f"<ImageClassifier {network}{fitted}>"

    def _fitted(self) -> "_Fit":
        if self._fit is None:
            raise NotFitted("this classifier is not trained yet; call fit first")
        return self._fit

    def forget_checkpoints(self) -> None:
        """Delete what `fit` kept for the case that it is killed."""
        if self._checkpoints:
            forget(self._checkpoints)


class _Fit(NamedTuple):
    """What `fit` leaves for `evaluate`."""

    recipe: Recipe
    model: ReliableModel
    baseline: TrainedNetwork
    train: Dataset
    valid: Dataset
    classes: npt.NDArray[Any]  # as the labels were
    earlier: EarlierBundle | None  # that it went on from
    tracking: Tracking
    cross_validation: CrossValidation | None


def _folds(recipe: Recipe, train: Dataset, valid: Dataset, cv: int) -> tuple[Splits, ...]:
    """So many folds of what is not for the test; none of 0. Raises what `folds` raises."""
    if not cv:
        return ()
    refuse_earlier(recipe)
    rest = development(train, valid)
    return folds(rest, cv, recipe.seed, valid=recipe.valid_share)


def _recipe(value: Recipe | None) -> Recipe | None:
    """A recipe or none; raises InputError for anything else."""
    if value is None or isinstance(value, Recipe):
        return value
    hint = f"Recipe(network={value!r})" if isinstance(value, str) else "Recipe(epochs=10)"
    raise InputError(
        f"ImageClassifier takes a Recipe, not {described(value)}; write ImageClassifier({hint})"
    )


def _readable(name: str, answer: Probabilities | ImageError) -> Probabilities:
    if isinstance(answer, ImageError):
        raise InputError(f"{name}: {answer}")
    return answer


def _baseline(recipe: Recipe) -> Recipe:
    """The recipe of the linear classifier that a model is compared with."""
    return Recipe(
        engine="linear",
        network="linear",
        train="head",
        learning_rate=0.003,
        image_size=recipe.image_size,
        balance=recipe.balance,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
    )

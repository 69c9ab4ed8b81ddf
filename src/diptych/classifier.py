"""ImageClassifier: from clean, split pictures to something that can be saved and trusted."""

import contextlib
import hashlib
import json
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from diptych.auditing import Audit
from diptych.bundles.facts import TestedModel, bundle_facts
from diptych.bundles.writing import write_bundle
from diptych.data.dataset import Dataset
from diptych.data.matching import matched, refuse_shared, refuse_unfit_to_train
from diptych.data.splitting import Splits
from diptych.errors import InputError, first_line
from diptych.images.decoding import pixel_store
from diptych.networks.earlier import weights_hash
from diptych.recipe import Recipe
from diptych.reporting.evidence import from_training, gather
from diptych.reporting.report import Report
from diptych.reporting.report_page import can_write_reports, report_page
from diptych.runtimes import open_outputs
from diptych.system.progress import Track, unwatched
from diptych.training import checkpoints
from diptych.training.fitting import TrainedNetwork, train_network
from diptych.training.keeping import kept_where_refused
from diptych.training.pictures import with_pixels
from diptych.training.prediction import predict_dataset
from diptych.training.reliable import ReliableModel, make_reliable


class ImageClassifier:
    """Trains by a recipe; scikit-learn's verbs with scikit-learn's meanings.

    Without a recipe, by the one that suits the pictures: `Recipe()` for files,
    `Recipe.for_pixels()` for pictures that come as numbers.
    """

    def __init__(self, recipe: Recipe | None = None) -> None:
        self.recipe = recipe or Recipe()
        self._default_recipe = recipe is None
        self._fit: _Fit | None = None
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

        The classes are those of the training part. With a `keep` folder a run that was killed goes
        on where it was. Raises InputError for pictures that cannot be used (an audit finds them) or
        are in both parts, an unknown class or network and the like; MissingExtra without SciPy,
        before it trains; GateError when the exported graph disagrees with the network, whose
        weights are kept then.
        """
        refuse_unfit_to_train(train)
        valid = matched(valid, "valid", train)
        if train.shape and self._default_recipe:
            self.recipe = Recipe.for_pixels(len(train))
        recipe = self.recipe
        store = pixel_store(train.shape_at(recipe.image_size))
        train, valid = (with_pixels(part, store, track) for part in (train, valid))
        refuse_shared(valid, "valid", train)
        with _run_folder(keep, recipe, train, valid) as run:
            self._checkpoints = run
            baseline = train_network(
                _baseline(recipe), train, valid, store, run / "baseline", unwatched
            )
            with kept_where_refused(run / "model", passing=keep is None):
                network = train_network(recipe, train, valid, store, run / "model", track)
            model = make_reliable(recipe, network, train, valid, store, track)
        self._fit = _Fit(model, baseline, train, valid)
        return self

    def evaluate(self, test: Dataset, *, track: Track = unwatched) -> "Evaluation":
        """Answer for the test part with the graph that will be shipped, and score the answers.

        Raises InputError where it has no picture, pictures that `fit` was given or that belong to
        those, or a class that the training part lacks.
        """
        if self._fit is None:
            raise InputError("this classifier is not trained yet; call fit first")
        model, baseline, train, valid = self._fit
        store = pixel_store(train.shape_at(self.recipe.image_size))
        test = with_pixels(matched(test, "test", train), store, track)
        refuse_shared(test, "test", train, valid)
        return Evaluation(
            self.recipe,
            model,
            Splits(train, valid, test),
            predict_dataset(open_outputs(model.graph), test, store, track),
            predict_dataset(open_outputs(baseline.graph), test, store),
        )

    def forget_checkpoints(self) -> None:
        """Delete what `fit` kept for the case that it is killed."""
        if self._checkpoints:
            checkpoints.forget(self._checkpoints)


class Evaluation(TestedModel):
    """A trained classifier with its answers for the test part, to report on and to save."""

    def report(self) -> Report:
        """How good it is, where it fails and why, as far as that is known without delay.

        Raises MissingExtra without the extra "report".
        """
        return gather(from_training(self), self.predictions)

    def save(
        self,
        path: str | Path,
        *,
        audit: Audit | None = None,
        force: bool = False,
        log: Callable[[str], object] = warnings.warn,
    ) -> Path:
        """Write the bundle, aside and then into place; with a report where its extra is installed.

        Where no report can be made, `log` is told and the bundle goes without. Raises InputError
        when the path exists and `force` is not given, or cannot be written.
        """
        path = Path(path)
        facts, report = self._reported(path.name, log)
        write_bundle(
            path,
            self,
            facts,
            report=report,
            audit=audit.to_csv() if audit else None,
            force=force,
        )
        return path

    def _reported(
        self, title: str, log: Callable[[str], object]
    ) -> tuple[Mapping[str, Any], str | None]:
        """What the bundle says, and the page with its report, if one can be made."""
        if can_write_reports():
            try:
                report = self.report()
                return report.facts, report_page(report, title)
            except Exception as cause:
                # Whatever it is that statistics and plots stumble over: the network is worth more.
                log(f"{title}: report.html could not be made ({first_line(cause)})")
        return bundle_facts(self), None


class _Fit(NamedTuple):
    """What `fit` leaves for `evaluate`."""

    model: ReliableModel
    baseline: TrainedNetwork
    train: Dataset
    valid: Dataset


def _baseline(recipe: Recipe) -> Recipe:
    """The recipe of the linear classifier that a model is compared with."""
    return Recipe(
        engine="linear",
        network="linear",
        train="head",
        learning_rate=0.003,
        image_size=recipe.image_size,
        batch_size=recipe.batch_size,
        seed=recipe.seed,
    )


@contextlib.contextmanager
def _run_folder(
    keep: Path | None, recipe: Recipe, train: Dataset, valid: Dataset
) -> Iterator[Path]:
    """Where checkpoints of exactly this recipe on exactly these pictures lie, for one run alone.

    Without `keep`, a folder that is gone afterwards.
    """
    if keep is None:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    start = weights_hash(recipe.weights)
    choices = json.dumps([asdict(recipe), start, train.fingerprint(), valid.fingerprint()])
    run = keep / hashlib.sha256(choices.encode()).hexdigest()[:16]
    with checkpoints.alone_in(run):
        yield run

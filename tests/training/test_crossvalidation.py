from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from classifiers import SMALL, evaluated
from diptych import Recipe, read
from diptych.data.dataset import Dataset
from diptych.data.folding import folds
from diptych.data.splitting import Splits
from diptych.errors import InputError
from diptych.images.decoding import pixel_store
from diptych.images.store import Store
from diptych.runtimes import open_graph
from diptych.system.progress import unwatched
from diptych.training.crossvalidation import cross_validate
from diptych.training.fitting import train_network, unseen_answers
from diptych.training.pictures import with_pixels

T = TypeVar("T")


def prepared(folder: Path) -> tuple[Dataset, Store]:
    store = pixel_store((32, 32, 3))
    return with_pixels(read(folder), store, unwatched), store


def test_every_picture_is_answered_for_once_and_one_interval_holds_for_all(
    folder_of: Callable[..., Path],
) -> None:
    data, store = prepared(folder_of(20))
    pooled = cross_validate(SMALL, folds(data, 4), store).predictions
    assert sorted(s.name for s in pooled.dataset.samples) == sorted(s.name for s in data.samples)
    scores = pooled.scores()
    assert (scores.n, scores.accuracy.value) == (40, 1.0)
    np.testing.assert_allclose(pooled.probabilities_NK.sum(1), 1, rtol=1e-5)


def test_nobody_answers_for_a_picture_that_was_learned_from(
    folder_of: Callable[..., Path],
) -> None:
    """Labels without any sense are learned by heart, and are no better than chance elsewhere."""
    data, store = prepared(folder_of(40))
    drawn = np.random.default_rng(0).permutation([s.label for s in data.samples])
    senseless = data.with_samples(
        s._replace(label=str(label)) for s, label in zip(data.samples, drawn, strict=True)
    )
    by_heart = SMALL.replace(epochs=40)
    pooled = cross_validate(by_heart, folds(senseless, 4), store).predictions
    assert pooled.scores().accuracy.value < 0.7


@pytest.mark.parametrize("train", ["head", "all"])
def test_a_head_and_a_whole_network_are_trained_in_each_fold(
    train: str, folder_of: Callable[..., Path], one_thread: None
) -> None:
    data, store = prepared(folder_of(8))
    network = {"head": "efficientnet_lite0", "all": "cnn"}[train]
    recipe = Recipe(network=network, train=train, image_size=32, epochs=3, learning_rate=0.003)
    seen = list[str]()

    def watched(items: Iterable[T], doing: str, total: int) -> Iterator[T]:
        for item in items:
            seen.append(doing)
            yield item

    pooled = cross_validate(recipe, folds(data, 2), store, track=watched).predictions
    assert len(pooled.probabilities_NK) == 16
    assert seen.count("cross-validation") == 2
    assert seen.count("training") == 6
    # Features are computed for the first fold alone, if at all.
    assert [d.startswith("computing features") for d in seen].count(True) == (train == "head")


def test_what_balances_a_model_that_is_shipped_balances_each_fold(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    data, store = prepared(folder_of(40))
    # One in four; what is senseless is learned by heart, which calibration takes back.
    drawn = np.random.default_rng(0).permutation(["blue"] * 20 + ["red"] * 60)
    rare = data.with_samples(
        s._replace(label=str(label)) for s, label in zip(data.samples, drawn, strict=True)
    )
    recipe = SMALL.replace(balance="weights", epochs=40)
    train, valid, test = folds(rare, 2)[0]
    shipped = train_network(recipe, train, valid, store, tmp_path / "a", unwatched)
    pixels = store.read([sample.digest for sample in test.samples])
    parts = Splits(train, valid, test)
    answered = unseen_answers(recipe, parts, store, tmp_path / "b", unwatched)
    assert shipped.calibration.kind != "none"
    np.testing.assert_allclose(answered, open_graph(shipped.graph)(pixels), atol=1e-4)


def test_a_network_that_may_know_the_pictures_is_refused(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    data, store = prepared(folder_of(20))
    bundle = evaluated(folder_of(20)).save(tmp_path / "old.bundle", log=str)
    with pytest.raises(InputError, match=r"old\.bundle may have learned from .*--weights out"):
        cross_validate(SMALL.replace(weights=str(bundle)), folds(data, 4), store)

"""Whether more than the head is trained, tried on folds of small pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from diptych.auditing import audit
from diptych.data.dataset import Dataset
from diptych.images.cache import folder
from diptych.images.decoding import pixel_store
from diptych.images.store import Store
from diptych.metrics.intervals import share
from diptych.recipe import Recipe
from diptych.sources import read
from diptych.system.progress import unwatched
from diptych.training.pictures import with_pixels
from diptych.tuning.candidates import Candidate
from diptych.tuning.choice import best_of, fold_numbers
from diptych.tuning.presets import preset
from diptych.tuning.ways import Tried, with_augmentation, worth_training

SIDE = 32
RECIPE = Recipe(image_size=SIDE, epochs=3, fine_epochs=2, map_views=2, learning_rate=0.01)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def pictures(folder_of: Callable[..., Path]) -> tuple[Dataset, Store]:
    data = audit(read(folder_of(10, side=SIDE)), size=SIDE, min_side=8).dataset
    store = pixel_store(data.shape_at(SIDE), data.bits)
    return with_pixels(data, store, unwatched), store


def head(loss: float, network: str = "efficientnet_lite0") -> Candidate:
    recipe = RECIPE.replace(network=network)
    return Candidate(recipe, {"network": network}, share(1, 2), np.full(20, loss))


def tried(pictures: tuple[Dataset, Store], *frozen: Candidate) -> Tried:
    data, store = pictures
    fold_N = fold_numbers(data)
    wanted = preset("best", RECIPE)._replace(ways=("last",))
    return worth_training(wanted, frozen[0], frozen, data, fold_N, store, unwatched)


def test_the_last_stages_win_where_they_are_better_beyond_noise(
    pictures: tuple[Dataset, Store],
) -> None:
    found = tried(pictures, head(50.0, "efficientnet_lite0+lite1"), head(50.0))
    assert (found.chosen.recipe.train, found.chosen.recipe.network) == (
        "last",
        "efficientnet_lite0",
    )
    assert len(found.chosen.loss_N) == 8  # of two folds of five
    assert "train last has the lowest log loss" in found.reason
    # Whatever the fold, a picture has the same views.
    rows = {line for file in folder().rglob("*.jsonl") for line in file.read_text().splitlines()}
    assert len([row for row in rows if "-" in row.split('"')[1]]) == 20


def test_the_head_stays_where_they_are_not(pictures: tuple[Dataset, Store]) -> None:
    best = head(0.0)
    found = tried(pictures, best)
    assert found.chosen is best
    assert [one.changes["train"] for one in found.candidates] == ["last"]


def test_networks_that_cannot_be_cut_are_not_tried(pictures: tuple[Dataset, Store]) -> None:
    both = head(1.0, "efficientnet_lite0+lite1")
    assert tried(pictures, both) == Tried((), both, "")


def test_what_is_said_of_the_way_to_train_counts() -> None:
    assert preset("best", RECIPE).ways == ("last", "all")
    assert preset("best", RECIPE, ["train"]).ways == ()
    assert preset("good", RECIPE).ways == ()


def test_a_preset_tells_what_came_of_it(pictures: tuple[Dataset, Store]) -> None:
    wanted = preset("best", RECIPE, ["network"])._replace(ways=("last",), heads=({},))
    found = best_of(wanted, *pictures)
    assert [dict(one.changes) for one in found.candidates] == [
        {"network": "efficientnet_lite0"},
        {"network": "efficientnet_lite0", "train": "last"},
    ]
    assert found.reason


def test_pictures_are_not_flipped_where_that_was_said(pictures: tuple[Dataset, Store]) -> None:
    assert with_augmentation(RECIPE, pictures[0], ()).flip == 0.5
    own = with_augmentation(RECIPE, pictures[0], ["flip"])
    assert (own.flip, own.shift) == (0.0, 0.1)

"""`choose`: what a preset comes to, from Python."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diptych import Recipe, choose, read
from diptych.data.dataset import Dataset
from diptych.errors import InputError

LINEAR = Recipe(engine="linear", network="linear", image_size=16, epochs=3)
HEAD = Recipe(image_size=32)


@pytest.fixture
def pictures(folder_of: Callable[..., Path]) -> Dataset:
    return read(folder_of(12))


def test_best_tells_what_it_chose_among(pictures: Dataset) -> None:
    pytest.importorskip("torch")
    # No time is left for more than heads.
    chosen = choose(pictures, "best", HEAD, seconds=0)
    networks = {one.recipe.network for one in chosen.candidates}
    assert chosen.recipe.network in networks
    assert len(networks) == 5
    assert all(0 <= one.accuracy.value <= 1 for one in chosen.candidates)
    assert chosen.recipe.image_size == 32
    assert chosen.reason


def test_where_there_is_nothing_to_choose_the_recipe_is_the_presets(pictures: Dataset) -> None:
    assert choose(pictures, "quick", LINEAR) == (LINEAR, "", ())
    assert choose(pictures, "good", LINEAR).recipe.epochs == 3
    assert choose(pictures, "good", LINEAR.replace(epochs=40)).recipe.epochs == 80
    assert choose(pictures, "good", HEAD).recipe.network == "efficientnet_lite0+lite1"


def test_what_a_recipe_says_counts(pictures: Dataset) -> None:
    chosen = choose(pictures, "good", HEAD.replace(network="efficientnet_lite2"))
    assert chosen.recipe.network == "efficientnet_lite2"
    assert "efficientnet_lite2 was said, and counts" in chosen.reason


def test_few_pictures_leave_no_choice(folder_of: Callable[..., Path]) -> None:
    chosen = choose(read(folder_of(4)), "best", HEAD)
    assert (chosen.reason, chosen.candidates) == (
        "too few pictures of a class to choose by",
        (),
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"preset": "bets"}, "no preset 'bets'; did you mean 'best'?"),
        ({"preset": 3}, 'write "quick", "good" or "best"'),
        ({"seconds": float("nan")}, "seconds are a number, not nan"),
        ({"seconds": "10m"}, "seconds are a number, not '10m'"),
        ({"recipe": {"epochs": 3}}, "write Recipe(seed=1)"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    pictures: Dataset, arguments: dict[str, object], line: str
) -> None:
    with pytest.raises(InputError) as refused:
        choose(pictures, **arguments)  # type: ignore[arg-type]
    assert line in str(refused.value)

"""What a preset makes of a recipe."""

import pytest

from diptych.errors import InputError
from diptych.recipe import Recipe
from diptych.tuning.presets import HEADS, NETWORKS, preset


def networks(name: str, recipe: Recipe, *said: str) -> list[str]:
    return [one.network for one in preset(name, recipe, said).networks]


def test_more_care_means_more_backbones() -> None:
    assert networks("quick", Recipe()) == [Recipe().network]
    assert networks("good", Recipe()) == ["efficientnet_lite0+lite1"]
    assert networks("best", Recipe()) == list(NETWORKS)


def test_what_is_said_counts_and_the_preset_says_so() -> None:
    own = preset("good", Recipe(network="efficientnet_lite2"), ["network"])
    assert [one.network for one in own.networks] == ["efficientnet_lite2"]
    assert "efficientnet_lite2 was said, and counts" in own.overruled[0]
    assert preset("best", Recipe(), ["learning_rate"]).heads == (HEADS[0], HEADS[3])


def test_no_head_is_tried_twice() -> None:
    assert preset("best", Recipe()).heads == (HEADS[0], HEADS[2], HEADS[3])
    assert preset("best", Recipe(learning_rate=0.003)).heads == (HEADS[0], HEADS[1], HEADS[3])


def test_a_network_trained_from_its_pixels_is_trained_for_longer() -> None:
    recipe = Recipe.for_pixels(60_000)
    (longer,) = preset("good", recipe).networks
    assert (longer.network, longer.epochs) == (recipe.network, 2 * recipe.epochs)
    (same,) = preset("best", recipe.replace(epochs=3), ["epochs"]).networks
    assert same.epochs == 3


def test_an_unknown_preset_is_named_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no preset 'god'; did you mean 'good'\?"):
        preset("god", Recipe())

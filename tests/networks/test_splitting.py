import pytest

from diptych.errors import InputError
from diptych.networks import Network, choosing
from diptych.networks.splitting import last_stages
from diptych.networks.zoo import build
from diptych.recipe import Recipe


def first_of_last(network: Network) -> str:
    name: str = getattr(network.layers[last_stages(network)], "name", "")
    return name


def test_the_last_stages_have_nearly_all_of_the_weights_in_few_layers() -> None:
    assert first_of_last(build("efficientnet_lite0", (64, 64, 3), 2, 0.0)) == "block6"
    assert first_of_last(build("efficientnet_lite2", (64, 64, 3), 2, 0.0)) == "block8"
    assert first_of_last(build("cnn", (32, 32, 3), 2, 0.0)) == "stage2a"


def test_a_network_without_convolutions_has_no_last_stages() -> None:
    with pytest.raises(InputError, match="needs convolutions, and mlp has none"):
        last_stages(build("mlp", (32, 32, 3), 2, 0.0))


@pytest.mark.parametrize("network", ["timm/resnet18", "efficientnet_lite0+lite1"])
def test_what_cannot_be_cut_is_said_before_anything_is_read(network: str) -> None:
    with pytest.raises(InputError) as refused:
        choosing.refuse_unknown(Recipe(network=network, train="last"))
    assert str(refused.value) == (
        f"--train last cannot cut {network}; use --train head or all, or one of Diptych's own "
        "networks alone"
    )


def test_last_needs_weights_that_somebody_trained() -> None:
    recipe = Recipe(network="cnn", train="last", image_size=32)
    with pytest.raises(InputError, match="--train last needs pretrained weights, and cnn has none"):
        choosing.start(recipe, (32, 32, 3), ["a", "b"])

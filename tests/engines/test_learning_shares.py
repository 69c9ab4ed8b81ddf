import pytest

from diptych.engines.learning_shares import learning_shares
from diptych.networks.initialisation import initial
from diptych.networks.zoo import build


def test_layers_closer_to_the_input_learn_slower() -> None:
    names = [*initial(build("cnn", (32, 32, 3), 2, 0.0), 0)]
    shares = learning_shares(names, 0.5, 0.1)
    backbone = [shares[name] for name in names if not name.startswith("classifier")]
    assert backbone == sorted(backbone)
    assert backbone[0] == pytest.approx(0.05)
    assert backbone[-1] == 0.5
    assert {shares["classifier.weight"], shares["classifier.bias"]} == {1.0}


def test_each_of_several_backbones_has_first_and_last_layers() -> None:
    network = build("efficientnet_lite0+lite1", (32, 32, 3), 2, 0.0)
    shares = learning_shares([*initial(network, 0)], 0.5, 0.1)
    for backbone in ("efficientnet_lite0", "efficientnet_lite1"):
        assert shares[f"backbones.{backbone}.stem.conv.weight"] == pytest.approx(0.05)
        assert shares[f"backbones.{backbone}.top.conv.weight"] == 0.5

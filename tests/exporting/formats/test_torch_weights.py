"""The Python file beside a `.pth` builds the same network, with nothing of Diptych."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from diptych.engines.torch.weights import module_with_weights
from diptych.exporting.formats.torch_weights import network_code
from diptych.networks import Network, Weights
from diptych.networks.initialisation import initial
from diptych.networks.libraries import timm as external
from diptych.networks.zoo import ZOO

SHAPES = ((32, 32, 3), (57, 49, 3), (130, 128, 3), (28, 28, 1))
GREY_TOO = ("cnn", "linear", "mlp", "resnet")
OURS = [(name, shape) for name in ZOO for shape in SHAPES if name in GREY_TOO or shape[2] == 3]


def built(network: Network, weights: Weights) -> Any:
    """What the file builds, with these weights as torch.load would give them."""
    names: dict[str, Any] = {}
    exec(network_code(network), names)
    module = names["network"]()
    module.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return module.eval()


def pictures(shape: tuple[int, ...]) -> torch.Tensor:
    pixels = np.random.default_rng(0).integers(0, 256, (4, *shape), dtype=np.uint8)
    return torch.from_numpy(pixels)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(("name", "shape"), OURS)
def test_it_answers_as_our_own_modules_do(name: str, shape: tuple[int, int, int]) -> None:
    network = ZOO[name](shape, 3, 0.2)
    weights = initial(network, 1)
    with torch.inference_mode():
        actual = built(network, weights)(pictures(shape))
        expected = module_with_weights(network, weights).eval()(pictures(shape))
    assert expected.std() > 0
    assert torch.equal(actual, expected)


@pytest.mark.usefixtures("one_thread")
def test_a_backbone_of_timm_is_built_by_timm() -> None:
    network = external.network("test_resnet", (64, 64, 3), 2, 0.0)
    ours = module_with_weights(network, initial(network, 0)).eval()
    state = {k: v.numpy() for k, v in ours.state_dict().items() if not k.endswith("tracked")}
    with torch.inference_mode():
        actual, expected = (whole(pictures((64, 64, 3))) for whole in (built(network, state), ours))
    assert torch.equal(actual, expected)


@pytest.mark.parametrize("name", ZOO)
def test_it_reads_as_people_write_it(name: str, tmp_path: Path) -> None:
    """The checks that this repository makes of its own code find nothing in it."""
    network = ZOO[name]((64, 64, 3), 3, 0.2)
    (tmp_path / "network.py").write_text(network_code(network))
    # Arrays carry their axes in their names.
    rules = ["--select", "B,E,F,I,N,PIE,RET,SIM,UP,W", "--ignore", "N803,N806"]
    for check in (["check", *rules], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *check, "--isolated", "--line-length", "100"]
        run = subprocess.run([*command, tmp_path], capture_output=True, text=True)
        assert run.returncode == 0, run.stdout

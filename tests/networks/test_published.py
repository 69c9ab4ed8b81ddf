"""Weights that torchvision and keras.applications publish, read and answered as they answer."""

import re
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from diptych.engines.torch.weights import module_with_weights
from diptych.errors import InputError
from diptych.graphs.writer import onnx_graph
from diptych.networks import Network, Weights
from diptych.networks.choosing import pretrained
from diptych.networks.classics import CLASSICS
from diptych.networks.initialisation import initial
from diptych.networks.libraries.timm import _timm
from diptych.recipe import Recipe
from diptych.runtimes import open_graph

# Saving in Keras does what NumPy will one day refuse.
pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

SIDE = 40
IMAGES = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)


def network(name: str) -> Network:
    return CLASSICS[name]((SIDE, SIDE, 3), 3, 0.0)


def read(name: str, path: Path) -> Weights:
    return pretrained(network(name), Recipe(network=name, weights=str(path)))


def torchvision(name: str) -> Any:
    """A network of torchvision with weights as after training, though drawn at random."""
    _timm()  # which imports torchvision in the only way that works beside a PyTorch for the CPU
    import torchvision as library

    torch.manual_seed(0)
    if name.startswith("vgg"):
        # Without its dense layers, which take seconds to draw and half a gigabyte.
        width = library.models.vgg.cfgs["A" if "11" in name else "D"]
        convolutions = library.models.vgg.make_layers(width, batch_norm=name.endswith("bn"))
        model = nn.Sequential(OrderedDict(features=convolutions)).eval()
    else:
        model = getattr(library.models, name)(weights=None).eval()
    for part in model.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias, std=0.1)
            assert part.running_mean is not None and part.running_var is not None
            part.running_mean.normal_(std=0.1)
            part.running_var.uniform_(0.5, 2)
    return model


def features_of(model: Any) -> npt.NDArray[np.float32]:
    """What a network of torchvision makes of the pictures before its last layers."""
    x = torch.from_numpy(IMAGES).permute(0, 3, 1, 2) / 255
    mean, std = (
        torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    with torch.inference_mode():
        x = (x - mean) / std
        if hasattr(model, "features"):
            return np.asarray(model.features(x).mean((2, 3)).numpy())
        return np.asarray(nn.Sequential(*list(model.children())[:-1])(x).flatten(1).numpy())


def in_torch(network: Network, weights: Weights) -> npt.NDArray[np.float32]:
    with torch.inference_mode():
        module = module_with_weights(network, weights).eval()
        return np.asarray(module(torch.from_numpy(IMAGES)).numpy())


def assert_answers(network: Network, weights: Weights, expected: npt.NDArray[np.float32]) -> None:
    """In PyTorch, in Keras and as a graph."""
    from diptych.engines.tensorflow.weights import model_with_weights

    assert expected.std() > 0.03
    limit = 1e-4 * max(1.0, float(np.abs(expected).max()))
    graph = onnx_graph(network, weights, probabilities=False)
    np.testing.assert_allclose(in_torch(network, weights), expected, atol=limit)
    np.testing.assert_allclose(open_graph(graph)(IMAGES), expected, atol=limit)
    answers = np.asarray(model_with_weights(network, weights)(IMAGES))
    np.testing.assert_allclose(answers, expected, atol=limit)


@pytest.mark.parametrize("name", CLASSICS)
def test_weights_of_torchvision_answer_as_its_own_network(name: str, tmp_path: Path) -> None:
    model = torchvision(name)
    torch.save(model.state_dict(), tmp_path / "theirs.pth")
    weights = read(name, tmp_path / "theirs.pth")
    assert_answers(network(name).backbone, weights, features_of(model))


def test_a_last_layer_of_torchvision_gives_its_own_logits(tmp_path: Path) -> None:
    model = torchvision("resnet18")
    torch.save(model.state_dict(), tmp_path / "theirs.pth")
    whole = CLASSICS["resnet18"]((SIDE, SIDE, 3), 1000, 0.0)
    last = {f"classifier.{n}": v.detach().numpy() for n, v in model.fc.named_parameters()}
    expected = features_of(model) @ last["classifier.weight"].T + last["classifier.bias"]
    actual = in_torch(whole, {**read("resnet18", tmp_path / "theirs.pth"), **last})
    np.testing.assert_allclose(actual, expected, atol=1e-4)


def test_weights_of_timm_have_the_same_names(tmp_path: Path) -> None:
    model = _timm().create_model("resnet18", pretrained=False, num_classes=0).eval()
    save_file(model.state_dict(), tmp_path / "theirs.safetensors")
    with torch.inference_mode():
        pixels = (
            torch.from_numpy(IMAGES) - torch.tensor([123.675, 116.28, 103.53])
        ) / torch.tensor([58.395, 57.12, 57.375])
        expected = model(pixels.permute(0, 3, 1, 2)).numpy()
    actual = in_torch(
        network("resnet18").backbone, read("resnet18", tmp_path / "theirs.safetensors")
    )
    np.testing.assert_allclose(actual, expected, atol=1e-4)


@pytest.fixture(scope="module")
def keras_vgg16() -> Any:
    from diptych.networks.libraries.tensorflow import keras

    keras.utils.set_random_seed(0)
    size = (SIDE, SIDE, 3)
    return keras.applications.VGG16(
        weights=None, include_top=False, pooling="avg", input_shape=size
    )


@pytest.mark.parametrize("ending", [".weights.h5", ".h5", ".keras"])
def test_weights_of_keras_answer_as_its_own_network(
    ending: str, keras_vgg16: Any, tmp_path: Path
) -> None:
    from diptych.networks.libraries.tensorflow import keras

    path = tmp_path / f"theirs{ending}"
    (keras_vgg16.save_weights if ending == ".weights.h5" else keras_vgg16.save)(path)
    prepared = keras.applications.vgg16.preprocess_input(IMAGES.astype(np.float32))
    expected = np.asarray(keras_vgg16(prepared))
    weights = read("vgg16", path)
    if ending == ".h5":
        assert_answers(network("vgg16").backbone, weights, expected)
    else:
        actual = in_torch(network("vgg16").backbone, weights)
        np.testing.assert_allclose(actual, expected, atol=1e-4)


def test_the_mean_and_std_of_others_are_exported_with_their_weights(
    keras_vgg16: Any, tmp_path: Path
) -> None:
    from diptych.engines.tensorflow.stock import stock_model
    from diptych.exporting.formats.torch_weights import network_code

    keras_vgg16.save_weights(tmp_path / "theirs.weights.h5")
    whole = network("vgg16")
    weights = {**initial(whole, 0), **read("vgg16", tmp_path / "theirs.weights.h5")}
    expected = in_torch(whole, weights)
    answers = np.asarray(stock_model(whole, weights)(IMAGES))
    np.testing.assert_allclose(answers, expected, atol=1e-4)
    names: dict[str, Any] = {}
    exec(network_code(whole), names)
    exported = names["network"]().eval()
    exported.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    with torch.inference_mode():
        actual = exported(torch.from_numpy(IMAGES)).numpy()
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_our_own_weights_of_a_classic_come_back(tmp_path: Path) -> None:
    ours = {n: torch.from_numpy(v) for n, v in initial(network("resnet18"), 4).items()}
    save_file(ours, tmp_path / "model.safetensors")
    actual = read("resnet18", tmp_path / "model.safetensors")
    kernel = "layer3_0.shortcut.conv.weight"
    np.testing.assert_array_equal(actual[kernel], ours[kernel].numpy())
    assert "classifier.weight" not in actual


def test_weights_of_another_network_are_refused(keras_vgg16: Any, tmp_path: Path) -> None:
    torch.save(torchvision("resnet18").state_dict(), tmp_path / "theirs.pth")
    with pytest.raises(InputError, match=r"has no 'layer1_2\.conv1\.conv\.weight' of shape"):
        read("resnet34", tmp_path / "theirs.pth")
    with pytest.raises(InputError, match="it is of another network"):
        read("vgg16", tmp_path / "theirs.pth")
    keras_vgg16.save_weights(tmp_path / "theirs.weights.h5")
    said = "resnet18 has no weights in files of Keras, only vgg16 has; give .pth"
    with pytest.raises(InputError, match=said):
        read("resnet18", tmp_path / "theirs.weights.h5")


def test_a_file_that_is_none_of_keras_is_refused(tmp_path: Path) -> None:
    import h5py

    for name in ("text.h5", "text.keras"):
        (tmp_path / name).write_text("no weights")
        with pytest.raises(InputError, match=rf"{re.escape(name)}: no weights of Keras \("):
            read("vgg16", tmp_path / name)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_group("layers/dense/vars")
    with pytest.raises(InputError, match="0 convolutions in it, and vgg16 has 13; it is of anoth"):
        read("vgg16", tmp_path / "other.h5")


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((64, 64, 1), "needs colour pictures; use the network resnet or cnn"),
        ((28, 40, 3), "needs 32 × 32 pixels or more, not 28 × 40; use the network resnet"),
    ],
)
def test_pictures_that_a_classic_makes_nothing_of_are_refused(
    shape: tuple[int, int, int], said: str
) -> None:
    for name, build in CLASSICS.items():
        with pytest.raises(InputError, match=f"{name} {said}"):
            build(shape, 2, 0.0)

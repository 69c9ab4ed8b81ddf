"""Weights of the classics as torchvision, timm and keras.applications publish them, by our names.

Those of PyTorch have names like layer2.0.downsample.0.weight and features.3.bias; those of Keras
are an HDF5 file, on its own or in an archive, with layers called block1_conv1 or just numbered.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from diptych.errors import InputError, MissingExtra, first_line
from diptych.networks import Convolution, MaxPool, Network
from diptych.networks.classics import CLASSICS
from diptych.networks.initialisation import convolutions, initial
from diptych.networks.torch_pickle import Tensors

# How keras.applications prepares pictures for VGG16, which were blue first where it was trained.
KERAS_MEAN = (123.68, 116.779, 103.939)
# The only one of the classics that keras.applications has.
KERAS = "vgg16"


def by_our_names(network: Network, tensors: Tensors) -> Tensors:
    """Tensors that may have the names of torchvision or timm; others are left as they are."""
    if network.name not in CLASSICS:
        return tensors
    theirs = _names_in_torchvision(network)
    if not any(name in tensors for name in theirs.values()):
        return tensors
    renamed = {ours: tensors[name] for ours, name in theirs.items() if name in tensors}
    for layer, number in _numbers(network).items():
        mean, bias = f"{layer}.norm.running_mean", tensors.get(f"features.{number}.bias")
        if mean in renamed and bias is not None:
            # A bias before a normalisation, which ours lacks, only moves the mean.
            renamed[mean] = renamed[mean] - bias
    # Which pictures they were trained on goes without saying.
    return {**_pixels(network), **renamed}


def _pixels(network: Network) -> Tensors:
    return {n: v for n, v in initial(network, 0).items() if n.startswith("pixels.")}


def _names_in_torchvision(network: Network) -> dict[str, str]:
    """What each of the backbone's weights is called there, by our name."""
    pixels = _pixels(network)
    ours = [name for name in initial(network, 0) if network.backbone.has(name)]
    backbone = [name for name in ours if name not in pixels]
    numbers = _numbers(network)
    if not numbers:
        return {name: _in_resnet(name) for name in backbone}
    names = {}
    for name in backbone:
        layer, _, weight = name.partition(".")
        if layer in numbers:
            part, _, kind = weight.partition(".")
            names[name] = f"features.{numbers[layer] + (part == 'norm')}.{kind}"
    return names


def _in_resnet(name: str) -> str:
    """layer2_0.shortcut.norm.bias is layer2.0.downsample.1.bias there, conv1.norm.bias bn1.bias."""
    name = re.sub(r"^(layer\d)_(\d+)\.", r"\1.\2.", name)
    name = name.replace("shortcut.conv", "downsample.0").replace("shortcut.norm", "downsample.1")
    return re.sub(r"conv(\d)\.norm\.", r"bn\1.", re.sub(r"conv(\d)\.conv\.", r"conv\1.", name))


def _numbers(network: Network) -> dict[str, int]:
    """Of a VGG, where each convolution is among the layers, which are numbered there."""
    numbers, number = {}, 0
    for layer in network.layers:
        if isinstance(layer, Convolution) and layer.name.startswith("block"):
            numbers[layer.name] = number
            number += 3 if layer.norm else 2  # with the normalisation, and the activation
        elif isinstance(layer, MaxPool):
            number += 1
    return numbers


def read_keras(network: Network, path: Path) -> Tensors:
    """The convolutions of a .h5, .weights.h5 or .keras file of keras.applications' VGG16.

    Raises InputError where it is none, or of another network; MissingExtra without h5py.
    """
    if network.name != KERAS:
        raise InputError(
            f"{path}: {network.name} has no weights in files of Keras, only {KERAS} has; "
            "give .pth, .pt or .safetensors"
        )
    layers = _read_layers(path)
    ours = convolutions(network)
    if len(layers) != len(ours):
        raise InputError(
            f"{path}: {len(layers)} convolutions in it, and {KERAS} has {len(ours)}; "
            "it is of another network"
        )
    tensors = {"pixels.mean": np.array(KERAS_MEAN, np.float32), "pixels.std": np.ones(3, "f4")}
    for name, (kernel_HWIO, bias_O) in zip(ours, layers, strict=True):
        # The first convolution gets red first from us.
        kernel = kernel_HWIO[:, :, ::-1] if name == ours[0] else kernel_HWIO
        tensors[f"{name}.conv.weight"] = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
        tensors[f"{name}.conv.bias"] = bias_O
    return tensors


def _read_layers(path: Path) -> list[tuple[Any, Any]]:
    """The kernel (H, W, in, out) and the bias (out,) of each convolution of an HDF5 file."""
    try:
        import h5py
    except ModuleNotFoundError as cause:
        raise MissingExtra("h5py (files of Keras)", "tensorflow") from cause
    try:
        data = path.read_bytes()
        if path.suffix == ".keras":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                data = archive.read("model.weights.h5")
        with h5py.File(io.BytesIO(data), "r") as file:
            # Beside the weights there may be the moments of an optimiser, by the same names.
            within = next((file[key] for key in ("model_weights", "layers") if key in file), file)
            return [_kernel_and_bias(within[name]) for name in _in_order(within)]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as cause:
        raise InputError(f"{path}: no weights of Keras ({first_line(cause)})") from cause


def _in_order(layers: Any) -> list[str]:
    """The groups that are convolutions: block1_conv1, or conv2d, conv2d_1 and so on."""
    numbered = [
        (tuple(map(int, re.findall(r"\d+", name.replace("conv2d", "")))), name)
        for name in layers
        if re.fullmatch(r"block\d_conv\d|conv2d(_\d+)?", name)
    ]
    return [name for _, name in sorted(numbered)]


def _kernel_and_bias(layer: Any) -> tuple[Any, Any]:
    arrays = {array.ndim: array for array in _arrays(layer)}
    return arrays[4], arrays[1]


def _arrays(group: Any) -> Iterator[Any]:
    for value in group.values():
        if hasattr(value, "values"):
            yield from _arrays(value)
        else:
            yield np.asarray(value, np.float32)

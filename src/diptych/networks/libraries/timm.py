"""Backbones from timm: `timm/resnet18`, `timm/vgg16` and a thousand others."""

import warnings
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from diptych.errors import InputError, MissingExtra, first_line
from diptych.networks import Dense, Dropout, External, Network, Standardise
from diptych.networks.libraries import CannotTake
from diptych.networks.libraries.triton import leave_out_beside_tensorflow
from diptych.networks.torch_files import read_state
from diptych.system.memory import short_of_memory
from diptych.system.silence import quiet

Arrays = dict[str, npt.NDArray[np.float32]]


def names() -> Collection[str]:
    """The models that timm has."""
    models: list[str] = _timm().list_models()
    return models


def network(model: str, shape: tuple[int, ...], classes: int, dropout: float) -> Network:
    """A timm model with its last layer replaced, for pictures of a shape.

    Raises CannotTake where it makes no features of them, InputError where they have no colours.
    """
    if shape[-1] != 3:
        raise InputError(f"timm/{model} needs colour pictures; use the network cnn")
    layer = External("backbone", "timm", model, shape[0], 0)
    facts, width, parameters = _tried(layer, shape)
    mean, std = (tuple(255 * value for value in facts[key]) for key in ("mean", "std"))
    layers = (
        Standardise(mean, std),
        layer._replace(outputs=width, parameters=parameters),
        Dropout(dropout),
        Dense("classifier", width, classes),
    )
    return Network(f"timm/{model}", shape, layers)


def own_side(model: str) -> int | None:
    """The side of the pictures that a model was made for."""
    facts = _timm().get_pretrained_cfg(model)
    return None if facts is None else int(facts.input_size[-1])


@lru_cache(maxsize=32)
def _tried(layer: External, shape: tuple[int, ...]) -> tuple[Mapping[str, Any], int, int]:
    """A model's facts, how many features it gives, from one look at two pictures, and its weights.

    Raises CannotTake where it has none to give.
    """
    height, width, channels = shape
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        images = torch.randn(2, channels, height, width)
    try:
        built = backbone(layer).eval()
        with torch.inference_mode():
            features = built(images)
    except Exception as cause:
        # What is wrong with a size shows as whatever error the arithmetic ends in.
        if short_of_memory(cause):
            raise
        raise CannotTake(f"timm/{layer.model}", shape, first_line(cause)) from cause
    if not isinstance(features, Tensor) or features.ndim != 2 or not features.shape[1]:
        raise CannotTake(f"timm/{layer.model}", shape, "it gives no features")
    if not features.isfinite().all():
        raise CannotTake(f"timm/{layer.model}", shape, "its features are no finite numbers")
    parameters = sum(parameter.numel() for parameter in built.parameters())
    return built.pretrained_cfg, int(features.shape[1]), parameters


def backbone(layer: External) -> Any:
    """The model without its last layer, with the weights that timm starts from."""
    return _created(layer, pretrained=False)


def pretrained(layer: External, weights: str) -> Arrays:
    """The backbone's weights under our names: from timm's hub ("pretrained") or from a file.

    Raises InputError when the hub cannot be reached or the file is not of this model.
    """
    if weights != "pretrained":
        return _from_file(layer, Path(weights))
    try:
        model = _created(layer, pretrained=True)
    except Exception as cause:
        # The hub's client raises errors of half a dozen libraries.
        raise InputError(
            f"the weights of timm/{layer.model} cannot be fetched ({first_line(cause)}); "
            "give a file with --weights FILE, or start without with --weights none"
        ) from cause
    return _ours(layer, model.state_dict())


def options(layer: External) -> dict[str, Any]:
    """What `timm.create_model` is told: no last layer, and the pictures' side where it is fixed."""
    facts = _timm().get_pretrained_cfg(layer.model)
    sized = {"img_size": layer.side} if facts is not None and facts.fixed_input_size else {}
    return {"num_classes": 0, **sized}


def _created(layer: External, *, pretrained: bool) -> Any:
    timm = _timm()
    # Its random weights are drawn without a change to anybody's random numbers.
    hub = ("timm", "huggingface_hub")
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), quiet(*hub):
        warnings.simplefilter("ignore")
        return timm.create_model(layer.model, pretrained=pretrained, **options(layer))


def _from_file(layer: External, path: Path) -> Arrays:
    # What Diptych exported has a prefix, for it holds the last layer too.
    prefix = f"{layer.name}."
    state = {name.removeprefix(prefix): value for name, value in read_state(path).items()}
    expected = backbone(layer).state_dict()
    for name, value in expected.items():
        if name not in state and not name.endswith("num_batches_tracked"):
            raise InputError(f"{path}: lacks '{name}'; are these weights of timm/{layer.model}?")
        if name in state and state[name].shape != value.shape:
            shapes = f"{tuple(state[name].shape)}, not {tuple(value.shape)}"
            raise InputError(f"{path}: '{name}' has the shape {shapes}; is it another model?")
    return _ours(layer, {name: value for name, value in state.items() if name in expected})


def _ours(layer: External, state: dict[str, Tensor]) -> Arrays:
    return {
        f"{layer.name}.{name}": value.float().numpy()
        for name, value in state.items()
        if not name.endswith("num_batches_tracked")
    }


def _timm() -> Any:
    """The library timm.

    It imports torchvision, whose wheel expects the operators of a CUDA build; beside a PyTorch
    for the CPU that import fails. Declaring the two operators is enough for what timm uses.
    """
    leave_out_beside_tensorflow()
    try:
        import timm
    except ModuleNotFoundError as cause:
        raise MissingExtra("timm", "torch") from cause
    except RuntimeError as cause:
        if "torchvision::nms" not in str(cause):
            raise
        boxes = "Tensor dets, Tensor scores"
        torch.library.define("torchvision::nms", f"({boxes}, float iou_threshold) -> Tensor")
        torch.library.define("torchvision::qnms", f"({boxes}, float iou_threshold) -> Tensor")
        import timm
    return timm

"""The layers of `networks` as PyTorch modules, and the Python that builds the same.

Both come of one list: which module a layer is, and with what arguments.
"""

from collections.abc import Callable
from typing import Any

from torch import nn

from diptych import networks
from diptych.engines.torch import layers as ours
from diptych.networks import Layer, Network
from diptych.networks.libraries.timm import backbone

Arguments = tuple[Any, ...]

# How our own networks differ from those that other libraries have trained.
_USUAL = (False, networks.NORM_EPSILON, True)


def module_of_network(network: Network) -> nn.Module:
    """The whole network; its state_dict has the canonical names."""
    return ours.sequential(**_named(network.layers))


def name_of(layer: Layer, position: int) -> str:
    """A layer's name or, where it has none, one by its place."""
    return getattr(layer, "name", "") or f"{type(layer).__name__.lower()}{position}"


def call(layer: Layer) -> tuple[Callable[..., nn.Module], Arguments]:
    """What makes a layer's module, and its arguments; of a block, these are its layers."""
    match layer:
        case networks.Standardise(mean, std):
            return ours.Standardise, (mean, std, True) if layer.name else (mean, std)
        case networks.Convolution(_, inputs, outputs, kernel, stride, depthwise, activation):
            groups = inputs if depthwise else 1
            usual = (inputs, outputs, kernel, stride, groups, activation)
            others = (layer.symmetric, layer.epsilon, layer.norm)
            return ours.Convolution, usual if others == _USUAL else (*usual, *others)
        case networks.Block(_, layers, residual):
            return ours.residual if residual else ours.sequential, layers
        case networks.Activation(kind):
            return ours.ACTIVATIONS[kind], ()
        case networks.SideBySide(_, blocks):
            return ours.side_by_side, blocks
        case networks.MaxPool(size, stride, padding):
            return nn.MaxPool2d, (size, stride, padding) if stride else (size,)
        case networks.AveragePool(size):
            return nn.AvgPool2d, (size,)
        case networks.GlobalAverage():
            return ours.GlobalAverage, ()
        case networks.Mirrored():
            return ours.Mirrored, ()
        case networks.MeanOfViews():
            return ours.MeanOfViews, ()
        case networks.Flatten():
            return ours.Flatten, ()
        case networks.Unflatten(height, width, channels):
            return ours.Unflatten, (height, width, channels)
        case networks.Dropout(rate):
            return nn.Dropout, (rate,)
        case networks.Dense(_, inputs, outputs, activation):
            return ours.Dense, (inputs, outputs, activation)
        case networks.External():
            return backbone, (layer,)


def _named(layers: tuple[Layer, ...]) -> dict[str, nn.Module]:
    return {name_of(layer, i): module_of_layer(layer) for i, layer in enumerate(layers)}


def module_of_layer(layer: Layer) -> nn.Module:
    make, arguments = call(layer)
    holds_layers = isinstance(layer, networks.Block | networks.SideBySide)
    return make(**_named(arguments)) if holds_layers else make(*arguments)


def norms(module: nn.Module) -> list[nn.Module]:
    """Every batch normalisation, those of a library's backbone too."""
    kind = nn.modules.batchnorm._BatchNorm
    return [part for part in module.modules() if isinstance(part, kind)]

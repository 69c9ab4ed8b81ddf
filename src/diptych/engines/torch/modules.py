"""The layers of `networks` as PyTorch modules. Shapes inside are (N, channels, height, width)."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from diptych import networks
from diptych.networks import NORM_EPSILON, NORM_MOMENTUM, Layer, Network
from diptych.networks.libraries.timm import backbone

ACTIVATIONS = {"": nn.Identity, "relu": nn.ReLU, "relu6": nn.ReLU6}


def module(network: Network) -> nn.Module:
    """The whole network; its state_dict has the canonical names."""
    return nn.Sequential(named(network.layers))


def named(layers: tuple[Layer, ...]) -> OrderedDict[str, nn.Module]:
    """Each layer as a module, by its name or, where it has none, by its place."""
    return OrderedDict(
        (getattr(layer, "name", f"{type(layer).__name__.lower()}{i}"), made(layer))
        for i, layer in enumerate(layers)
    )


def made(layer: Layer) -> nn.Module:
    """One layer as a module."""
    match layer:
        case networks.Standardise(mean, std):
            return Standardise(mean, std)
        case networks.Convolution():
            return Convolution(layer)
        case networks.Block(_, layers, residual):
            return Residual(named(layers)) if residual else nn.Sequential(named(layers))
        case networks.MaxPool(size):
            return nn.MaxPool2d(size)
        case networks.AveragePool(size):
            return nn.AvgPool2d(size)
        case networks.GlobalAverage():
            return GlobalAverage()
        case networks.Flatten():
            return Flatten()
        case networks.Dropout(rate):
            return nn.Dropout(rate)
        case networks.Dense():
            return Dense(layer)
        case networks.External():
            built: nn.Module = backbone(layer)
            return built


class Standardise(nn.Module):
    """uint8 (N, H, W, C) to float (N, C, H, W), centred and scaled."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        # Not part of the weights: the network's description has them.
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)

    def forward(self, pixels_NHWC: Tensor) -> Tensor:
        # NHWC pixels seen as NCHW are PyTorch's channels_last already.
        x = pixels_NHWC.permute(0, 3, 1, 2).to(torch.float32)
        return (x - self.get_buffer("mean")) / self.get_buffer("std")


class Convolution(nn.Module):
    """Convolution, batch normalisation, activation."""

    def __init__(self, layer: networks.Convolution) -> None:
        super().__init__()
        self.kernel, self.stride = layer.kernel, layer.stride
        groups = layer.inputs if layer.depthwise else 1
        self.conv = nn.Conv2d(
            layer.inputs, layer.outputs, layer.kernel, layer.stride, groups=groups, bias=False
        )
        self.norm = nn.BatchNorm2d(layer.outputs, eps=NORM_EPSILON, momentum=NORM_MOMENTUM)
        self.activation = ACTIVATIONS[layer.activation]()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.activation(self.norm(self.conv(self.padded(x))))
        return out

    def padded(self, x: Tensor) -> Tensor:
        """Zeros around x as TensorFlow's SAME puts them."""
        (top, bottom), (left, right) = map(self.padding, x.shape[2:])
        return functional.pad(x, (left, right, top, bottom)) if self.kernel > 1 else x

    def padding(self, side: int) -> tuple[int, int]:
        """Zeros before and after a side."""
        steps = -(-side // self.stride)
        total = max((steps - 1) * self.stride + self.kernel - side, 0)
        return total // 2, total - total // 2


class Residual(nn.Sequential):
    """x + f(x)."""

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = super().forward(x)  # type: ignore[no-untyped-call]
        return x + out


class GlobalAverage(nn.Module):
    """(N, C, H, W) to (N, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


class Flatten(nn.Module):
    """(N, C, H, W) to (N, H·W·C), in the order of the pixels."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


class Dense(nn.Linear):
    """A fully connected layer with its activation."""

    def __init__(self, layer: networks.Dense) -> None:
        super().__init__(layer.inputs, layer.outputs)
        self.activation = ACTIVATIONS[layer.activation]()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.activation(super().forward(x))
        return out

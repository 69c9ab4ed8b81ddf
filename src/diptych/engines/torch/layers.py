"""Layers of image classifiers. Shapes inside are (N, channels, height, width).

Nothing of Diptych is needed here: this very text is exported beside a network's weights.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

NORM_EPSILON, NORM_MOMENTUM = 1e-3, 0.1  # the same in every framework
ACTIVATIONS = {"": nn.Identity, "relu": nn.ReLU, "relu6": nn.ReLU6}


def sequential(**layers: nn.Module) -> nn.Sequential:
    """Layers one after the other, each with its name."""
    return nn.Sequential(OrderedDict(layers))


def residual(shortcut: nn.Module | None = None, **layers: nn.Module) -> "Residual":
    """x + f(x), where f is these layers one after the other; or shortcut(x) + f(x)."""
    return Residual(OrderedDict(layers), nn.Identity() if shortcut is None else shortcut)


class Residual(nn.Module):
    """shortcut(x) + f(x)."""

    def __init__(self, layers: OrderedDict[str, nn.Module], shortcut: nn.Module) -> None:
        super().__init__()
        self.names = tuple(layers)
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        out = x
        for name in self.names:
            out = self.get_submodule(name)(out)
        total: Tensor = self.shortcut(x) + out
        return total


def side_by_side(**layers: nn.Module) -> "SideBySide":
    """The channels of what each of these makes of x, one after the other."""
    return SideBySide(OrderedDict(layers))


class SideBySide(nn.Sequential):
    """The channels of what each layer makes of x, one after the other."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([layer(x) for layer in self], 1)


class Standardise(nn.Module):
    """uint8 (N, H, W, C) to float (N, C, H, W), centred and scaled."""

    def __init__(
        self, mean: tuple[float, ...], std: tuple[float, ...], saved: bool = False
    ) -> None:
        super().__init__()
        # Part of the weights only where others' weights may bring their own.
        self.register_buffer("mean", torch.tensor(mean), persistent=saved)
        self.register_buffer("std", torch.tensor(std), persistent=saved)

    def forward(self, pixels_NHWC: Tensor) -> Tensor:
        x = (pixels_NHWC.to(torch.float32) - self.get_buffer("mean")) / self.get_buffer("std")
        # NHWC pixels seen as NCHW are PyTorch's channels_last already.
        return x.permute(0, 3, 1, 2)


class Convolution(nn.Module):
    """Convolution, batch normalisation, activation; or one with a bias instead of the second."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: str = "",
        symmetric: bool = False,
        epsilon: float = NORM_EPSILON,
        norm: bool = True,
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.symmetric = kernel, stride, symmetric
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=not norm)
        batch_norm = nn.BatchNorm2d(outputs, eps=epsilon, momentum=NORM_MOMENTUM)
        self.norm = batch_norm if norm else nn.Identity()
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.activation(self.norm(self.convolved(x)))
        return out

    def convolved(self, x: Tensor) -> Tensor:
        """x with zeros around it, convolved: as TensorFlow's SAME puts them, or on all sides."""
        (top, bottom), (left, right) = map(self.padding, x.shape[2:])
        if (top, left) == (bottom, right):
            around = top, left  # without a copy of x
        else:
            x, around = functional.pad(x, (left, right, top, bottom)), (0, 0)
        conv = self.conv
        return functional.conv2d(x, conv.weight, conv.bias, self.stride, around, 1, conv.groups)

    def padding(self, side: int) -> tuple[int, int]:
        """Zeros before and after a side."""
        if self.symmetric:
            return self.kernel // 2, self.kernel // 2
        steps = -(-side // self.stride)
        total = max((steps - 1) * self.stride + self.kernel - side, 0)
        return total // 2, total - total // 2


class GlobalAverage(nn.Module):
    """(N, C, H, W) to (N, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


class Mirrored(nn.Module):
    """uint8 (N, H, W, C) and behind them their mirror images, (2N, H, W, C); not in training."""

    def forward(self, pixels_NHWC: Tensor) -> Tensor:
        return pixels_NHWC if self.training else torch.cat([pixels_NHWC, pixels_NHWC.flip(2)])


class MeanOfViews(nn.Module):
    """(2N, D) to (N, D): the mean over a picture and its mirror image; not in training."""

    def forward(self, x: Tensor) -> Tensor:
        return x if self.training else mean_of_views(x, 2)


def mean_of_views(x: Tensor, views: int) -> Tensor:
    """The mean over the views of each picture, (views · N, D) to (N, D)."""
    return x.view(views, -1, x.shape[1]).mean(0)


class Flatten(nn.Module):
    """(N, C, H, W) to (N, H·W·C), in the order of the pixels."""

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


class Unflatten(nn.Module):
    """(N, H·W·C) to (N, C, H, W): the inverse of Flatten."""

    def __init__(self, height: int, width: int, channels: int) -> None:
        super().__init__()
        self.shape = height, width, channels

    def forward(self, x: Tensor) -> Tensor:
        return x.view(-1, *self.shape).permute(0, 3, 1, 2)


class Dense(nn.Linear):
    """A fully connected layer with its activation."""

    def __init__(self, inputs: int, outputs: int, activation: str = "") -> None:
        super().__init__(inputs, outputs)
        self.activation = ACTIVATIONS[activation]()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.activation(super().forward(x))
        return out

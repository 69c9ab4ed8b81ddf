"""The networks that people name first, as torchvision has them: ResNet (He et al. 2016), VGG.

Weights that others trained for them are read from files (see `networks.published`). Up to their
features they are those of the libraries, whose mean and std of pictures come with the weights.
"""

from collections.abc import Callable, Mapping, Sequence

from diptych.errors import InputError
from diptych.networks import (
    SHORTCUT,
    Activation,
    Block,
    Convolution,
    GlobalAverage,
    Layer,
    MaxPool,
    Network,
    Standardise,
    head_layers,
)

Shape = tuple[int, ...]

# Of the pictures of ImageNet, between 0 and 255, by which torchvision and timm go.
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
# The batch normalisation of PyTorch.
EPSILON = 1e-5
WIDTHS = (64, 128, 256, 512)


def resnet18(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """ResNet-18 (He et al. 2016): 11.2 million weights and 512 features."""
    return _resnet("resnet18", (2, 2, 2, 2), shape, classes, dropout)


def resnet34(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """ResNet-34, of the same blocks, but more: 21.3 million weights and 512 features."""
    return _resnet("resnet34", (3, 4, 6, 3), shape, classes, dropout)


def _resnet(
    name: str, blocks: Sequence[int], shape: Shape, classes: int, dropout: float
) -> Network:
    stem = _convolution("conv1", 3, 64, 7, stride=2)
    layers: list[Layer] = [*_pixels(name, shape), stem, MaxPool(3, 2, padding=1)]
    inputs = 64
    for stage, (outputs, count) in enumerate(zip(WIDTHS, blocks, strict=True), start=1):
        for number in range(count):
            stride = 2 if stage > 1 and number == 0 else 1
            block = f"layer{stage}_{number}"
            layers += [_basic_block(block, inputs, outputs, stride), Activation("relu")]
            inputs = outputs
    return _network(name, shape, layers, classes, dropout)


def _basic_block(name: str, inputs: int, outputs: int, stride: int) -> Block:
    row: tuple[Layer, ...] = (
        _convolution("conv1", inputs, outputs, 3, stride),
        _convolution("conv2", outputs, outputs, 3, activation=""),
    )
    if stride > 1 or inputs != outputs:
        row += (_convolution(SHORTCUT, inputs, outputs, 1, stride, activation=""),)
    return Block(name, row, residual=True)


def _convolution(
    name: str, inputs: int, outputs: int, kernel: int, stride: int = 1, activation: str = "relu"
) -> Convolution:
    return Convolution(
        name, inputs, outputs, kernel, stride, False, activation, symmetric=True, epsilon=EPSILON
    )


def vgg11(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """The convolutions of VGG-11 (Simonyan & Zisserman 2015): 9.2 million weights, 512 features."""
    return _vgg("vgg11", (1, 1, 2, 2, 2), False, shape, classes, dropout)


def vgg11_bn(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """VGG-11 with batch normalisation, which learns from scratch more readily."""
    return _vgg("vgg11_bn", (1, 1, 2, 2, 2), True, shape, classes, dropout)


def vgg16(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """The convolutions of VGG-16: 14.7 million weights and 512 features."""
    return _vgg("vgg16", (2, 2, 3, 3, 3), False, shape, classes, dropout)


def vgg16_bn(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """VGG-16 with batch normalisation."""
    return _vgg("vgg16_bn", (2, 2, 3, 3, 3), True, shape, classes, dropout)


def _vgg(
    name: str, blocks: Sequence[int], norm: bool, shape: Shape, classes: int, dropout: float
) -> Network:
    """Without the two dense layers of 4,096, whose 120 million weights know one size alone."""
    layers, inputs = _pixels(name, shape), 3
    for block, (outputs, count) in enumerate(zip((*WIDTHS, 512), blocks, strict=True), start=1):
        for number in range(1, count + 1):
            called = f"block{block}_conv{number}"
            layers.append(Convolution(called, inputs, outputs, 3, epsilon=EPSILON, norm=norm))
            inputs = outputs
        layers.append(MaxPool(2))
    return _network(name, shape, layers, classes, dropout)


def _pixels(name: str, shape: Shape) -> list[Layer]:
    if shape[-1] != 3:
        raise InputError(f"{name} needs colour pictures; use the network resnet or cnn")
    if min(shape[:2]) < 32:
        size = f"{shape[0]} × {shape[1]}"
        raise InputError(f"{name} needs 32 × 32 pixels or more, not {size}; use the network resnet")
    return [Standardise(MEAN, STD, "pixels")]


def _network(
    name: str, shape: Shape, layers: Sequence[Layer], classes: int, dropout: float
) -> Network:
    return Network(
        name, shape, (*layers, GlobalAverage(), *head_layers(WIDTHS[-1], classes, dropout))
    )


CLASSICS: Mapping[str, Callable[[Shape, int, float], Network]] = {
    "resnet18": resnet18,
    "resnet34": resnet34,
    "vgg11": vgg11,
    "vgg11_bn": vgg11_bn,
    "vgg16": vgg16,
    "vgg16_bn": vgg16_bn,
}

"""The networks that Diptych brings along."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from diptych.errors import InputError
from diptych.networks import (
    HEAD,
    SIDE_BY_SIDE,
    AveragePool,
    Block,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalAverage,
    Layer,
    MaxPool,
    Network,
    SideBySide,
    Standardise,
    head_layers,
)
from diptych.networks.classics import CLASSICS

Shape = tuple[int, ...]

# The width of each stage of `resnet`; that of the last is kept where there are more.
RESNET = (64, 128, 256)

# Where the grid of `linear` has this many cells a side, a picture is a few hundred numbers.
GRID = 16


def linear(shape: Shape, classes: int, dropout: float = 0.0) -> Network:
    """Softmax regression on the mean colours of a grid: the honest baseline."""
    height, width, channels = shape
    cell = max(min(height, width) // GRID, 1)
    cells = (height // cell) * (width // cell) * channels
    layers = (_centred(channels), AveragePool(cell), Flatten(), *head_layers(cells, classes, 0.0))
    return Network("linear", shape, layers)


def mlp(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """Two hidden layers of 256 on the mean colours of a grid of 32 × 32 or finer."""
    height, width, channels = shape
    cell = max(min(height, width) // 32, 1)
    cells = (height // cell) * (width // cell) * channels
    hidden = (
        Dense("hidden1", cells, 256, "relu"),
        Dropout(dropout),
        Dense("hidden2", 256, 256, "relu"),
    )
    layers = (_centred(channels), AveragePool(cell), Flatten(), *hidden)
    return Network("mlp", shape, (*layers, *head_layers(256, classes, dropout)))


def cnn(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """Pairs of 3×3 convolutions that double in width each time the picture is halved.

    As many halvings as bring the picture to between 4 and 7 pixels a side; where there are 24 or
    more, a 5×5 convolution takes the first one or two in a single stride. Grey pictures are seen
    with half the width of colour ones.
    """
    height, width, channels = shape
    layers: list[Layer] = [_centred(channels)]
    side, inputs, outputs = min(height, width), channels, 16 if channels == 1 else 32
    if side >= 24:
        stride = 4 if side >= 128 else 2
        layers.append(Convolution("stem", inputs, outputs, 5, stride))
        side, inputs, outputs = -(-side // stride), outputs, 2 * outputs
    stage = 0
    while True:
        stage += 1
        layers.append(Convolution(f"stage{stage}a", inputs, outputs, 3))
        layers.append(Convolution(f"stage{stage}b", outputs, outputs, 3))
        if side < 8:
            break
        layers.append(MaxPool(2))
        side, inputs, outputs = side // 2, outputs, min(outputs * 2, 256)
    layers += [GlobalAverage(), *head_layers(outputs, classes, dropout)]
    return Network("cnn", shape, tuple(layers))


def resnet(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """A residual network for small pictures, after the ResNet-9 of Page (2018).

    Each stage has a convolution, a halving of the picture, and a block of two convolutions whose
    output is added to its input. There are as many as bring the picture to between 3 and 5 pixels
    a side, but at least three; of 48 pixels or more, a 5×5 convolution takes the first halving or
    two in a single stride.
    """
    height, width, channels = shape
    layers: list[Layer] = [_centred(channels)]
    side, inputs, stage = min(height, width), channels, 0
    if side >= 48:
        stride = 4 if side >= 128 else 2
        layers.append(Convolution("stem", inputs, 32, 5, stride))
        side, inputs = -(-side // stride), 32
    while side >= 6 or stage < len(RESNET):
        stage += 1
        outputs = RESNET[min(stage, len(RESNET)) - 1]
        layers.append(Convolution(f"stage{stage}", inputs, outputs, 3))
        if side >= 6:
            layers.append(MaxPool(2))
            side //= 2
        pair = tuple(Convolution(name, outputs, outputs, 3) for name in ("conv1", "conv2"))
        layers.append(Block(f"stage{stage}_block", pair, residual=True))
        inputs = outputs
    layers += [GlobalAverage(), *head_layers(inputs, classes, dropout)]
    return Network("resnet", shape, tuple(layers))


class _Stage(NamedTuple):
    """Blocks of one width; the first of them has the stride."""

    kernel: int
    stride: int
    expansion: int
    outputs: int
    repeats: int


# Tan & Le 2019, table 1. The "lite" variants leave out squeeze-and-excitation, and let the stem,
# the top and the number of blocks in the first and the last stage be (Liu 2020).
_LITE0 = (
    _Stage(3, 1, 1, 16, 1),
    _Stage(3, 2, 6, 24, 2),
    _Stage(5, 2, 6, 40, 2),
    _Stage(3, 2, 6, 80, 3),
    _Stage(5, 1, 6, 112, 3),
    _Stage(5, 2, 6, 192, 4),
    _Stage(3, 1, 6, 320, 1),
)
_DEEPER = (1, 3, 3, 4, 4, 5, 1)
_WIDER = (16, 24, 48, 88, 120, 208, 352)
_LITE1 = tuple(stage._replace(repeats=n) for stage, n in zip(_LITE0, _DEEPER, strict=True))
_LITE2 = tuple(stage._replace(outputs=n) for stage, n in zip(_LITE1, _WIDER, strict=True))


def efficientnet_lite0(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """EfficientNet-Lite0 (Tan & Le 2019; Liu 2020): 3.4 million weights and 1,280 features."""
    return _efficientnet("efficientnet_lite0", _LITE0, shape, classes, dropout)


def efficientnet_lite1(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """EfficientNet-Lite1, which is deeper: 4.1 million weights and 1,280 features."""
    return _efficientnet("efficientnet_lite1", _LITE1, shape, classes, dropout)


def efficientnet_lite2(shape: Shape, classes: int, dropout: float = 0.2) -> Network:
    """EfficientNet-Lite2, deeper and wider: 4.8 million weights and 1,280 features."""
    return _efficientnet("efficientnet_lite2", _LITE2, shape, classes, dropout)


def _efficientnet(
    name: str, stages: Sequence[_Stage], shape: Shape, classes: int, dropout: float
) -> Network:
    if shape[-1] != 3:
        raise InputError(f"{name} needs colour pictures; use the network cnn")
    layers: list[Layer] = [
        Standardise((127.0,) * 3, (128.0,) * 3),
        Convolution("stem", 3, 32, 3, 2, activation="relu6"),
    ]
    inputs, number = 32, 0
    for kernel, first_stride, expansion, outputs, repeats in stages:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            block = f"block{number}"
            layers.append(_inverted_residual(block, inputs, outputs, kernel, stride, expansion))
            inputs, number = outputs, number + 1
    layers += [Convolution("top", inputs, 1280, 1, activation="relu6"), GlobalAverage()]
    return Network(name, shape, (*layers, *head_layers(1280, classes, dropout)))


def _inverted_residual(
    name: str, inputs: int, outputs: int, kernel: int, stride: int, expansion: int
) -> Block:
    """Widen, filter each channel, narrow (Sandler et al. 2018)."""
    wide = inputs * expansion
    expand = (Convolution("expand", inputs, wide, 1, activation="relu6"),) if expansion > 1 else ()
    depthwise = Convolution("depthwise", wide, wide, kernel, stride, True, "relu6")
    project = Convolution("project", wide, outputs, 1, activation="")
    residual = stride == 1 and inputs == outputs
    return Block(name, (*expand, depthwise, project), residual)


def _centred(channels: int) -> Standardise:
    return Standardise((127.5,) * channels, (127.5,) * channels)


def build(name: str, shape: Shape, classes: int, dropout: float) -> Network:
    """One of `ZOO`, or several side by side: "efficientnet_lite0+lite1" (see `backbones`)."""
    names = backbones(name)
    if len(names) == 1:
        return ZOO[name](shape, classes, dropout)
    every = [ZOO[one](shape, classes, dropout) for one in names]
    # What averages their maps comes after all of them.
    blocks = tuple(Block(one.name, one.layers[: -HEAD - 1]) for one in every)
    features = sum(one.features for one in every)
    head = head_layers(features, classes, dropout)
    layers = (SideBySide(SIDE_BY_SIDE, blocks), GlobalAverage(), *head)
    return Network("+".join(names), shape, layers)


def backbones(name: str) -> tuple[str, ...]:
    """The networks that a name joins by "+"; "lite1" after the first is short for its sibling.

    Names of none are left as they are.
    """
    first, *others = name.split("+")
    family = first.rpartition("_")[0]
    return first, *(one if one in ZOO else f"{family}_{one}" for one in others)


ZOO: Mapping[str, Callable[[Shape, int, float], Network]] = {
    "efficientnet_lite0": efficientnet_lite0,
    "efficientnet_lite1": efficientnet_lite1,
    "efficientnet_lite2": efficientnet_lite2,
    "resnet": resnet,
    "cnn": cnn,
    "mlp": mlp,
    "linear": linear,
    **CLASSICS,
}

"""Architectures as plain data: what PyTorch, TensorFlow and ONNX each build in their own way.

A `Network` is a tuple of layers. Weights are a dict of float32 arrays under canonical names, in
the layout of PyTorch: convolutions (out, in/groups, height, width), dense layers (out, in).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Weights = Mapping[str, npt.NDArray[np.float32]]

# What the input of every network is called, wherever names are needed.
INPUT = "images"
# The layer that holds several backbones.
SIDE_BY_SIDE = "backbones"
# The arrays of a batch normalisation, as PyTorch calls them.
NORM = ("weight", "bias", "running_mean", "running_var")
# Both frameworks are told; their own defaults differ (1e-5 and 1e-3; 0.1 and 0.01).
NORM_EPSILON = 1e-3
NORM_MOMENTUM = 0.1  # the share of the new batch, as PyTorch counts it
# What the layer of a block is called that its input goes through before the sum.
SHORTCUT = "shortcut"


class Standardise(NamedTuple):
    """(pixel − mean) / std for each channel, on the scale 0 to 255.

    With a name, both are among the weights, which are not trained: whoever trained the others on
    pictures of another mean and std brings these along. The ones here are the default then.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    name: str = ""


class Convolution(NamedTuple):
    """Convolution without bias, batch normalisation, activation; or with bias, and no `norm`.

    Padded as TensorFlow's SAME: the output has ⌈size / stride⌉ rows, an odd row of padding goes
    to the bottom and right. Or `symmetric`, as PyTorch's own networks are: by ⌊kernel / 2⌋ on
    every side, which comes to as many rows.
    """

    name: str
    inputs: int
    outputs: int
    kernel: int
    stride: int = 1
    depthwise: bool = False
    activation: str = "relu"  # or "relu6", or ""
    symmetric: bool = False
    epsilon: float = NORM_EPSILON
    norm: bool = True


class Block(NamedTuple):
    """Layers in a row; with `residual` their output is added to their input.

    An input of another shape goes through the last layer first, where that is called "shortcut".
    """

    name: str
    layers: tuple["Layer", ...]
    residual: bool = False

    @property
    def row(self) -> tuple["Layer", ...]:
        """The layers in a row, without the shortcut."""
        return self.layers[:-1] if self.shortcut else self.layers

    @property
    def shortcut(self) -> Convolution | None:
        """What the input goes through before the sum, if anything."""
        last = self.layers[-1]
        return last if isinstance(last, Convolution) and last.name == SHORTCUT else None


class Activation(NamedTuple):
    """What follows a sum: "relu" or "relu6"."""

    kind: str


class SideBySide(NamedTuple):
    """Blocks that see the same pictures; the channels of their maps follow one another."""

    name: str
    layers: tuple[Block, ...]


class MaxPool(NamedTuple):
    """The largest of each size × size pixels, at every `stride`: the size, where it is 0.

    With a `padding` on every side there are maps of a ReLU before it: nothing is below zero.
    """

    size: int
    stride: int = 0
    padding: int = 0


class AveragePool(NamedTuple):
    """The mean of each size × size pixels."""

    size: int


class GlobalAverage(NamedTuple):
    """The mean of each channel."""


class Mirrored(NamedTuple):
    """Pictures, and behind all of them their mirror images; while a network learns, pictures alone.

    (N, H, W, C) to (2N, H, W, C).
    """


class MeanOfViews(NamedTuple):
    """The mean of the features of a picture and its mirror image; the other end of `Mirrored`.

    (2N, D) to (N, D). What a dense layer makes of it is the mean of what it makes of each.
    """

    width: int


class Flatten(NamedTuple):
    """Rows, then columns, then channels."""


class Unflatten(NamedTuple):
    """Maps again of what `Flatten` made of them."""

    height: int
    width: int
    channels: int


class Dropout(NamedTuple):
    """In training, zero this share of the numbers."""

    rate: float


class Dense(NamedTuple):
    """A fully connected layer."""

    name: str
    inputs: int
    outputs: int
    activation: str = ""


class External(NamedTuple):
    """A backbone that a library builds, up to its features: timm/resnet18, keras/ResNet50."""

    name: str
    source: str  # "timm" or "keras"
    model: str
    side: int  # of the pictures, which some models must know
    outputs: int
    parameters: int = 0  # how many weights it has, where that is known


Layer = (
    Standardise
    | Convolution
    | Block
    | Activation
    | SideBySide
    | MaxPool
    | AveragePool
    | GlobalAverage
    | Mirrored
    | MeanOfViews
    | Flatten
    | Unflatten
    | Dropout
    | Dense
    | External
)

# How many views of a picture there are between `Mirrored` and `MeanOfViews`.
VIEWS = 2
# The last layers of every network: they turn features into one logit for each class.
HEAD = 2


def head_layers(features: int, classes: int, dropout: float) -> tuple[Layer, Layer]:
    """The last layers of a network."""
    return Dropout(dropout), Dense("classifier", features, classes)


@dataclass(frozen=True)
class Network:
    """Layers from an input of one shape, without the batch, to logits.

    The input is (height, width, channels) of uint8 pixels, or (features,) of float32.
    """

    name: str
    input: tuple[int, ...]
    layers: tuple[Layer, ...]

    @property
    def classes(self) -> int:
        """How many logits come out."""
        return self._dense.outputs

    @property
    def features(self) -> int:
        """How many numbers the backbone gives to the head."""
        return self._dense.inputs

    @property
    def _dense(self) -> Dense:
        last = self.layers[-1]
        assert isinstance(last, Dense), "a network ends in a dense layer"
        return last

    @property
    def views(self) -> int:
        """How many views of a picture an answer is the mean over."""
        return VIEWS if isinstance(self.layers[0], Mirrored) else 1

    @property
    def with_mirrored(self) -> "Network":
        """The same, answering with the mean over a picture and its mirror image."""
        one = self.one_view.layers
        layers = (Mirrored(), *one[:-HEAD], MeanOfViews(self.features), *one[-HEAD:])
        return replace(self, layers=layers)

    @property
    def one_view(self) -> "Network":
        """The same, looking at the picture alone; weights are those of both."""
        layers = (x for x in self.layers if not isinstance(x, Mirrored | MeanOfViews))
        return replace(self, layers=tuple(layers))

    @property
    def backbone(self) -> "Network":
        """All but the head: from pixels to features."""
        return replace(self, name=f"{self.name}/backbone", layers=self.layers[:-HEAD])

    @property
    def head(self) -> "Network":
        """The head alone: from features to logits."""
        return Network(f"{self.name}/head", (self.features,), self.layers[-HEAD:])

    def has(self, weight: str) -> bool:
        """Whether a weight of this name belongs to one of the layers."""
        return weight.split(".")[0] in {getattr(layer, "name", "") for layer in self.layers}

    @property
    def external(self) -> External | None:
        """The backbone that a library builds, if any."""
        return next((layer for layer in self.layers if isinstance(layer, External)), None)

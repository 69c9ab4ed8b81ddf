"""A network as a Python file for PyTorch that needs nothing of Diptych: what weights alone lack."""

from collections.abc import Iterator
from functools import partial

from diptych.networks import (
    NORM_EPSILON,
    AveragePool,
    Block,
    Convolution,
    Dense,
    Dropout,
    External,
    Flatten,
    GlobalAverage,
    Layer,
    MaxPool,
    Network,
    Standardise,
)

Side = tuple[int, int]  # height and width of what a layer is given

_ACTIVATIONS = {"relu": "nn.ReLU", "relu6": "nn.ReLU6", "": "nn.Identity"}

_STANDARDISE = '''\
class Standardise(nn.Module):
    """uint8 (N, H, W, C) to float (N, C, H, W), centred and scaled."""

    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)

    def forward(self, pixels):
        return (pixels.permute(0, 3, 1, 2).float() - self.mean) / self.std'''
_CONVOLUTION = f'''\
def convolution(inputs, outputs, kernel, stride, groups, padding, activation):
    """Padding (left, right, top, bottom), convolution, batch normalisation, activation."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
    norm = nn.BatchNorm2d(outputs, eps={NORM_EPSILON})
    steps = OrderedDict(pad=nn.ZeroPad2d(padding), conv=conv, norm=norm, activation=activation())
    return nn.Sequential(steps)'''
_RESIDUAL = '''\
class Residual(nn.Sequential):
    """x + f(x)."""

    def forward(self, x):
        return x + super().forward(x)'''
_AVERAGE = '''\
class GlobalAverage(nn.Module):
    """(N, C, H, W) to (N, C)."""

    def forward(self, x):
        return x.mean((2, 3))'''
_FLATTEN = '''\
class Flatten(nn.Module):
    """(N, C, H, W) to (N, H·W·C), in the order of the pixels."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)'''

# A library fixes the pictures' side in some models.
_EXTERNAL = '''\
def backbone():
    """{source}'s {model} without its last layer."""
    fixed = timm.get_pretrained_cfg("{model}").fixed_input_size
    sized = {{"img_size": {side}}} if fixed else {{}}
    return timm.create_model("{model}", num_classes=0, **sized)'''


def pytorch_source(network: Network) -> str:
    """A module whose function `network` builds it, for a state_dict of the canonical names."""
    shape = ", ".join(map(str, network.input))
    pieces = list(dict.fromkeys(_pieces(network.layers)))
    external = network.external
    libraries = "import timm\nimport torch" if external else "import torch"
    height, width = network.input[:2]
    lines, _ = _written(network.layers, (height, width), 3)
    return "\n".join(
        [
            f'"""The network {network.name}: uint8 pixels (N, {shape}) to logits '
            f'(N, {network.classes})."""',
            "",
            f"from collections import OrderedDict\n\n{libraries}\nfrom torch import nn",
            *(f"\n\n{piece}" for piece in pieces),
            "\n\ndef network():",
            '    """The layers, with random weights."""',
            "    return nn.Sequential(\n        OrderedDict(",
            *lines,
            "        )\n    )\n",
        ]
    )


def _pieces(layers: tuple[Layer, ...]) -> Iterator[str]:
    """The classes and functions that layers need, from the first to the last."""
    for layer in layers:
        match layer:
            case Standardise():
                yield _STANDARDISE
            case Convolution():
                yield _CONVOLUTION
            case Block(_, inner, residual):
                if residual:
                    yield _RESIDUAL
                yield from _pieces(inner)
            case GlobalAverage():
                yield _AVERAGE
            case Flatten():
                yield _FLATTEN
            case External(_, source, model, side, _):
                yield _EXTERNAL.format(source=source, model=model, side=side)


def _written(layers: tuple[Layer, ...], side: Side, depth: int) -> tuple[list[str], Side]:
    """The arguments of an OrderedDict, one a line or more, and the side of what comes out."""
    indent, lines = "    " * depth, []
    for i, layer in enumerate(layers):
        name = getattr(layer, "name", f"{type(layer).__name__.lower()}{i}")
        match layer:
            case Standardise(mean, std):
                made = f"Standardise({mean}, {std})"
            case Convolution():
                made, side = _convolution(layer, side)
            case Block(_, inner, residual):
                within, side = _written(inner, side, depth + 2)
                kind = "Residual" if residual else "nn.Sequential"
                opened, closed = f"{kind}(\n{indent}    OrderedDict(", f"{indent}    )\n{indent})"
                made = "\n".join([opened, *within, closed])
            case MaxPool(size) | AveragePool(size):
                kind = "MaxPool2d" if isinstance(layer, MaxPool) else "AvgPool2d"
                made, side = f"nn.{kind}({size})", (side[0] // size, side[1] // size)
            case GlobalAverage() | Flatten():
                made = f"{type(layer).__name__}()"
            case Dropout(rate):
                made = f"nn.Dropout({rate})"
            case Dense(_, inputs, outputs, activation):
                made = f"nn.Linear({inputs}, {outputs})"
                if activation:
                    made += f",\n{indent}{name}_activation={_ACTIVATIONS[activation]}()"
            case External():
                made = "backbone()"
        lines.append(f"{indent}{name}={made},")
    return lines, side


def _convolution(layer: Convolution, side: Side) -> tuple[str, Side]:
    out = -(-side[0] // layer.stride), -(-side[1] // layer.stride)
    (top, bottom), (left, right) = map(partial(_padding, layer), side, out)
    groups = layer.inputs if layer.depthwise else 1
    given = (layer.inputs, layer.outputs, layer.kernel, layer.stride, groups)
    padding = (left, right, top, bottom)
    numbers = ", ".join(map(str, given))
    return f"convolution({numbers}, {padding}, {_ACTIVATIONS[layer.activation]})", out


def _padding(layer: Convolution, before: int, after: int) -> tuple[int, int]:
    """Zeros at both ends of a side, as TensorFlow's SAME puts them."""
    total = max((after - 1) * layer.stride + layer.kernel - before, 0)
    return total // 2, total - total // 2

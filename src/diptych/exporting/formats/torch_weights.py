"""The weights alone, as torch.save writes a state_dict, and the network's code beside them."""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from diptych.exporting.formats.contract import FLOAT, TORCH, Example, Format, Paths
from diptych.exporting.source import ExportSource
from diptych.graphs.outputs import PROBABILITIES, OpenFile
from diptych.networks import Block, External, Layer, Network, SideBySide

NETWORK = "network.py"


def write(source: ExportSource, kind: str, paths: Paths) -> None:
    """Two files: .pth for torch.load(weights_only=True), and network.py."""
    from diptych.networks.torch_files import state_file

    weights, code = paths
    weights.write_bytes(state_file(source.weights))
    code.write_text(network_code(source.bundle.network(TORCH)), encoding="utf-8")


def open_file(paths: Paths, kind: str) -> OpenFile:
    """The network of the Python file with the weights; it gives probabilities alone.

    The Python file is run, so it must be one of ours.
    """
    import runpy

    import torch

    from diptych.engines.torch.classifier import open_module

    weights, code = paths
    network = runpy.run_path(str(code))["network"]()
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    return open_module(lambda images: {PROBABILITIES: network(images).softmax(1)})


def network_code(network: Network) -> str:
    """A Python file whose function `network` builds it, for a state_dict of the canonical names.

    It is our own layers' text and one expression, and needs PyTorch alone; or timm as well, where
    the backbone is one of timm's.
    """
    from diptych.engines.torch import layers

    text = inspect.getsource(layers)
    if network.external:
        text = text.replace("import torch\n", "import timm\nimport torch\n", 1)
    shape = ", ".join(map(str, network.input))
    return f'''{text}

def network() -> nn.Sequential:
    """{network.name}: uint8 pixels (N, {shape}) to logits (N, {network.classes})."""
    return sequential(
{"".join(_lines(network.layers, 2))}    )
'''


def _lines(layers: tuple[Layer, ...], depth: int) -> Iterator[str]:
    """The layers as arguments of `sequential`, one a line; those of a block further in."""
    from diptych.engines.torch.modules import call, name_of

    indent = "    " * depth
    for position, layer in enumerate(layers):
        name, (make, arguments) = name_of(layer, position), call(layer)
        if isinstance(layer, Block | SideBySide):
            yield f"{indent}{name}={make.__name__}(\n"
            yield from _lines(layer.layers, depth + 1)
            yield f"{indent}),\n"
        elif isinstance(layer, External):
            yield f"{indent}{name}={_timm_call(layer)},\n"
        else:
            yield f"{indent}{name}={_called(make, arguments)},\n"


def _called(make: Callable[..., Any], arguments: tuple[Any, ...]) -> str:
    module = "nn." if make.__module__.startswith("torch.") else ""
    return f"{module}{make.__name__}({', '.join(map(_written, arguments))})"


def _timm_call(layer: External) -> str:
    """The backbone without its last layer, its weights random."""
    from diptych.networks.libraries.timm import options

    settings: Mapping[str, Any] = options(layer)
    written = "".join(f", {name}={_written(value)}" for name, value in settings.items())
    return f"timm.create_model({_written(layer.model)}{written})"


def _written(value: Any) -> str:
    """A value as Python, texts in double quotes."""
    return json.dumps(value) if isinstance(value, str) else repr(value)


FORMAT = Format(
    "torch",
    "PyTorch",
    "torch",
    made_in=TORCH,
    run_in=TORCH,
    needs=(("torch", "torch"), ("onnx", "torch")),
    endings=(".pth",),
    write=write,
    open=open_file,
    examples={
        FLOAT: Example(
            "import torch\nfrom network import network",
            """\
classes, model = {classes}, network()
model.load_state_dict(torch.load(file, weights_only=True))
model.eval().requires_grad_(False)""",
            """\
p = model(torch.from_numpy(pixels)).softmax(1)[0].numpy()
ood_score = 0  # weights alone do not know it""",
        )
    },
    beside=(NETWORK,),
    needs_library=True,
)

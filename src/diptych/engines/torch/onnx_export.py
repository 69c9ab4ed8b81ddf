"""A module as an ONNX graph, by PyTorch's own exporter: for backbones that have no plain data."""

import warnings

import torch
from torch import nn

from diptych.graphs.writer import OPSET
from diptych.networks import INPUT
from diptych.system.silence import quiet


def onnx_graph(whole: nn.Module, shape: tuple[int, ...], probabilities: bool) -> bytes:
    """A module as an ONNX file with any number of pictures at a time."""
    example = torch.zeros((2, *shape), dtype=torch.uint8)
    with warnings.catch_warnings(), quiet("torch.onnx", "onnxscript", "onnx_ir"):
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            whole,
            (example,),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=["probabilities" if probabilities else "features"],
            dynamic_shapes=({0: torch.export.Dim("N", min=1)},),
        )
    assert program is not None
    return bytes(program.model_proto.SerializeToString())

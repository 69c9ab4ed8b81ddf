"""A module as an ONNX graph, by PyTorch's own exporter: for backbones that have no plain data."""

import warnings

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from diptych.errors import InputError, first_line
from diptych.graphs.writer import OPSET
from diptych.networks import INPUT
from diptych.system.memory import short_of_memory
from diptych.system.silence import quiet


def onnx_graph(whole: nn.Module, shape: tuple[int, ...], probabilities: bool) -> bytes:
    """A module as an ONNX file with any number of pictures at a time.

    Raises InputError for a module with an operation that cannot be written.
    """
    example = torch.zeros((2, *shape), dtype=torch.uint8)
    with warnings.catch_warnings(), quiet("torch.onnx", "onnxscript", "onnx_ir"):
        warnings.simplefilter("ignore")
        try:
            # PyTorch's fused attention for processors cannot be written where it has a bias.
            with sdpa_kernel(SDPBackend.MATH):
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
        except Exception as cause:
            # The exporter raises classes of half a dozen libraries.
            if short_of_memory(cause):
                raise
            raise InputError(
                f"no ONNX graph can be made of this network ({first_line(_first_cause(cause))}); "
                "choose another"
            ) from cause
    assert program is not None
    return bytes(program.model_proto.SerializeToString())


def _first_cause(error: BaseException) -> BaseException:
    """What an error came of, before the exporter put its own words around it."""
    return error if error.__cause__ is None else _first_cause(error.__cause__)

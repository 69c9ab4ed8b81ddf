"""A backbone of timm as an ONNX graph, by PyTorch's own exporter: it has no plain data."""

import warnings
from functools import lru_cache

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from diptych.engines.torch.weights import module_with_weights, weights_of
from diptych.errors import InputError, first_line
from diptych.graphs.views import with_views
from diptych.graphs.writer import OPSET
from diptych.networks import INPUT, Network, Weights
from diptych.system.memory import short_of_memory
from diptych.system.silence import quiet


def backbone_graph(backbone: Network, weights: Weights) -> bytes:
    """A network without its head as an ONNX file, with any number of pictures at a time.

    `weights` may have others too, and lack those that the library starts with. Raises InputError
    for an operation that cannot be written.
    """
    own = {name: value for name, value in weights.items() if backbone.has(name)}
    module = module_with_weights(backbone, own).eval()
    program = _traced(backbone.one_view)
    traced = program.model
    # The optimiser folds weights into each other, so it has to come after them.
    program.model = traced.clone()
    try:
        _put(program, weights_of(module))
        with warnings.catch_warnings(), quiet("onnxscript", "onnx_ir"):
            warnings.simplefilter("ignore")
            program.optimize()
        return with_views(program.model_proto.SerializeToString(), backbone)
    finally:
        program.model = traced


@lru_cache(maxsize=1)
def _traced(backbone: Network) -> torch.onnx.ONNXProgram:
    """What a backbone computes, as a graph whose weights lack their numbers.

    Tracing takes most of the time of an export and sees no numbers: those before the training and
    those after it have the same graph.
    """
    module = module_with_weights(backbone, {}).eval()
    program = onnx_program(module, backbone.input)
    program.exported_program = None  # which has them too
    for name in module.state_dict():
        if name in program.model.graph.initializers:
            program.model.graph.initializers[name].const_value = None
    return program


def _put(program: torch.onnx.ONNXProgram, weights: Weights) -> None:
    """Give a traced graph its numbers."""
    import onnx_ir

    for name, value in program.model.graph.initializers.items():
        if value.const_value is None:
            value.const_value = onnx_ir.tensor(weights[name], name=name)


def onnx_program(module: nn.Module, shape: tuple[int, ...]) -> torch.onnx.ONNXProgram:
    """A module, from uint8 pixels to features, as an ONNX graph that is not optimised yet.

    Raises InputError for a module with an operation that cannot be written.
    """
    example = torch.zeros((2, *shape), dtype=torch.uint8)
    with warnings.catch_warnings(), quiet("torch.onnx", "onnxscript", "onnx_ir"):
        warnings.simplefilter("ignore")
        try:
            # PyTorch's fused attention for processors cannot be written where it has a bias.
            with sdpa_kernel(SDPBackend.MATH):
                program = torch.onnx.export(
                    module,
                    (example,),
                    dynamo=True,
                    verbose=False,
                    optimize=False,
                    opset_version=OPSET,
                    input_names=[INPUT],
                    output_names=["features"],
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
    return program


def _first_cause(error: BaseException) -> BaseException:
    """What an error came of, before the exporter put its own words around it."""
    return error if error.__cause__ is None else _first_cause(error.__cause__)

import onnx
import pytest
from onnx import TensorProto, helper

from diptych.errors import InputError
from diptych.graphs.surgery import keep_outputs, with_last_layer_outputs, with_output
from diptych.graphs.writer import onnx_graph
from diptych.networks.initialisation import initial
from diptych.networks.zoo import mlp


def test_every_output_that_is_added_has_a_shape() -> None:
    network = mlp((8, 8, 1), 3, 0.0)
    whole = onnx_graph(network, initial(network, 0))

    def flat(graph: bytes) -> bytes:
        return with_output(
            graph, "mean", (), lambda builder, features, logits: builder.node("ReduceMean", logits)
        )

    def twice(graph: bytes) -> bytes:
        return with_output(
            graph,
            "sum",
            (3,),
            lambda builder, features, logits: builder.node("Add", logits, logits),
        )

    for graph in (twice(flat(whole)), keep_outputs(twice(whole), {"sum": ("N", 3)})):
        for value in onnx.load_from_string(graph).graph.output:
            first, *rest = value.type.tensor_type.shape.dim
            assert first.dim_param == "N"
            assert [dim.dim_value for dim in rest] == ([] if value.name == "mean" else [3])


def test_a_graph_without_a_dense_layer_at_its_end_is_told_in_a_line() -> None:
    pictures = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3])
    answer = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3])
    node = helper.make_node("Relu", ["images"], ["probabilities"])
    graph = helper.make_graph([node], "none", [pictures], [answer])
    with pytest.raises(InputError, match="ends in no dense layer; choose another network"):
        with_last_layer_outputs(helper.make_model(graph).SerializeToString())

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from diptych.graphs.merging import merged
from diptych.runtimes import open_outputs

rng = np.random.default_rng(0)
BACKBONE = rng.normal(size=(8, 64)).astype(np.float32)
PICTURES_NC = rng.normal(size=(5, 8)).astype(np.float32)


def network(backbone: npt.NDArray[np.float32], classes: int, prefix: str) -> bytes:
    """A layer as a backbone, and a head of its own; what is between them has names of its own."""
    head = rng.normal(size=(64, classes)).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["images", f"{prefix}w"], [f"{prefix}maps"]),
        helper.make_node("LeakyRelu", [f"{prefix}maps"], [f"{prefix}features"], alpha=0.1),
        helper.make_node("MatMul", [f"{prefix}features", "head"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    named = [(f"{prefix}w", backbone), ("head", head)]
    graph = helper.make_graph(
        nodes,
        prefix,
        [helper.make_tensor_value_info("images", onnx.TensorProto.FLOAT, ["N", 8])],
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", width])
            for name, width in (("probabilities", classes), (f"{prefix}features", 64))
        ],
        [numpy_helper.from_array(value, name) for name, value in named],
    )
    opset = [helper.make_opsetid("", 18)]
    return bytes(helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString())


def test_what_two_networks_have_in_common_is_computed_once() -> None:
    first, second = network(BACKBONE, 3, "a"), network(BACKBONE, 2, "b")
    whole = merged([first, second])
    model = onnx.load_from_string(whole.graph)
    onnx.checker.check_model(model, full_check=True)
    kinds = [node.op_type for node in model.graph.node]
    assert (kinds.count("MatMul"), kinds.count("LeakyRelu")) == (3, 1)
    assert len(model.graph.initializer) == 3
    assert whole.shared > 0.7
    expected = [*open_outputs(first)(PICTURES_NC), *open_outputs(second)(PICTURES_NC)]
    for actual, own in zip(open_outputs(whole.graph)(PICTURES_NC), expected, strict=True):
        np.testing.assert_allclose(actual, own, atol=1e-6)


def test_networks_of_other_weights_or_other_attributes_stay_apart() -> None:
    first, second = network(BACKBONE, 3, "a"), network(BACKBONE + 1e-7, 3, "b")
    whole = merged([first, second])
    assert whole.shared == 0
    expected = [*open_outputs(first)(PICTURES_NC), *open_outputs(second)(PICTURES_NC)]
    for actual, own in zip(open_outputs(whole.graph)(PICTURES_NC), expected, strict=True):
        np.testing.assert_allclose(actual, own, atol=1e-6)
    other = onnx.load_from_string(network(BACKBONE, 3, "c"))
    other.graph.node[1].attribute[0].f = 0.2
    model = onnx.load_from_string(merged([first, other.SerializeToString()]).graph)
    assert [node.op_type for node in model.graph.node].count("LeakyRelu") == 2

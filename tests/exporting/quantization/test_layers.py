from diptych.exporting.quantization.layers import Operation, layers, operations_of


def test_layers_go_from_one_product_to_the_next_and_end_at_the_features() -> None:
    graph = [
        Operation("cast", ("images",), ("a",), False),
        Operation("conv1", ("a",), ("b",), True),
        Operation("relu1", ("b",), ("c",), False),
        Operation("aside", ("c",), ("d",), False),
        Operation("ood_score", ("d",), ("ood_score",), True),
        Operation("conv2", ("c",), ("e",), True),
        Operation("add", ("e", "c"), ("f",), False),
        Operation("mean", ("f",), ("features",), False),
        Operation("dense", ("features",), ("logits",), True),
        Operation("softmax", ("logits",), ("probabilities",), False),
    ]
    assert layers(graph, "probabilities") == {
        "conv1": ("conv1", "relu1"),
        "conv2": ("conv2", "add", "mean"),
    }


def test_a_layer_in_float_leaves_all_of_its_operations() -> None:
    every = {"conv1": ("conv1", "relu1"), "conv2": ("conv2", "add")}
    assert operations_of(every, frozenset(["conv1"])) == {"conv2", "add"}

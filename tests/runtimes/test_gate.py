import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from diptych.errors import GateError
from diptych.graphs.writer import onnx_graph
from diptych.metrics.probabilities import Probabilities, softmax
from diptych.networks import Network, Weights
from diptych.networks.initialisation import initial
from diptych.networks.zoo import cnn
from diptych.runtimes import Predict, open_graph
from diptych.runtimes.gate import LIMIT, check

NETWORK = cnn((16, 16, 3), 3, 0.0)
Array = npt.NDArray[np.float32]


def drawn() -> npt.NDArray[np.uint8]:
    """Twenty pictures, each of another colour."""
    rng = np.random.default_rng(0)
    noise = rng.integers(-40, 40, (20, 16, 16, 3))
    return (rng.integers(0, 256, (20, 1, 1, 3)) + noise).clip(0, 255).astype(np.uint8)


def weights() -> dict[str, Array]:
    """A network that gives each class to some of the pictures."""
    start = initial(NETWORK, 0)
    start["classifier.weight"] *= 40
    logits = open_graph(onnx_graph(NETWORK, start, probabilities=False))(drawn())
    return {**start, "classifier.bias": -logits.mean(0)}


def graph(weights: Weights, network: Network = NETWORK) -> Predict:
    return open_graph(onnx_graph(network, weights))


@pytest.fixture
def images() -> npt.NDArray[np.uint8]:
    return drawn()


@pytest.fixture
def expected(images: npt.NDArray[np.uint8]) -> Probabilities:
    """What the network says, computed apart from the gate's batches."""
    logits = open_graph(onnx_graph(NETWORK, weights(), probabilities=False))(images)
    return softmax(logits)


def answers(actual: Array) -> Predict:
    """An export with these answers, whatever it is shown, in their order and again."""
    rows = itertools.cycle(actual)
    return lambda batch: np.stack([next(rows) for _ in batch])


def test_an_export_that_answers_as_its_network_passes(
    images: npt.NDArray[np.uint8], expected: Probabilities
) -> None:
    assert len(np.unique(expected.argmax(1))) == 3
    parity = check(graph(weights()), images, expected)
    assert parity.pictures == 20
    assert parity.agreement == 1
    assert parity.max_difference < 1e-5


@pytest.mark.parametrize("count", [1, 2, 8, 9])
def test_few_pictures_are_enough(
    images: npt.NDArray[np.uint8], expected: Probabilities, count: int
) -> None:
    assert check(graph(weights()), images[:count], expected[:count]).pictures == count


def shifted(weights: dict[str, Array]) -> dict[str, Array]:
    return {
        **weights,
        "classifier.weight": np.roll(weights["classifier.weight"], 1, axis=0),
        "classifier.bias": np.roll(weights["classifier.bias"], 1),
    }


def slightly_wrong(weights: dict[str, Array]) -> dict[str, Array]:
    return {**weights, "stage1a.conv.weight": weights["stage1a.conv.weight"] * np.float32(1.01)}


def broken(weights: dict[str, Array]) -> dict[str, Array]:
    return {**weights, "classifier.bias": np.array([0, np.nan, 0], np.float32)}


@pytest.mark.parametrize("change", [shifted, slightly_wrong, broken])
def test_an_export_with_other_weights_is_refused(
    images: npt.NDArray[np.uint8],
    expected: Probabilities,
    change: Callable[[dict[str, Array]], dict[str, Array]],
) -> None:
    with pytest.raises(GateError, match=r"differs from the trained network .* nothing was written"):
        check(graph(change(weights())), images, expected)


def test_one_wrong_picture_in_twenty_is_enough_to_refuse(
    images: npt.NDArray[np.uint8], expected: Probabilities
) -> None:
    actual = expected.copy()
    actual[13] = np.roll(actual[13], 1)
    with pytest.raises(GateError, match=r"same answer on 95\.0% of 20 pictures"):
        check(answers(actual), images, expected)


def test_one_answer_that_is_no_number_is_enough_to_refuse(
    images: npt.NDArray[np.uint8], expected: Probabilities
) -> None:
    actual = expected.copy()
    # Where it stands for the right answer, argmax takes it for the largest.
    actual[19, expected[19].argmax()] = np.nan
    with pytest.raises(GateError, match="by nan in probability"):
        check(answers(actual), images, expected)


def test_a_graph_with_a_fixed_batch_is_refused(
    images: npt.NDArray[np.uint8], expected: Probabilities
) -> None:
    import onnx

    for size in (1, 12):
        model = onnx.load_from_string(onnx_graph(NETWORK, weights()))
        for value in (*model.graph.input, *model.graph.output):
            value.type.tensor_type.shape.dim[0].dim_value = size
        for runtime in ("onnxruntime", "openvino"):
            run = open_graph(model.SerializeToString(), runtime)
            with pytest.raises(GateError, match="cannot be run on batches of 1, 7, 32 pictures"):
                check(run, images, expected)


def test_an_export_that_answers_one_picture_for_many_is_refused(
    images: npt.NDArray[np.uint8], expected: Probabilities
) -> None:
    run = graph(weights())
    with pytest.raises(GateError, match=r"answers with the shape \(3, 3\), not \(40, 3\)"):
        check(lambda batch: run(batch[:1]), images, expected)


def test_an_export_with_another_number_of_classes_is_refused(
    images: npt.NDArray[np.uint8], expected: Probabilities
) -> None:
    for classes in (1, 4):
        other = cnn((16, 16, 3), classes, 0.0)
        with pytest.raises(GateError, match=rf"the shape \(40, {classes}\), not \(40, 3\)"):
            check(graph(initial(other, 0), other), images, expected)


def test_a_tie_may_be_broken_either_way(images: npt.NDArray[np.uint8]) -> None:
    expected = np.tile(np.array([0.4, 0.4, 0.2], np.float32), (20, 1))
    actual = expected.copy()
    actual[:, 1] += LIMIT / 2
    actual[:, 0] -= LIMIT / 2
    assert (actual.argmax(1) != expected.argmax(1)).all()
    assert check(answers(actual), images, expected).agreement == 1


def test_a_tie_is_no_excuse_for_other_probabilities(images: npt.NDArray[np.uint8]) -> None:
    expected = np.tile(np.array([0.4, 0.4, 0.2], np.float32), (20, 1))
    actual = np.tile(np.array([0.399, 0.401, 0.2], np.float32), (20, 1))
    with pytest.raises(GateError, match="same answer on 100"):
        check(answers(actual), images, expected)


def test_softmax_survives_large_logits() -> None:
    actual = softmax(np.array([[1000, 1000, -1000], [0, np.log(3), -np.inf]], np.float32))
    np.testing.assert_allclose(actual, [[0.5, 0.5, 0], [0.25, 0.75, 0]], atol=1e-7)

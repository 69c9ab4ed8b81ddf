import numpy as np
import numpy.typing as npt
import pytest

from diptych.errors import BundleError
from diptych.graphs.outputs import NamedOutputs, OpenFile
from diptych.graphs.writer import onnx_graph
from diptych.networks.initialisation import initial
from diptych.networks.zoo import mlp
from diptych.runtimes import kept_as, onnxruntime, open_graph, open_outputs


def test_what_openvino_cannot_read_is_run_by_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    network = mlp((8, 8, 1), 2, dropout=0.0)
    graph = onnx_graph(network, initial(network, 5))
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 1), np.uint8)
    expected = open_graph(graph)(images)

    def refuses(*_: object, **__: object) -> OpenFile:
        raise BundleError("the graph cannot be read (no operation NonZero)")

    monkeypatch.setattr("diptych.runtimes.openvino.open_file", refuses)
    np.testing.assert_array_equal(open_graph(graph, "openvino")(images), expected)
    with pytest.raises(BundleError):
        open_graph(b"no graph", "openvino")


@pytest.mark.parametrize("slow", [True, False])
def test_features_are_exact_where_bfloat16_is_slow(
    monkeypatch: pytest.MonkeyPatch, slow: bool
) -> None:
    seen: list[bool] = []

    def opened(_: bytes, *, exact: bool) -> OpenFile:
        seen.append(exact)
        return lambda batch: {"first": batch.astype(np.float32)}

    monkeypatch.setattr("diptych.runtimes.slow_bfloat16", lambda: slow)
    monkeypatch.setattr("diptych.runtimes.openvino.open_file", opened)
    open_outputs(f"one for {slow}".encode(), "openvino")
    assert seen == [slow]
    # Those that were computed otherwise are not taken for them.
    assert kept_as("openvino") == ("openvino-exact" if slow else "openvino")
    assert kept_as("onnxruntime") == "onnxruntime"


def test_large_pictures_are_seen_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes of them inside a network fills gigabytes; the answers are the same."""
    sizes: list[int] = []

    def opened(model: bytes) -> OpenFile:
        def run(batch: npt.NDArray[np.uint8]) -> NamedOutputs:
            sizes.append(len(batch))
            return {"first": batch[:, 0, 0].astype(np.float32)}

        return run

    monkeypatch.setattr(onnxruntime, "open_file", opened)
    run = open_outputs(b"large")
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] + np.zeros((896, 896, 3), np.uint8)
    np.testing.assert_array_equal(run(images)[0][:, 0], range(5))
    assert sizes == [2, 2, 1]
    run(images[:, :224, :224])
    assert sizes[-1] == 5

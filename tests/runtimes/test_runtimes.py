import numpy as np
import pytest

from diptych.errors import BundleError
from diptych.graphs.outputs import OpenFile
from diptych.graphs.writer import onnx_graph
from diptych.networks.initialisation import initial
from diptych.networks.zoo import mlp
from diptych.runtimes import open_graph


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

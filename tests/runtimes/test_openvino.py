import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from diptych.errors import BundleError
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES
from diptych.graphs.writer import onnx_graph
from diptych.networks.initialisation import initial
from diptych.networks.zoo import mlp
from diptych.reliability.ood import OodDetector
from diptych.reliability.ood_graph import with_ood_score
from diptych.runtimes import openvino

CODE = """
import sys
import numpy as np
from diptych.networks.initialisation import initial
from diptych.graphs.writer import onnx_graph
from diptych.networks.zoo import mlp
from diptych.runtimes import open_graph
network = mlp((8, 8, 1), 2, dropout=0.0)
run = open_graph(onnx_graph(network, initial(network, 0)), "openvino")
assert run(np.zeros((3, 8, 8, 1), np.uint8)).shape == (3, 2)
sending = [name for name in sys.modules if name.partition(".")[0] == "openvino_telemetry"]
print([name for name in sending if sys.modules[name]])
"""


def test_openvino_tells_nobody_that_it_is_used() -> None:
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "[]\n"), run.stderr


def test_outputs_keep_their_names_where_a_score_computes_the_same_softmax(tmp_path: Path) -> None:
    network = mlp((8, 8, 1), 2, dropout=0.0)
    detector = OodDetector("probability", 0.95, {}, (0.5,), {})
    graph = with_ood_score(onnx_graph(network, initial(network, 0)), detector)
    openvino.library().save_model(openvino.read_model(graph), tmp_path / "a.xml")
    for model in (graph, tmp_path / "a.xml"):
        outputs = openvino.open_file(model)(np.zeros((3, 8, 8, 1), np.uint8))
        assert outputs[PROBABILITIES].shape == (3, 2)
        assert outputs[OOD_SCORE].shape == (3,)


def test_a_model_is_read_from_a_file_from_its_two_parts_and_from_onnx(tmp_path: Path) -> None:
    network = mlp((8, 8, 1), 2, dropout=0.0)
    graph = onnx_graph(network, initial(network, 0))
    path = tmp_path / "a.xml"
    openvino.library().save_model(openvino.read_model(graph), path)
    parts = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    for model in (openvino.read_model(path), openvino.read_model(*parts)):
        assert PROBABILITIES in model.output(0).get_names()
    with pytest.raises(BundleError, match="the graph cannot be read"):
        openvino.read_model(b"nothing")


def test_threads_may_ask_a_file_at_the_same_time() -> None:
    network = mlp((32, 32, 3), 2, dropout=0.0)
    run = openvino.open_file(onnx_graph(network, initial(network, 0)))
    rng = np.random.default_rng(0)
    batches = [rng.integers(0, 256, (32, 32, 32, 3), np.uint8) for _ in range(60)]
    alone = [run(batch)[PROBABILITIES] for batch in batches]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda batch: run(batch)[PROBABILITIES], batches))
    np.testing.assert_allclose(alone, together, atol=1e-6)

import subprocess
import sys

CODE = """
import sys
import numpy as np
from diptych.networks import initial
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

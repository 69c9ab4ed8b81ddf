import subprocess
import sys
from pathlib import Path

import pytest

BUILD = """
if {beside}:
    import tensorflow
from diptych import engines
from diptych.engines.contract import Optimiser
from diptych.networks.initialisation import initial
from diptych.networks.zoo import mlp
network = mlp((8, 8, 1), 2, dropout=0.0)
engines.build("torch", network, initial(network, 0), Optimiser("adamw", 0.0, 1.0), 0)
"""


@pytest.mark.parametrize("beside", [True, False], ids=["beside TensorFlow", "alone"])
def test_triton_is_left_out_where_it_would_end_the_process(beside: bool, tmp_path: Path) -> None:
    # As the real one does where another LLVM is loaded already.
    (tmp_path / "triton").mkdir()
    (tmp_path / "triton" / "__init__.py").write_text("import os\nos._exit(134)\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + BUILD.format(beside=beside)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == (0 if beside else 134), run.stderr

import subprocess
import sys
from pathlib import Path

import pytest

OPTIMISER = """
from diptych import engines
from diptych.engines.contract import Optimiser
from diptych.networks.initialisation import initial
from diptych.networks.zoo import mlp
network = mlp((8, 8, 1), 2, dropout=0.0)
engines.build("torch", network, initial(network, 0), Optimiser("adamw", 0.0, 1.0), 0)
"""
# torchvision asks for it when it is imported, but only in a build for CUDA.
BACKBONE = """
from diptych.networks.libraries import timm
timm.names()
import triton
"""


@pytest.mark.parametrize(
    ("use", "beside", "code"),
    [
        (OPTIMISER, "import tensorflow", 0),
        (OPTIMISER, "", 134),
        (BACKBONE, "import tensorflow", 1),  # as where it is not installed
        (BACKBONE, "", 134),
    ],
    ids=["optimiser beside TensorFlow", "optimiser", "backbone beside TensorFlow", "backbone"],
)
def test_triton_is_left_out_where_it_would_end_the_process(
    use: str, beside: str, code: int, tmp_path: Path
) -> None:
    # As the real one does where another LLVM is loaded already.
    (tmp_path / "triton").mkdir()
    (tmp_path / "triton" / "__init__.py").write_text("import os\nos._exit(134)\n")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{beside}\n{use}"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == code, run.stderr

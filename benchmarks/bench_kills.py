"""A training that is killed again and again comes to the bundle that it would have come to.

    python benchmarks/bench_kills.py digits                      # 50 kills, PyTorch, digits
    python benchmarks/bench_kills.py digits --engine tensorflow
    python benchmarks/bench_kills.py fine-tuning --kills 10      # all layers of a small backbone

Each kill is a SIGKILL of the command's whole process group, at a random moment of the time that the
command takes by itself. In PyTorch the bundle has to have the same hash of its content; in
TensorFlow, whose threads add in any order, the same weights and probabilities to 1e-6.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

TRAIN = [sys.executable, "-m", "diptych", "train"]


def main() -> None:
    """Train without and with kills, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Raw)
    parser.add_argument("what", choices=["digits", "fine-tuning"])
    parser.add_argument("--engine", default="torch")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [*TRAIN, str(_data(options.what, folder)), "--engine", options.engine]
        command += ["--epochs", str(options.epochs), "--set", f"patience={options.epochs}"]
        if options.what == "fine-tuning":
            command += ["--train", "all", "--set", "image_size=64", "--set", "flip=0.5"]
        seconds, straight = _straight(command, folder)
        print(f"without a kill {seconds:.0f} s, content {straight[:16]}", flush=True)
        killed, resumed, taken = _killed(command, folder, seconds, options.kills, options.seed)
        print(f"{taken} kills, {resumed} of them within the training, content {killed[:16]}")
        apart = _difference(folder / "straight.bundle", folder / "killed.bundle")
        print(f"largest difference of weights {apart[0]:.3g}, of probabilities {apart[1]:.3g}")
        same = killed == straight if options.engine != "tensorflow" else max(apart) <= 1e-6
        print("the same" if same else "NOT the same")
        sys.exit(not same)


class _Raw(argparse.RawDescriptionHelpFormatter):
    """Shows examples as they are written."""


def _data(what: str, folder: Path) -> Path:
    """Digits of scikit-learn, or drawn plates."""
    kind, place = ("digits", folder / "digits.csv")
    if what == "fine-tuning":
        kind, place = "plates", folder / "plates"
    command = [sys.executable, "-m", "diptych", "sample", kind, str(place)]
    subprocess.run(command, check=True, capture_output=True)
    return place


def _straight(command: list[str], folder: Path) -> tuple[float, str]:
    """How long the command takes when nobody kills it, and what it comes to."""
    out, environment = folder / "straight.bundle", _environment(folder / "cache")
    started = time.monotonic()
    subprocess.run([*command, "--out", str(out)], check=True, capture_output=True, env=environment)
    return time.monotonic() - started, _content(out)


def _killed(
    command: list[str], folder: Path, seconds: float, kills: int, seed: int
) -> tuple[str, int, int]:
    """What the command comes to, how often training went on, and how many kills there were."""
    out, environment = folder / "killed.bundle", _environment(folder / "another-cache")
    rng, resumed, taken = random.Random(seed), 0, 0
    while not out.exists():
        process = subprocess.Popen(
            [*command, "--out", str(out)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started = time.monotonic()
        wait = rng.uniform(0, seconds) if taken < kills else None
        try:
            _, said = process.communicate(timeout=wait)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _, said = process.communicate()
            taken += 1
        else:
            if process.returncode:
                sys.exit(f"the command failed:\n{said}")
        resumed += "goes on from epoch" in said
        if out.exists() and taken < kills:
            # It was done before its time: all of it once more, to be killed the rest of the times.
            seconds = min(seconds, time.monotonic() - started)
            print(f"came to its end after {taken} kills, content {_content(out)[:16]}", flush=True)
            subprocess.run(["rm", "-r", str(out)], check=True)
    return _content(out), resumed, taken


def _environment(cache: Path) -> dict[str, str]:
    return {**os.environ, "DIPTYCH_CACHE": str(cache)}


def _content(bundle: Path) -> str:
    facts = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    return str(facts["content_sha256"])


def _difference(one: Path, other: Path) -> tuple[float, float]:
    """The largest difference of weights, and of the golden pictures' probabilities."""
    members = ("model.safetensors", "golden/expected.safetensors")
    return tuple(
        max(
            float(np.abs(a.astype(np.float64) - b[name].astype(np.float64)).max())
            for name, a in load_file(one / member).items()
            for b in [load_file(other / member)]
        )
        for member in members
    )  # type: ignore[return-value]


if __name__ == "__main__":
    main()

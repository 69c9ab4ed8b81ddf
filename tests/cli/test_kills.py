"""A command that is killed at any moment comes to what it would have come to."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from command import diptych

# Some epoch's checkpoint, and the bundle that is being written.
TRAINING, WRITING = "cache/runs/*/model/epoch-000[0-9][1-9]", ".*.writing/model.onnx"
SMALL = ["--set", "image_size=32", "--set", "flip=0.5", "--set", "patience=40", "--epochs", "40"]


def killed_when(there: str, folder: Path, command: Sequence[str | Path]) -> None:
    """Run a command until a file is there, then kill it; what is there already does not count."""
    before = set(folder.glob(there))
    process = subprocess.Popen(
        [sys.executable, "-m", "diptych", *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not set(folder.glob(there)) - before:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("engine", "network", "moments"),
    [
        ("linear", "linear", [TRAINING, WRITING]),
        ("torch", "mlp", [TRAINING]),
        ("tensorflow", "mlp", [TRAINING]),
    ],
    ids=["linear", "torch", "tensorflow"],
)
def test_a_killed_command_comes_to_the_same(
    engine: str,
    network: str,
    moments: list[str],
    folder_of: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIPTYCH_CACHE", str(tmp_path / "cache"))
    options: list[str | Path] = [
        folder_of(40),
        "--engine",
        engine,
        "--network",
        network,
        *SMALL,
        "--json",
    ]
    killed, straight = tmp_path / "killed.bundle", tmp_path / "straight.bundle"
    for moment in moments:
        killed_when(moment, tmp_path, ["train", *options, "--out", killed])
        assert not killed.exists()
    again = diptych("train", *options, "--out", killed, "--resume")
    assert again.returncode == 0, again.stderr
    once = diptych("train", *options, "--out", straight)
    assert once.returncode == 0, once.stderr
    assert "goes on" not in once.stderr
    assert not list(tmp_path.glob(".*"))
    if engine == "tensorflow":
        for member in ("model.safetensors", "golden/expected.safetensors"):
            ours, theirs = load_file(killed / member), load_file(straight / member)
            for name, values in ours.items():
                np.testing.assert_allclose(values, theirs[name], atol=1e-6, err_msg=name)
    else:
        contents = [json.loads(run.stdout)["content_sha256"] for run in (again, once)]
        assert contents[0] == contents[1]

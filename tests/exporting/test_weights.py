"""The weights of a bundle as one file for PyTorch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from diptych.bundles.format import WEIGHTS, Bundle
from diptych.errors import GateError
from diptych.exporting import export_weights
from diptych.networks import Weights, torch_files


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    weights = {"classifier.weight": np.array([[0.1, -0.0], [np.nan, 3e38]], np.float32)}
    folder = tmp_path / "a.bundle"
    folder.mkdir()
    (folder / WEIGHTS).write_bytes(save(weights))
    return Bundle(folder, {})


def test_the_file_has_every_weight_to_the_bit(bundle: Bundle, tmp_path: Path) -> None:
    export_weights(bundle, tmp_path / "a.pth")
    (tensor,) = torch.load(tmp_path / "a.pth", weights_only=True).values()
    assert tensor.numpy().tobytes() == bundle.weights()["classifier.weight"].tobytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.bundle", "a.pth"}


def test_a_file_that_reads_as_other_weights_is_not_written_and_the_old_one_stays(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = torch_files.state_file

    def rounding(weights: Weights) -> bytes:
        return honest({name: value + 1e-7 for name, value in weights.items()})

    (tmp_path / "a.pth").write_bytes(b"old")
    monkeypatch.setattr(torch_files, "state_file", rounding)
    with pytest.raises(GateError, match=r"a\.pth: read again, it holds other weights than the bun"):
        export_weights(bundle, tmp_path / "a.pth", force=True)
    assert (tmp_path / "a.pth").read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"a.bundle", "a.pth"}

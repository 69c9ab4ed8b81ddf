from pathlib import Path

import pytest

from command import answer_of, complaint, diptych


def test_weights_are_exported_for_torch(bundle: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    answer = answer_of("export", bundle, "--to", "torch", "--out", tmp_path / "weights.pt")
    weights = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert weights["classifier.weight"].shape[0] == 2
    assert answer["bytes"] == (tmp_path / "weights.pt").stat().st_size
    assert "did you mean 'torch'" in complaint(
        "export", bundle, "--to", "torhc", "--out", tmp_path / "b.pt"
    )


def test_an_export_answers_with_what_it_measured(bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    answer = answer_of("export", bundle, "--to", "onnx", "--out", tmp_path / "exports")
    assert answer["folder"] == str(tmp_path / "exports")
    (file,) = [file for file in answer["files"] if file["kind"] == "fp32"]
    assert file["refusal"] == ""
    assert (tmp_path / "exports" / file["files"][0]).stat().st_size > 0
    table = diptych("export", bundle, "--to", "onnx", "--out", tmp_path / "again").stdout
    assert file["files"][0] in table.splitlines()[1]

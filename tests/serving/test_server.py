import hashlib
import json
import shutil
import socket
from pathlib import Path

import pytest

from diptych.errors import MissingExtra
from diptych.serving import serve
from diptych.serving.settings import Settings
from served import refusal


def test_a_port_that_is_taken_is_said(bundles: dict[str, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        message = refusal(bundles["first"], "--port", port)
        assert message.startswith(
            f"diptych: 127.0.0.1:{port} cannot be used (Address already in use)"
        )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_bundle_that_answers_otherwise_is_not_served(
    bundles: dict[str, Path], tmp_path: Path, workers: str
) -> None:
    """Its hashes fit; it is the answers for its golden pictures that do not."""
    place = tmp_path / "swapped.bundle"
    shutil.copytree(bundles["first"], place)
    facts = json.loads((place / "bundle.json").read_text())
    (place / "model.onnx").write_bytes((bundles["green"] / "model.onnx").read_bytes())
    digest = hashlib.sha256((place / "model.onnx").read_bytes()).hexdigest()
    facts["members"]["model.onnx"] = digest
    text = json.dumps(facts).encode()
    (place / "bundle.json").write_bytes(text)
    seal = f"{hashlib.sha256(text).hexdigest()}  bundle.json\n"
    (place / "bundle.json.sha256").write_text(seal)
    assert "answers differently here than where it was made" in refusal(
        place, "--port", "0", "--workers", workers
    )


def test_what_cannot_be_served_is_said(bundles: dict[str, Path], tmp_path: Path) -> None:
    assert "no such bundle" in refusal(tmp_path / "nothing.bundle", "--port", "0")
    assert "name a bundle to serve" in refusal()
    assert "--port 70000" in refusal(bundles["first"], "--port", "70000")
    shutil.copytree(bundles["second"], tmp_path / "first.bundle")
    assert "two bundles are called 'first'" in refusal(bundles["first"], tmp_path / "first.bundle")


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"fastapi is not installed; .*'diptych\[serve\]'"):
        serve(Settings((Path("any.bundle"),)))

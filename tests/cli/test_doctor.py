import json
import os
from pathlib import Path

import pytest

from absent import without
from command import diptych, keys_without_a_word


def test_one_engine_that_works_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes = tmp_path / "fakes"
    (fakes / "ai_edge_litert").mkdir(parents=True)
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    (fakes / "ai_edge_litert" / "__init__.py").write_text(crash)
    (fakes / "nncf.py").write_text("raise ImportError('libfoo.so.1: cannot open shared object')")
    monkeypatch.setenv("PYTHONPATH", str(fakes), prepend=os.pathsep)
    absent = "tensorflow,keras,tf2onnx,timm,onnxscript,sklearn,fastapi"
    run = without(absent, tmp_path, "doctor", "--json")
    assert (run.returncode, run.stderr) == (0, "")
    answer = json.loads(run.stdout)
    assert not keys_without_a_word("doctor", answer)
    checks = {check["name"]: check for check in answer["checks"]}
    assert answer["works"]
    assert checks["extra litert"]["status"] == "broken"
    assert "ended by the signal 11" in checks["extra litert"]["detail"]
    assert "nncf" in checks["extra int8"]["detail"]
    assert "libfoo.so.1: cannot open shared object" in checks["extra int8"]["detail"]
    assert checks["engine tensorflow"] == {
        "name": "engine tensorflow",
        "status": "missing",
        "detail": "TensorFlow is not installed",
        "advice": "run: pip install 'diptych[tensorflow]'",
    }
    assert checks["engine torch"]["status"] == checks["core"]["status"] == "ok"
    assert set(answer["engines"]) == {"torch", "linear"}
    torch = answer["engines"]["torch"]
    assert max(torch["runtimes"].values()) <= 1e-4
    assert torch["pictures"] == 48
    assert answer["versions"]["numpy"]
    assert answer["cache"]["writable"]


def test_without_an_engine_or_a_cache_the_answer_is_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIPTYCH_CACHE", str(tmp_path / "file"))
    extras = "torch,timm,tensorflow,keras,tf2onnx,openvino,nncf,matplotlib,sklearn,ai_edge_litert"
    run = without(extras, tmp_path, "doctor")
    assert (run.returncode, run.stderr) == (1, "")
    assert "broken   cache: " in run.stdout
    assert "missing  engine torch: PyTorch is not installed; run: pip install" in run.stdout


def test_a_broken_core_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("numpy", "rich"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('cannot load\\nat all')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    run = diptych("doctor")
    assert (run.returncode, run.stderr) == (1, "")
    (core,) = (line for line in run.stdout.splitlines() if " core: " in line)
    assert core.startswith("broken   core: numpy ")
    assert "ImportError: cannot load;" in core
    assert "pip install --force-reinstall numpy==" in core

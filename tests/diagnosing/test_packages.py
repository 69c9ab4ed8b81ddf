import importlib.metadata
import os
import tomllib
from pathlib import Path

import pytest

from diptych.diagnosing.check import BROKEN, MISSING, OK
from diptych.diagnosing.packages import CORE, Requirement, check, reasons_against, requirements

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules for child processes: one that crashes, one that lacks a library."""
    (tmp_path / "crashing.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    (tmp_path / "lacking.py").write_text(
        "print('words on the way')\n"
        "raise ImportError('libfoo.so.1: cannot open shared object file\\nmore of it')"
    )
    (tmp_path / "leaving.py").write_text("raise SystemExit('no')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path


@pytest.mark.usefixtures("broken")
def test_a_module_that_crashes_takes_no_other_with_it() -> None:
    reasons = reasons_against(["json", "crashing", "lacking", "leaving", "csv"])
    assert reasons.pop("crashing") == "its process was ended by the signal 11"
    assert reasons == {
        "json": "",
        "csv": "",
        "lacking": "ImportError: libfoo.so.1: cannot open shared object file",
        "leaving": "SystemExit: no",
    }


def test_requirements_are_those_of_the_project() -> None:
    project = tomllib.loads(PROJECT.read_text())["project"]
    needed = requirements(importlib.metadata.requires("diptych") or ())
    names = {extra: {r.package for r in of_extra} for extra, of_extra in needed.items()}
    assert len(names[CORE]) == len(project["dependencies"])
    assert set(names) == {CORE, *project["optional-dependencies"]} - {"all"}
    assert names["torch"] >= {"torch", "timm", "onnx"}
    assert Requirement("numpy", ">=2.0") in needed[CORE]


def test_a_requirement_of_another_system_is_none() -> None:
    lines = ["uvloop>=0.21; sys_platform != 'win32' and extra == 'serve'", "a>=1; extra == 'x'"]
    assert set(requirements(lines)) == {CORE, "serve", "x"}


def test_the_command_is_said_that_brings_what_is_missing() -> None:
    absent = [Requirement("numpy", ">=2.0"), Requirement("no-such-package", ">=1.5")]
    for_extra, for_core = check("fast", absent, {}), check(CORE, absent, {})
    assert (for_extra.status, for_core.status) == (MISSING, BROKEN)
    assert for_extra.detail == "no-such-package not installed"
    assert for_extra.advice == "run: pip install 'diptych[fast]'"
    assert for_core.advice == "run: pip install 'no-such-package>=1.5'"


def test_what_is_too_old_or_broken_is_said_with_its_cure() -> None:
    version = importlib.metadata.version("numpy")
    old = check(CORE, [Requirement("numpy", ">=99.1")], {})
    assert old.status == BROKEN
    assert old.detail == f"numpy {version} is not >=99.1"
    assert old.advice == "run: pip install --upgrade 'numpy>=99.1'"
    good = [Requirement("numpy", ">=2.0")]
    bad = check(CORE, good, {"numpy": "ImportError: libfoo"})
    assert (bad.status, bad.detail) == (BROKEN, f"numpy {version}: ImportError: libfoo")
    assert bad.advice == f"run: pip install --force-reinstall numpy=={version}"
    assert check(CORE, good, {"numpy": ""}).status == OK


@pytest.mark.parametrize(
    ("version", "least", "old"),
    [("2.13.0+cpu", ">=2.6", False), ("2.5.1", ">=2.6", True), ("0.1.0", "==0.1.0", False)],
)
def test_versions_are_numbers(
    version: str, least: str, old: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: version)
    assert Requirement("torch", least).too_old() == old

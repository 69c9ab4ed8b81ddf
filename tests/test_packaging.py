"""What is built of the source is whole, and works in an environment that has nothing else."""

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from command import diptych
from served import small_bundle

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "diptych"
BUILT_OF = ("pyproject.toml", "README.md", "LICENSE", "src")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def run(*command: str | Path, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    # No folder of ours, such as the one of these sources, is to be imported from.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    arguments = list(map(str, command))
    return subprocess.run(arguments, cwd=cwd, env=env, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source distribution, and the wheel that was built of it."""
    folder = tmp_path_factory.mktemp("built")
    (builder,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    reach = ("download", "--no-deps", "--retries", "0", "--dest", folder / "builder", builder)
    if run(*PIP, *reach).returncode:
        pytest.skip("the package index cannot be reached")
    ignored = r"(__pycache__|\.pyc|\.egg-info)$"
    source = folder / "source"
    for file in (f for name in BUILT_OF for f in [ROOT / name, *(ROOT / name).rglob("*")]):
        if file.is_file() and not re.search(ignored, str(file.parent)):
            copy = source / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    built = run(sys.executable, "-m", "build", "--outdir", folder / "dist", source)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "dist"


def test_the_wheel_of_the_source_distribution_has_every_file(dist: Path) -> None:
    (archive,), (wheel,) = dist.glob("*.tar.gz"), dist.glob("*.whl")
    files = {
        f"diptych/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as packed:
        ours = [name for name in packed.namelist() if name.startswith("diptych/")]
        assert {name: packed.read(name) for name in ours} == files
        (about,) = (name for name in packed.namelist() if name.endswith("/METADATA"))
        assert "Requires-Python: >=3.11" in packed.read(about).decode()
    with tarfile.open(archive) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    assert names >= {"pyproject.toml", "README.md", "LICENSE", *(f"src/{name}" for name in files)}


def test_the_wheel_alone_audits_and_answers_alike(
    dist: Path, tmp_path: Path, folder_of: Callable[..., Path]
) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    (wheel,) = dist.glob("*.whl")
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    into = ("--python", str(python), "install", "--constraint", str(ROOT / "constraints.txt"))
    installed = run(*PIP, *into, wheel)
    assert installed.returncode == 0, installed.stderr
    ours = python.with_name("diptych")
    assert "predict" in run(ours, "--help", cwd=tmp_path).stdout
    photos = folder_of(6)
    audited = run(ours, "audit", photos, "--json", cwd=tmp_path)
    assert json.loads(audited.stdout) == json.loads(diptych("audit", photos, "--json").stdout)
    bundle = small_bundle(tmp_path / "colours.bundle")
    question = ("predict", bundle, photos / "red", photos / "blue", "--json")
    answered = run(ours, *question, cwd=tmp_path)
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout) == json.loads(diptych(*question).stdout)
    # What else there is to be had, and how.
    examined = run(ours, "doctor", cwd=tmp_path)
    assert (examined.returncode, examined.stderr) == (1, "")
    lines = examined.stdout.splitlines()
    assert [line for line in lines if line.startswith("ok ") and " core: " in line]
    assert [line for line in lines if line.startswith("missing ") and "'diptych[torch]'" in line]

import hashlib
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from diptych import load
from diptych.bundles.format import NEEDED, Bundle
from diptych.errors import BundleError


@pytest.mark.parametrize("member", ["model.onnx", "model.safetensors", "splits.csv", "README.md"])
def test_a_changed_byte_is_noticed(bundle: Path, member: str) -> None:
    data = bytearray((bundle / member).read_bytes())
    data[len(data) // 2] ^= 1
    (bundle / member).write_bytes(bytes(data))
    with pytest.raises(BundleError, match=f"{member}: changed since it was written"):
        load(bundle)


def changed(bundle: Path, **facts: object) -> None:
    """Change what bundle.json says, and its hash with it, as no accident does."""
    told = json.loads((bundle / "bundle.json").read_text())
    data = json.dumps({**told, **facts}).encode()
    (bundle / "bundle.json").write_bytes(data)
    seal = f"{hashlib.sha256(data).hexdigest()}  bundle.json\n"
    (bundle / "bundle.json.sha256").write_text(seal)


def test_swapped_classes_are_noticed(bundle: Path) -> None:
    changed(bundle, classes=["red", "blue"])
    with pytest.raises(BundleError, match="the classes were changed"):
        load(bundle)


def test_what_a_bundle_lacks_is_said_even_where_its_hash_fits(bundle: Path) -> None:
    told = json.loads((bundle / "bundle.json").read_text())
    del told["members"]["model.onnx"]
    changed(bundle, members=told["members"])
    with pytest.raises(BundleError, match=r"bundle\.json: has no model\.onnx; train again"):
        load(bundle)
    data = json.dumps({"format": 1}).encode()
    (bundle / "bundle.json").write_bytes(data)
    seal = f"{hashlib.sha256(data).hexdigest()}  bundle.json\n"
    (bundle / "bundle.json.sha256").write_text(seal)
    with pytest.raises(BundleError, match="has no members"):
        load(bundle)


@pytest.mark.parametrize("key", NEEDED)
def test_a_bundle_without_something_that_is_read_says_what(bundle: Path, key: str) -> None:
    facts = json.loads((bundle / "bundle.json").read_text())
    del facts[key]
    data = json.dumps(facts).encode()
    (bundle / "bundle.json").write_bytes(data)
    seal = f"{hashlib.sha256(data).hexdigest()}  bundle.json\n"
    (bundle / "bundle.json.sha256").write_text(seal)
    with pytest.raises(BundleError, match=rf"bundle\.json: has no {key}; train again"):
        load(bundle)


def test_no_bit_of_a_bundle_changes_unnoticed(bundle: Path) -> None:
    files = [path for path in sorted(bundle.rglob("*")) if path.is_file()]
    rng = random.Random(0)
    for file in (*files, *[bundle / "bundle.json"] * 60):
        data = file.read_bytes()
        flipped = bytearray(data)
        flipped[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        file.write_bytes(flipped)
        with pytest.raises(BundleError):
            load(bundle)
        file.write_bytes(data)
    load(bundle)


def test_the_hash_of_bundle_json_is_checked_by_sha256sum(bundle: Path) -> None:
    if not shutil.which("sha256sum"):
        pytest.skip("sha256sum is not installed")
    command = ["sha256sum", "--check", "bundle.json.sha256"]
    assert subprocess.run(command, cwd=bundle, capture_output=True).returncode == 0


def test_a_bundle_that_may_not_be_read_is_not_called_damaged(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", closed)
    with pytest.raises(BundleError, match="cannot be read \\(Permission denied\\)"):
        load(bundle)


def test_what_is_no_bundle_is_refused_in_a_line(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such bundle"):
        load(tmp_path / "absent")
    with pytest.raises(BundleError, match=r"it has no bundle\.json"):
        load(tmp_path)
    shutil.copytree(bundle, tmp_path / "cut")
    (tmp_path / "cut" / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"incomplete, without model\.onnx"):
        load(tmp_path / "cut")
    changed(bundle, format=99)
    with pytest.raises(BundleError, match="format 99, this version reads up to 1"):
        load(bundle)
    for text in ("{", '{"format": 1e999}', "[" * 100_000):
        (bundle / "bundle.json").write_text(text)
        with pytest.raises(BundleError, match=r"bundle\.json is damaged"):
            load(bundle)


@pytest.mark.parametrize("member", ["bundle.json", "model.onnx"])
def test_a_pipe_in_a_bundle_is_not_waited_for(bundle: Path, member: str) -> None:
    (bundle / member).unlink()
    os.mkfifo(bundle / member)
    with pytest.raises(BundleError, match=r"cannot be read \(a pipe or device"):
        load(bundle)


def test_a_choice_of_a_newer_version_is_one_line(tmp_path: Path) -> None:
    facts = {"diptych": "9.1.0", "recipe": {"engine": "linear", "epochs": 3, "warp": 2.0}}
    with pytest.raises(BundleError, match=r"made by Diptych 9.1.0 \(recipe has no 'warp'"):
        Bundle(tmp_path, facts).recipe()
    older = Bundle(tmp_path, {**facts, "recipe": {"engine": "linear", "epochs": 3}})
    assert older.recipe().epochs == 3

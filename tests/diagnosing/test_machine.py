import os
from pathlib import Path

import pytest

from diptych.diagnosing.machine import cache, machine


def test_the_cache_is_measured_and_left_as_it_is(own_cache: Path) -> None:
    (own_cache / "pixels").mkdir()
    (own_cache / "pixels" / "a.rows").write_bytes(bytes(1000))
    check = cache()
    assert check.works
    assert check.facts["cache"]["folder"] == str(own_cache)
    assert check.facts["cache"]["bytes"] == 1000
    assert [path.name for path in own_cache.rglob("*")] == ["pixels", "a.rows"]


def test_a_file_that_goes_meanwhile_has_no_size(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.rows", "b.rows"):
        (own_cache / name).write_bytes(bytes(1000))
    measure = Path.lstat

    def going(path: Path) -> os.stat_result:
        if path.name == "a.rows":
            path.unlink()
        return measure(path)

    monkeypatch.setattr(Path, "lstat", going)
    assert cache().facts["cache"]["bytes"] == 1000


def test_a_cache_that_cannot_be_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIPTYCH_CACHE", str(tmp_path / "file" / "cache"))
    check = cache()
    assert check.status == "broken"
    assert "cannot be written (Not a directory)" in check.detail
    assert check.advice == "set DIPTYCH_CACHE to another folder"
    monkeypatch.setenv("DIPTYCH_CACHE_LIMIT", "much")
    assert "not 'much'" in cache().detail


def test_a_cache_that_is_not_there_yet_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_CACHE", str(tmp_path / "not" / "yet"))
    assert cache().works
    assert not list(tmp_path.iterdir())


def test_the_machine_is_told() -> None:
    facts = {key: value for check in machine() for key, value in check.facts.items()}
    assert facts["cores"] >= 1
    assert 0 < facts["memory"]["available"] <= facts["memory"]["bytes"]

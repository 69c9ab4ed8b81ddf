import os
from pathlib import Path

import numpy as np
import pytest

from diptych.errors import InputError
from diptych.images import cache
from diptych.images.store import Store


def rows(*names: str) -> list[tuple[str, np.ndarray, dict[str, str]]]:
    return [(name, np.full((4, 4), ord(name[-1]), np.uint8), {"name": name}) for name in names]


def opened(folder: Path) -> Store:
    return Store(folder / "pixels" / "kind", (4, 4), "uint8")


def test_the_least_recently_used_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, used in (("a", 100), ("b", 300), ("c", 200)):
        opened(tmp_path).add(rows(name))
        for index in tmp_path.rglob("*.jsonl"):
            if name in index.read_text():
                os.utime(index, (used, used))
    monkeypatch.setenv("DIPTYCH_CACHE_LIMIT", str(20 / 2**30))
    monkeypatch.setattr(cache, "_in_use", set())  # as if other runs had written them
    cache.make_room(tmp_path / "pixels")
    store = opened(tmp_path)
    assert [name in store for name in "abc"] == [False, True, False]


def test_what_a_run_needs_itself_stays_though_it_is_over_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_CACHE_LIMIT", str(20 / 2**30))
    store = opened(tmp_path)
    store.add(rows("a", "b", "c"))
    other = Store(tmp_path / "features" / "kind", (4, 4), "uint8")
    other.add(rows("d"))
    assert store.read(["b"])[0, 0, 0] == ord("b")
    assert opened(tmp_path).read(["c"])[0, 0, 0] == ord("c")


def test_usage_and_clear(own_cache: Path) -> None:
    opened(own_cache).add(rows("a", "b"))
    held = cache.usage()
    assert (held.folder, held.rows, held.bytes) == (own_cache, 2, 32)
    cache.clear()
    assert cache.usage().rows == 0


@pytest.mark.parametrize("limit", ["lots", "inf", "nan", "-1"])
def test_a_limit_that_is_no_number_is_refused(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_CACHE_LIMIT", limit)
    refused = pytest.raises(InputError, match=f"a number of GiB from 0 on, not '{limit}'")
    with refused:
        cache.limit()
    with refused:
        opened(tmp_path)


def test_what_may_not_be_deleted_or_made_is_said(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (own_cache / "pixels").mkdir()
    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(InputError, match=r"pixels: cannot be deleted \(Permission denied\)"):
        cache.clear()
    (own_cache / "file").touch()
    with pytest.raises(InputError, match=r"cannot be written .* set DIPTYCH_CACHE to another"):
        Store(own_cache / "file" / "below", (1,), "uint8")


def test_an_empty_limit_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIPTYCH_CACHE_LIMIT", "")
    assert cache.limit() == 20 * 2**30

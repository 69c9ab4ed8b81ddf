import subprocess
import sys
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


def test_what_was_added_is_there_for_the_next_run(tmp_path: Path) -> None:
    opened(tmp_path).add(rows("a", "b", "c"))
    store = opened(tmp_path)
    assert store.facts("b") == {"name": "b"}
    assert store.read(["c", "a"])[:, 0, 0].tolist() == [ord("c"), ord("a")]
    assert "z" not in store


def test_a_row_that_could_not_be_made_is_remembered_without_pixels(tmp_path: Path) -> None:
    opened(tmp_path).add([("broken", None, {"reason": "truncated"}), *rows("a")])
    store = opened(tmp_path)
    assert "broken" in store
    assert not store.has_row("broken")
    assert store.has_row("a")
    assert store.read(["a"])[0, 0, 0] == ord("a")


def test_two_runs_at_once_do_not_hurt_each_other(tmp_path: Path) -> None:
    code = """
import sys, numpy as np
from pathlib import Path
from diptych.images.store import Store
store = Store(Path(sys.argv[1]) / "pixels" / "kind", (4, 4), "uint8")
for i in range(100):
    key = f"{sys.argv[2]}{i}"
    store.add([(key, np.full((4, 4), i, np.uint8), {})])
"""
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in ("x", "y")
    ]
    assert [run.wait() for run in runs] == [0, 0]
    store = opened(tmp_path)
    keys = [f"{name}{i}" for name in ("x", "y") for i in range(100)]
    assert store.read(keys)[:, 0, 0].tolist() == [*range(100), *range(100)]


def test_a_run_that_was_killed_half_way_leaves_whole_rows_only(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.add(rows("a", "b"))
    shard = next(tmp_path.rglob("*.rows"))
    index = shard.with_suffix(".jsonl")
    with index.open("a") as file:
        file.write('["c", 2, 0, {}]\n["d", 3, 0')  # noted, but never written; then half a line
    after = opened(tmp_path)
    assert "a" in after
    assert "c" not in after
    assert "d" not in after
    after.add(rows("c"))
    assert opened(tmp_path).read(["c"])[0, 0, 0] == ord("c")


def test_a_damaged_row_is_never_returned(tmp_path: Path) -> None:
    opened(tmp_path).add(rows("a", "b"))
    shard = next(tmp_path.rglob("*.rows"))
    data = bytearray(shard.read_bytes())
    data[20] ^= 1
    shard.write_bytes(bytes(data))
    store = opened(tmp_path)
    assert store.read(["a"])[0, 0, 0] == ord("a")
    with pytest.raises(InputError, match="damaged; run: diptych cache --clear"):
        store.read(["b"])


def test_a_shard_cleared_by_another_run_stays_readable_to_those_who_have_it_open(
    tmp_path: Path,
) -> None:
    opened(tmp_path).add(rows("a", "b"))
    store = opened(tmp_path)
    store.read(["a"])
    cache.clear(tmp_path)
    assert store.read(["b"])[0, 0, 0] == ord("b")


WRITER = """
import sys, numpy as np
from pathlib import Path
from diptych.images.store import Store
store = Store(Path(sys.argv[1]) / "pixels" / "kind", (4, 4), "uint8")
for name in "ab":
    store.add([(name, np.full((4, 4), ord(name), np.uint8), {})])
    print(name, flush=True)
    sys.stdin.readline()
print(*store.read(["a", "b"])[:, 0, 0], flush=True)
"""


def writing(folder: Path) -> "subprocess.Popen[str]":
    """Another run that adds a row, and goes on when it is told to."""
    command = [sys.executable, "-c", WRITER, str(folder)]
    pipe = subprocess.PIPE
    run = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "a\n"
    return run


def test_a_full_cache_takes_nothing_from_a_run_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIPTYCH_CACHE_LIMIT", str(20 / 2**30))
    run = writing(tmp_path)
    opened(tmp_path).add(rows("c", "d"))
    out, errors = run.communicate("\n\n")
    assert out == f"b\n{ord('a')} {ord('b')}\n", errors
    # What has ended is no longer in use.
    opened(tmp_path).add(rows("e"))
    assert "a" not in opened(tmp_path)


def test_a_run_whose_cache_was_cleared_writes_no_damaged_rows(tmp_path: Path) -> None:
    run = writing(tmp_path)
    cache.clear(tmp_path)
    _, errors = run.communicate("\n\n")
    assert "cleared while in use; run the command again" in errors
    assert opened(tmp_path).read(["b"])[0, 0, 0] == ord("b")

"""Pictures at an address, to answer for them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from archives import pictures, write_zip
from diptych.errors import ImageError
from diptych.sources.inputs import input_pictures

FILES = pictures("cat/1.png", "2.png")
SHAPE = (24, 24, 3)


@pytest.fixture
def memory() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def test_a_folder_or_a_file_at_an_address_stands_for_its_pictures(memory: Any) -> None:
    for name, data in FILES.items():
        memory.pipe_file(f"/new/{name}", data)
    memory.pipe_file("/new/.hidden.png", b"")
    given = list(input_pictures(["memory://new", "memory://new/2.png"], SHAPE))
    assert [one.name for one in given] == [
        "memory://new/2.png", "memory://new/cat/1.png", "memory://new/2.png",
    ]  # fmt: skip
    assert [one.encoded() for one in given] == [FILES[n] for n in ("2.png", "cat/1.png", "2.png")]


def test_an_archive_at_an_address_stands_for_its_pictures(memory: Any, tmp_path: Path) -> None:
    memory.pipe_file("/new.zip", write_zip(tmp_path / "new.zip", FILES).read_bytes())
    given = list(input_pictures("memory://new.zip", SHAPE))
    assert [one.name for one in given] == ["memory://new.zip/2.png", "memory://new.zip/cat/1.png"]
    assert [one.encoded() for one in given] == [FILES["2.png"], FILES["cat/1.png"]]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("memory://gone/1.png", "no such file, folder or bucket"),
        ("memory://list.csv", "a table at an address; download it"),
        ("nowhere://x/1.png", "no scheme 'nowhere' is known"),
    ],
)
def test_what_cannot_be_had_has_its_reason(memory: Any, address: str, reason: str) -> None:
    memory.pipe_file("/list.csv", b"1.png\n")
    (one,) = input_pictures(address, SHAPE)
    assert one.name == address
    with pytest.raises(ImageError, match=f"unreadable: {reason}"):
        one.encoded()

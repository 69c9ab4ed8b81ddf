"""Tables that name files."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych import audit, read
from diptych.errors import InputError


def table(root: Path, lines: list[str], name: str = "labels.csv") -> Path:
    (root / name).write_text("\n".join(lines) + "\n")
    return root / name


def test_ids_without_an_ending_are_found_in_folders_below(folder_of: Callable[..., Path]) -> None:
    root = folder_of(4)
    path = table(root, ["id,label", "red000,r", "red001,r", "blue000,b", "blue9,b"])
    data = read(path)
    assert data.classes == ("b", "r")
    assert [s.path.name for s in data.samples] == ["red000.png", "red001.png", "blue000.png"]
    [stray] = data.strays
    assert (stray.name, stray.reason) == ("blue9", "missing")
    assert "line 5" in stray.detail
    assert audit(data, size=32).set_aside == {"missing": 1}


def test_a_folder_with_metadata_is_read_by_it(folder_of: Callable[..., Path]) -> None:
    root = folder_of(3)
    lines = ["file_name,label,split", "red/red000.png,x,train", "blue/blue001.png,y,validation"]
    table(root, lines, "metadata.csv")
    data = read(root)
    assert [(s.label, s.part) for s in data.samples] == [("x", "train"), ("y", "valid")]


def test_a_name_that_two_files_have_is_set_aside(folder_of: Callable[..., Path]) -> None:
    root = folder_of(2)
    (root / "blue" / "red000.png").write_bytes((root / "red" / "red000.png").read_bytes())
    data = read(table(root, ["file,label", "red000.png,r", "blue/red000.png,b", "red001.png,r"]))
    assert [s.path.parent.name for s in data.samples] == ["blue", "red"]
    assert "2 files could be meant" in data.strays[0].detail


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["name of it,label", "red000.png,r"], "no column of files among name of it, label"),
        (["file,colour", "red000.png,r"], "no column of labels among file, colour"),
        (["file,label", "red000.png"], "line 2 has 1 columns, the first line 2"),
        (["file,label", "red000.png,"], "line 2, label: the label is empty"),
        (["file,label", "a.png,x", "b.png,y"], "none of the 2 files that it names is there"),
        (["file,label"], "no rows"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(
    folder_of: Callable[..., Path], lines: list[str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        read(table(folder_of(2), lines))


def test_tables_may_be_compressed_or_parted_otherwise(folder_of: Callable[..., Path]) -> None:
    root = folder_of(2)
    rows = ["id;label", "red000;r", "blue000;b"]
    (root / "labels.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode("utf-8-sig")))
    (root / "labels.tsv").write_text("\n".join(rows).replace(";", "\t") + "\n\n")
    (root / "windows.csv").write_text("id,label\nred\\red000.png,r\nblue\\blue000,b\n")
    for name in ("labels.csv.gz", "labels.tsv", "windows.csv"):
        data = read(root / name)
        assert [s.path.name for s in data.samples] == ["red000.png", "blue000.png"], name
        assert data.classes == ("b", "r")


def test_a_file_that_is_named_twice_is_a_duplicate(folder_of: Callable[..., Path]) -> None:
    root = folder_of(3)
    rows = ["id,label", "red000,r", "red000,r", "red001,r", "blue000,b", "blue001,b", "blue001,r"]
    found = audit(read(table(root, rows)), size=32)
    assert found.set_aside == {"exact duplicate": 1, "two labels": 2}
    assert found.used == 3


def test_bytes_that_are_no_text_are_said(folder_of: Callable[..., Path]) -> None:
    root = folder_of(2)
    (root / "latin.csv").write_bytes("id,label\nred000,café\n".encode("latin-1"))
    with pytest.raises(InputError, match="not text in UTF-8"):
        read(root / "latin.csv")
    rows = ["id,label,split", "red000,r,train", "blue000,b,holdout"]
    with pytest.raises(InputError, match="line 3: no part 'holdout'; it may be train, valid or t"):
        read(table(root, rows))

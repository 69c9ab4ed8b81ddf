"""Tables that name files."""

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

"""Names of files whose folders stand in a column of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]
FILES = [f"data/s{k}/{i}.jpg" for k in range(3) for i in range(4)]


def reading(laid: Laid, titles: str, row: Callable[[int, int], str]) -> Dataset:
    lines = [titles, *(row(k, i) for k in range(3) for i in range(4))]
    return read(laid(FILES, {"data/l.csv": lines}) / "data" / "l.csv")


def paths(data: Dataset) -> list[str]:
    return ["/".join(Path(str(s.path)).parts[-3:]) for s in data.samples]


@pytest.mark.parametrize("title", ["folder", "Dir", "site"])
@pytest.mark.parametrize("written", ["s{}", "s{}/", "./s{}", "data/s{}", "C:\\data\\s{}"])
def test_a_file_lies_in_the_folder_that_its_row_says(laid: Laid, title: str, written: str) -> None:
    data = reading(
        laid, f"{title},file,label", lambda k, i: f"{written.format(k)},{i}.jpg,{'ab'[i % 2]}"
    )
    assert paths(data) == FILES
    assert f"named in file, their folders in {title}, labels in label" in data.note


def test_a_name_is_never_found_in_another_folder_than_its_row_says(laid: Laid) -> None:
    rows = ["s0,1.jpg,a", "s0,2.jpg,b", "s1,3.jpg,a", "s1,9.jpg,b"]
    files = ["s0/1.jpg", "s0/2.jpg", "s1/3.jpg", "s0/9.jpg"]
    data = read(laid(files, {"l.csv": ["folder,file,label", *rows]}) / "l.csv")
    assert [s.name for s in data.strays] == ["s1/9.jpg"]


def test_names_of_several_files_are_asked_about(laid: Laid) -> None:
    with pytest.raises(InputError, match="write its folder or ending too"):
        reading(laid, "camera,file,label", lambda k, i: f"c{k},{i}.jpg,{'ab'[i % 2]}")


def test_folders_may_be_of_several_columns(laid: Laid) -> None:
    files = [f"{2020 + k}/s{s}/{i}.jpg" for k in range(3) for s in range(2) for i in range(4)]
    rows = [f"{name[:4]},{name[5:7]},{name[8]},{'ab'[int(name[8]) % 2]}" for name in files]
    data = read(laid(files, {"l.csv": ["year,site,id,label", *rows]}) / "l.csv")
    assert paths(data) == files
    assert "named in id, their folders in year and site" in data.note


def test_a_file_is_in_no_other_folder_than_its_row_says(laid: Laid) -> None:
    """Where that folder holds others, in which the files lie."""
    files = [*(f"a/x/{i}.png" for i in range(5)), *(f"b/x/{i}.png" for i in range(10))]
    rows = [f"{one},{i}.png,{label}" for one, label in ("a1", "b2") for i in range(10)]
    data = read(laid(files, {"l.csv": ["folder,image,label", *rows]}) / "l.csv")
    assert {(s.label, "/".join(Path(str(s.path)).parts[-3:-1])) for s in data.samples} == {
        ("1", "a/x"),
        ("2", "b/x"),
    }
    assert len(data.samples) == 15
    assert [stray.reason for stray in data.strays] == ["missing"] * 5
    assert "b/x/5.png is not in the folder a" in data.strays[0].detail


@pytest.mark.parametrize(("folder", "name"), [("P{}", "{}.png"), ("P{}/series", "{}.png"),
                                              ("P{}", "{}")])  # fmt: skip
def test_names_that_come_again_in_folders_of_patients_are_asked_about_and_read(
    laid: Laid, folder: str, name: str
) -> None:
    files = [f"{folder.format(p)}/{i}.png" for p in range(4) for i in range(5)]
    rows = [f"P{p},{name.format(i)},{'ab'[p % 2]}" for p in range(4) for i in range(5)]
    root = laid(files, {"labels.csv": ["patient,slice,label", *rows]})
    with pytest.raises(InputError, match=r"different labels of its pictures; .* --label 'label'"):
        read(root)
    for data in (read(root, label="label"), read(root / "labels.csv")):
        labels = {"/".join(Path(str(s.path)).parts[-3:]).rpartition("set/")[2]: s.label
                  for s in data.samples}  # fmt: skip
        assert len(labels) == 20
        assert {(file.partition("/")[0][-2:], label) for file, label in labels.items()} == {
            ("P0", "a"), ("P1", "b"), ("P2", "a"), ("P3", "b")
        }  # fmt: skip

"""Where the files lie that a table names."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]
FILES = [f"images/p{i}.jpg" for i in range(10)]


def rows(name: str) -> list[str]:
    return ["file,label", *(f"{name.format(i)},{'ab'[i % 2]}" for i in range(10))]


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ("labels/train.csv", "p{}.jpg"),
        ("annotations/v1/l.csv", "p{}"),
        ("other/l.csv", "../images/p{}.jpg"),
        ("other/l.csv", "images/p{}.jpg"),
    ],
)
def test_a_table_may_lie_beside_its_pictures(laid: Laid, table: str, name: str) -> None:
    data = read(laid(FILES, {table: rows(name)}) / table)
    assert len(data) == 10
    assert not data.strays
    assert (f"its files lie below {data.root}" in data.note) == (not name.startswith(".."))


@pytest.mark.parametrize("folder", ["other", "cannot", "cat_data", "mask_labels/train"])
def test_another_data_set_beside_is_not_searched(laid: Laid, folder: str) -> None:
    root = laid(FILES, {f"{folder}/l.csv": rows("p{}.jpg")})
    with pytest.raises(InputError, match=r"none of the 10 files .* 'p0.jpg', for one"):
        read(root / folder / "l.csv")


def test_files_of_a_neighbour_are_not_those_of_a_table(laid: Laid) -> None:
    root = laid([f"pets/{name}" for name in FILES], {"birds/l.csv": rows("images/p{}.jpg")})
    with pytest.raises(InputError, match="none of the 10 files"):
        read(root / "birds/l.csv")


def test_files_in_the_tables_own_folder_go_first(laid: Laid) -> None:
    root = laid([*FILES, "labels/p0.jpg"], {"labels/l.csv": rows("p{}.jpg")})
    data = read(root / "labels" / "l.csv")
    assert [s.path for s in data.samples] == [root / "labels" / "p0.jpg"]


def test_many_columns_of_classes_are_no_pixels(laid: Laid) -> None:
    classes = [f"c{k}" for k in range(10)]
    ones = [",".join(str(int(i == k)) for k in range(10)) for i in range(10)]
    lines = [",".join(["image", *classes]), *(f"p{i},{one}" for i, one in enumerate(ones))]
    data = read(laid(FILES, {"l.csv": lines}) / "l.csv")
    assert [s.label for s in data.samples] == classes

"""The files that a table names, to be answered for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources.inputs.in_tables import listed_files

Laid = Callable[..., Path]
FILES = [f"{part}/{i}.png" for part in ("train", "test") for i in range(12)]


@pytest.mark.parametrize("name", ["test.csv", "sample_submission.csv"])
def test_a_contests_pictures_are_those_of_its_test_part(laid: Laid, name: str) -> None:
    rows = ["id,label", *(f"{i},0" for i in (5, 3, 99))]
    root = laid(FILES, {name: rows})
    five, three, none = listed_files(root / name)
    assert (five.name, five.place) == ("5", root / "test" / "5.png")
    assert (three.name, three.place) == ("3", root / "test" / "3.png")
    assert (none.name, none.place) == ("99", None)
    assert f"line 4 of {name} names no file that is there" in none.why_missing


def test_one_column_without_a_header_is_enough(laid: Laid) -> None:
    root = laid(FILES, {"l.csv": ["test/3.png", "train/3.png", "test/3.png"]})
    assert [one.name for one in listed_files(root / "l.csv")] == [
        "test/3.png",
        "train/3.png",
        "test/3.png",
    ]


def test_the_column_may_be_said(laid: Laid) -> None:
    root = laid(FILES, {"l.csv": ["a,b", "test/1.png,test/2.png", "test/3.png,test/4.png"]})
    with pytest.raises(InputError, match="a and b name files that are there"):
        list(listed_files(root / "l.csv"))
    assert [one.name for one in listed_files(root / "l.csv", "b")] == ["test/2.png", "test/4.png"]


def test_names_in_a_text_are_listed_with_their_blanks(laid: Laid) -> None:
    root = laid(["new/my cat 1.png", "new/dog 2.png"], {"l.txt": ["my cat 1.png", "dog 2.png"]})
    assert [one.place for one in listed_files(root / "l.txt")] == [
        root / "new" / "my cat 1.png",
        root / "new" / "dog 2.png",
    ]

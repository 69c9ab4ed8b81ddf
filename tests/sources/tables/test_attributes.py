from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources.meaning import Meaning
from diptych.sources.tables.attributes import Attributes, attributes_of, parts_said, table_of
from diptych.sources.tables.rows import Records

LABELS = ["cat", "cat", "dog", "dog", "cat", "dog"]
NAMES = [f"{i}.png" for i in range(6)]


def beside(**columns: list[str]) -> Records:
    return table_of(Path("a.tar"), columns, range(6), NAMES)


def said(table: Records, meaning: Meaning, parted: bool = False) -> Attributes:
    label = table.titles.index("label")
    parts = parts_said(table, meaning, label, parted)
    return attributes_of(table, NAMES, LABELS, parts, meaning, label)


def test_a_column_says_parts_only_of_pictures_that_have_none() -> None:
    split = ["train", "test", "train", "test", "train", "train"]
    table = beside(label=LABELS, split=split)
    assert said(table, Meaning()).parts == split
    assert set(said(table, Meaning(), parted=True).parts) == {""}
    assert said(table, Meaning(part="split"), parted=True).parts == split
    with pytest.raises(InputError, match=r"a\.tar: its files are parts already, which --fold"):
        said(table, Meaning(fold=0), parted=True)


def test_labels_are_no_parts_whatever_they_are_called() -> None:
    table = table_of(Path("a.tar"), {"set": ["train", "test"] * 3}, range(6), NAMES)
    assert not parts_said(table, Meaning(), 0).columns
    assert parts_said(table, Meaning()).columns == (0,)


def test_what_says_the_same_as_the_labels_tells_no_kinds_apart() -> None:
    kinds = ["x" if label == "cat" else "y" for label in LABELS]
    lens = ["wide", "long"] * 3
    attributes = said(beside(label=LABELS, kind=kinds, lens=lens), Meaning())
    assert attributes.columns == {"lens": dict(zip(NAMES, lens, strict=True))}
    assert attributes.further == ["kind", "lens"]


def test_a_row_is_called_by_the_name_of_its_picture() -> None:
    split = ["train", "extra", "train", "test", "train", "test"]
    with pytest.raises(InputError, match=r"a\.tar: split says .* 'extra' in 1 row \(1\.png"):
        said(beside(label=LABELS, split=split), Meaning())

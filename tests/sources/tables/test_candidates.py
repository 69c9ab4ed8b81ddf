"""Which files of a tree may be tables, by their names."""

from collections.abc import Callable
from pathlib import Path

from diptych.sources.tables.candidates import MOST_TABLES, tables_among
from diptych.sources.trees.folder import FolderTree

Laid = Callable[..., Path]


def test_texts_that_are_called_as_pictures_are_lists_of_none(laid: Laid) -> None:
    pictures = [f"images/{i}.jpg" for i in range(4)]
    root = laid([*pictures, "train.txt", "README.txt", "requirements.txt", "images/1.txt"], {})
    assert tables_among(FolderTree(root)) == ["train.txt"]


def test_a_text_for_each_picture_hides_no_table(laid: Laid) -> None:
    texts = [f"labels/{i}a.txt" for i in range(MOST_TABLES + 1)]
    root = laid(["images/1.jpg", *texts, "labels/all.csv"], {})
    assert tables_among(FolderTree(root)) == ["labels/all.csv"]


def test_a_text_in_the_root_hides_no_table_in_a_folder(laid: Laid) -> None:
    root = laid(["images/1.jpg", "classes.txt", "labels/all.csv", "sample_submission.csv"], {})
    assert tables_among(FolderTree(root)) == ["labels/all.csv", "classes.txt"]

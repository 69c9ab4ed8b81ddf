import unicodedata

import pytest

from diptych.gathering.class_folders import LONGEST, describe_renamed, folder_names


@pytest.mark.parametrize(
    ("label", "folder"),
    [
        ("hot dog", "hot dog"),
        ("Käse", "Käse"),
        ("寿司", "寿司"),
        ("-1", "-1"),
        ("3.5", "3.5"),
        ("cat/tabby", "cat-tabby"),
        ("a\\b:c*d?e", "a-b-c-d-e"),
        ("../../etc", "etc"),
        ("..", "class-8d9fd7"),
        ("~", "~"),
        (".git", "git"),
        ("dog.", "dog"),
        ("nul", "nul-class"),
        ("com1.jpg", "com1.jpg-class"),
        ("Thumbs.db", "Thumbs.db-class"),
        ("tab\tand\nline", "tab-and-line"),
    ],
)
def test_a_label_is_called_as_it_is_where_that_can_be(label: str, folder: str) -> None:
    if label == "..":
        (name,) = folder_names([label]).values()
        assert name.startswith("class-")
        assert len(name) == 12
    else:
        assert folder_names([label]) == {label: folder}


def test_no_two_labels_share_a_folder() -> None:
    labels = ["Cat", "cat", "CAT", "a/b", "a-b", "a:b", "x", "x.", "STRASSE", "straße", "..", "/"]
    names = folder_names(labels)
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names.values()}) == len(
        labels
    )
    assert names["a-b"] == "a-b"  # what can be called so is
    assert names == folder_names(labels[::-1])  # whatever their order


def test_long_labels_are_told_apart_and_short_enough() -> None:
    labels = ["é" * 999 + end for end in "ab"]
    names = set(folder_names(labels).values())
    assert len(names) == 2
    assert all(len(name.encode()) <= LONGEST + 7 for name in names)


def test_what_is_called_otherwise_is_said() -> None:
    assert describe_renamed(folder_names(["cat", "dog"])) == ""
    said = describe_renamed(folder_names(["a/b", "c/d", "e/f", "g/h", "dog"]))
    assert said.endswith("'a/b' is a-b, 'c/d' is c-d, 'e/f' is e-f, and 1 more")

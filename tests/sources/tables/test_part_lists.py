"""Lists of the pictures of a part, by what they are called."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read
from diptych.sources.meaning import Meaning
from diptych.sources.tables.part_lists import part_lists

Laid = Callable[..., Path]

PICTURES = [f"{label}/{label}_{i}.jpg" for label in ("cat", "dog") for i in range(6)]
THIRDS = {"train": PICTURES[::3], "val": PICTURES[1::3], "test": PICTURES[2::3]}


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["meta/train.txt", "meta/train.json", "meta/test.txt", "meta/classes.txt"], "train test"),
        (["splits/trainlist01.txt", "splits/testlist01.txt"], "train test"),
        (["TrainImages.txt", "TestImages.txt"], "train test"),
        (
            ["one-indexed_train.txt", "one-indexed_val.txt", "one-indexed_test.txt"],
            "train valid test",
        ),
        (["train_val_list.txt", "test_list.txt"], "train test"),
        (["train.txt", "trainval.txt", "test.txt"], "train test"),
        (["validation_list.txt", "testing_list.txt"], "valid test"),
        (["train.csv", "training_set.csv", "test.csv"], ""),
        (["cats.txt", "dogs.txt"], ""),
    ],
)
def test_names_of_lists_say_their_parts(names: Sequence[str], parts: str) -> None:
    lists = part_lists(names, Meaning(), "set")
    assert sorted(lists.parts.values()) == sorted(parts.split())


def test_numbered_lists_are_folds() -> None:
    names = [f"labels/{part}{k}.txt" for k in (1, 2, 10) for part in ("train", "val", "test")]
    lists = part_lists(names, Meaning(), "set")
    assert not lists.parts
    assert lists.note.startswith("lists make 3 splits; --fold 1 takes that of labels/train1.txt")
    assert set(part_lists(names, Meaning(fold=10), "set").parts) == {
        "labels/train10.txt", "labels/val10.txt", "labels/test10.txt",
    }  # fmt: skip
    with pytest.raises(InputError, match="set: no lists of fold 3; there are 1, 2, 10"):
        part_lists(names, Meaning(fold=3), "set")
    folders = [f"splits/fold{k}/{part}.txt" for k in (0, 1) for part in ("train", "test")]
    assert set(part_lists(folders, Meaning(fold=1), "set").parts) == set(folders[2:])


def test_a_column_or_a_level_that_was_said_goes_before_lists() -> None:
    assert not part_lists(["train.txt", "test.txt"], Meaning(part="split"), "set").parts


def listed(laid: Laid, lists: Mapping[str, Sequence[str]]) -> Path:
    return laid([f"images/{name}" for name in PICTURES], lists)


@pytest.mark.parametrize("stem", [False, True])
def test_lists_without_labels_part_class_folders(laid: Laid, stem: bool) -> None:
    lists = {
        f"meta/{part}.txt": [name.removesuffix(".jpg") if stem else name for name in names]
        for part, names in THIRDS.items()
    }
    data = read(listed(laid, lists))
    assert {s.name for s in data.samples if s.part == "valid"} == {
        f"images/{name}" for name in THIRDS["val"]
    }
    assert data.classes == ("cat", "dog")
    assert Counter(s.reason for s in data.strays) == {"table": 3}
    assert "test is in meta/test.txt" in data.note


def test_lists_with_numbers_of_classes_part_class_folders(laid: Laid) -> None:
    lists = {
        f"one-indexed_{part}.txt": [
            f"{name.split('/')[1]} {1 + name.startswith('dog')}" for name in names
        ]
        for part, names in THIRDS.items()
    }
    data = read(listed(laid, lists))
    assert Counter(s.part for s in data.samples) == {"train": 4, "valid": 4, "test": 4}
    assert data.classes == ("cat", "dog")


def test_a_fold_may_be_one_of_numbered_lists_in_a_folder_of_any_name(laid: Laid) -> None:
    lists = {
        f"Partitions/{part}_{k:02d}.txt": [n for i, n in enumerate(PICTURES) if (i + k) % 2 == at]
        for k in (1, 2)
        for at, part in enumerate(("Training", "Testing"))
    }
    root = listed(laid, lists)
    assert read(root).parts() == ()
    assert "lists make 2 splits; --fold 1 takes that of Partitions/Train" in read(root).note
    data = read(root, fold=2)
    assert data.classes == ("cat", "dog")
    assert {s.name for s in data.samples if s.part == "train"} == {
        f"images/{name}" for name in PICTURES[::2]
    }


def test_what_no_list_names_is_to_train_on_where_none_says_that(laid: Laid) -> None:
    lists = {"validation_list.txt": THIRDS["val"], "testing_list.txt": THIRDS["test"]}
    data = read(listed(laid, lists))
    assert Counter(s.part for s in data.samples) == {"train": 4, "valid": 4, "test": 4}
    assert "the 4 pictures that no list names are for train" in data.note


def test_lists_part_what_a_table_labels(laid: Laid) -> None:
    names = [f"{i}.jpg" for i in range(12)]
    tables = {
        "labels.csv": ["file,label", *(f"{n},{'ab'[i % 2]}" for i, n in enumerate(names))],
        "train.txt": names[:8],
        "test.txt": names[8:],
    }
    data = read(laid((f"images/{name}" for name in names), tables))
    assert Counter(s.part for s in data.samples) == {"train": 8, "test": 4}
    assert data.classes == ("a", "b")


def test_a_list_of_some_rows_of_a_table_is_no_second_table_of_labels(laid: Laid) -> None:
    rows = [f"{i}.jpg {i % 2}" for i in range(12)]
    data = read(
        laid(
            (f"images/{i}.jpg" for i in range(12)),
            {"list.txt": rows, "trainval.txt": rows[:8], "test.txt": rows[8:]},
        )
    )
    assert Counter(s.part for s in data.samples) == {"train": 8, "test": 4}


def test_a_list_to_train_on_that_names_nothing_leaves_parts_out(laid: Laid) -> None:
    lists = {"train.txt": [f"bird/{i}.jpg" for i in range(9)], "test.txt": THIRDS["test"]}
    data = read(listed(laid, lists))
    assert data.parts() == ()
    assert "train.txt names none of the pictures; parts by lists are left out" in data.note


def test_names_in_lists_that_are_not_there_are_counted(laid: Laid) -> None:
    lists = {"train.txt": [*PICTURES[4:], "cat/cat_99.jpg"], "test.txt": PICTURES[:4]}
    data = read(listed(laid, lists))
    assert Counter(s.part for s in data.samples) == {"train": 8, "test": 4}
    assert "1 of 9 in train.txt are not there" in data.note


def test_classes_with_their_files_in_json_say_the_part(laid: Laid) -> None:
    lists = {
        f"meta/{part}.json": [
            json.dumps({c: [n[:-4] for n in names if n.startswith(c)] for c in ("cat", "dog")})
        ]
        for part, names in (("train", PICTURES[::2]), ("test", PICTURES[1::2]))
    }
    data = read(listed(laid, lists))
    assert Counter((s.part, s.label) for s in data.samples) == {
        (part, label): 3 for part in ("train", "test") for label in ("cat", "dog")
    }


def test_parts_with_their_files_in_json_are_a_split(laid: Laid) -> None:
    split = {"train": PICTURES[::2], "test": PICTURES[1::2]}
    data = read(listed(laid, {"split.json": [json.dumps(split)]}))
    assert {s.name for s in data.samples if s.part == "test"} == {
        f"images/{name}" for name in PICTURES[1::2]
    }

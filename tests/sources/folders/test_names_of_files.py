from pathlib import Path

import pytest

from command import answer_of
from diptych.errors import InputError
from diptych.sources import read
from drawn import photograph
from layouts import laid, reasons, told

CATS_AND_DOGS = [f"train/{kind}.{i}.jpg" for kind in ("cat", "dog") for i in range(3)]


def test_labels_are_read_from_names_only_where_somebody_says_so(tmp_path: Path) -> None:
    root = laid(tmp_path, *CATS_AND_DOGS, "test1/1.jpg", "test1/2.jpg")
    data = read(root)
    assert not data.samples
    assert "if cat, dog are the classes, --label name:. reads them from there" in data.note
    data = read(root, label="name:.")
    assert told(data) == {"train cat": 3, "train dog": 3}
    assert reasons(data) == {"test1/1.jpg": "unlabelled", "test1/2.jpg": "unlabelled"}
    assert "classes are read from names of files, by name:.: cat, dog" in data.note


def test_masks_and_lists_beside_the_pictures_have_no_labels_in_their_names(tmp_path: Path) -> None:
    kinds = ("Abyssinian", "american_bulldog")
    pictures = [f"images/{kind}_{i}.jpg" for kind in kinds for i in range(3)]
    masks = [f"annotations/trimaps/{kind}_{i}.png" for kind in kinds for i in range(3)]
    root = laid(tmp_path, *pictures, *masks, "annotations/list.txt")
    assert "american_bulldog are the classes, --label name:_ reads them" in read(root).note
    data = read(root, label="name:_")
    assert told(data) == {"Abyssinian": 3, "american_bulldog": 3}
    assert {stray.name for stray in data.strays} == {*masks, "annotations/list.txt"}


def test_a_name_without_a_label_is_set_aside_and_none_at_all_refused(tmp_path: Path) -> None:
    root = laid(tmp_path, "cat_1.jpg", "dog_1.jpg", "nothing.jpg")
    assert reasons(read(root, label="name:_")) == {"nothing.jpg": "no class"}
    with pytest.raises(InputError, match=r"no name of a file says a label by --label 'name:\+'"):
        read(root, label="name:+")


def test_parts_whose_names_say_other_classes_are_refused(tmp_path: Path) -> None:
    root = laid(tmp_path, *CATS_AND_DOGS, "test/cat.7.jpg", "val/cat.8.jpg", "val/dog.8.jpg")
    with pytest.raises(InputError, match="test has no picture of dog"):
        read(root, label="name:.")


def test_groups_are_read_from_names_in_folders_of_classes(tmp_path: Path) -> None:
    names = "cat/p1_1.jpg", "cat/p1_2.jpg", "dog/p1_3.jpg", "dog/p2_1.jpg", "dog/x.jpg"
    root = laid(tmp_path / "pets", *names)
    data = read(root, group="name:_")
    assert [sample.group for sample in data.samples] == ["p1", "p1", "p1", "p2", ""]
    assert "2 groups are read from names of files, by name:_: p1, p2" in data.note
    assert "in none of them: 1, such as dog/x.jpg" in data.note
    root = laid(tmp_path / "people", "Anna/cat/p1_1.jpg", "Anna/dog/p2_1.jpg", "Ben/cat/p1_2.jpg")
    both = read(laid(root, "Cem/dog/p3_1.jpg"), group=["name:_", "folder:1"])
    group_of = {sample.name[0]: sample.group for sample in both.samples}
    assert group_of["A"] == group_of["B"] != group_of["C"]


def test_the_command_line_takes_patterns(tmp_path: Path) -> None:
    for seed, name in enumerate(("cat_0", "cat_1", "dog_0", "dog_1")):
        photograph(seed).save(tmp_path / f"{name}.png")
    answer = answer_of("audit", tmp_path, "--label", r"name:^(\D+)_\d")
    assert answer["used"] == 4
    assert {one["name"] for one in answer["findings"]} == {"cat/", "dog/"}


def test_a_table_with_names_takes_patterns_too(tmp_path: Path) -> None:
    laid(tmp_path, *(f"images/{kind}_{i}.jpg" for kind in ("cat", "dog") for i in range(2)))
    rows = [f"{kind}_{i}.jpg,{i}" for kind in ("cat", "dog") for i in range(2)]
    (tmp_path / "list.csv").write_text("\n".join(["file,age", *rows]))
    data = read(tmp_path / "list.csv", label="name:_")
    assert told(data) == {"cat": 2, "dog": 2}
    assert told(read(tmp_path, label="name:_")) == {"cat": 2, "dog": 2}

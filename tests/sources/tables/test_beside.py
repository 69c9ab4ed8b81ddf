"""Tables among the pictures that they name."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]


def numbered(folder: str, count: int) -> list[str]:
    return [f"{folder}/{i}.jpg" for i in range(count)]


def rows(count: int, title: str = "id,label") -> list[str]:
    return [title, *(f"{i},{'ab'[i % 2]}" for i in range(count))]


def reasons(data: Dataset) -> dict[str, int]:
    return dict(Counter(stray.reason for stray in data.strays))


def test_a_contest_is_read_by_its_only_table_of_labels(laid: Laid) -> None:
    tables = {
        "train.csv": rows(20),
        "test.csv": ["id", *map(str, range(9))],
        "sample_submission.csv": ["id,label", *(f"{i},a" for i in range(9))],
    }
    data = read(laid([*numbered("train", 18), *numbered("test", 20)], tables))
    assert len(data) == 18
    assert all(s.path.parent.name == "train" for s in data.samples if isinstance(s.path, Path))
    assert reasons(data) == {"missing": 2, "table": 2, "not listed": 21}


def test_a_table_may_lie_in_a_folder_of_its_own(laid: Laid) -> None:
    data = read(laid(numbered("images", 20), {"csv/train.csv": rows(20)}))
    assert (len(data), reasons(data)) == (20, {"table": 1})


def test_a_table_for_each_part_is_read_as_such(laid: Laid) -> None:
    files = [*numbered("train", 20), *numbered("val", 8)]
    data = read(laid(files, {"train.csv": rows(20), "val.csv": rows(8)}))
    assert Counter(s.part for s in data.samples) == {"train": 20, "valid": 8}
    assert len({s.name for s in data.samples}) == 28


def test_two_tables_of_labels_are_asked_about(laid: Laid) -> None:
    others = ["id,label", *(f"{i},{'ab'[i // 2 % 2]}" for i in range(20))]
    root = laid(numbered("images", 20), {"one.csv": rows(20), "two.csv": others})
    with pytest.raises(
        InputError, match=r"several tables name its pictures .*: one\.csv, two\.csv"
    ):
        read(root)


def test_a_table_that_says_more_is_not_asked_about(laid: Laid) -> None:
    more = ["id,sex,site", *(f"{i},{'mf'[i // 2 % 2]},{'xyz'[i % 3]}" for i in range(20))]
    data = read(laid(numbered("images", 20), {"labels.csv": rows(20), "more.csv": more}))
    assert (len(data), data.classes) == (20, ("a", "b"))


def classes(count: int = 20) -> list[str]:
    return [f"{'xy'[i % 2]}/{i}.jpg" for i in range(count)]


def test_folders_and_a_table_that_differ_are_asked_about(laid: Laid) -> None:
    table = ["file,label", *(f"{f},{'ab'[i // 2 % 2]}" for i, f in enumerate(classes()))]
    root = laid(classes(), {"l.csv": table})
    with pytest.raises(InputError, match=r"--label folder:1 or --label 'label'"):
        read(root)
    assert read(root, label="label").classes == ("a", "b")


def test_a_table_that_says_what_folders_do_is_a_table_of_facts(laid: Laid) -> None:
    table = [
        "file,label,camera",
        *(f"{f},{f[0]}1,{'pq'[i // 3 % 2]}" for i, f in enumerate(classes())),
    ]
    data = read(laid(classes(), {"l.csv": table}))
    assert data.classes == ("x", "y")
    assert list(data.columns) == ["camera"]
    assert reasons(data) == {"table": 1}


def test_a_table_of_few_of_the_pictures_says_nothing(laid: Laid) -> None:
    table = ["file,label", *(f"{f},{'ab'[i // 2 % 2]}" for i, f in enumerate(classes()[:8]))]
    data = read(laid(classes(), {"l.csv": table}))
    assert (len(data), data.classes, reasons(data)) == (20, ("x", "y"), {"no class": 1})


def facts(laid: Laid) -> Path:
    table = [f"{f},P{i // 4},{i % 5},{('train', 'test')[i // 10]}" for i, f in enumerate(classes())]
    return laid(classes(), {"facts.csv": ["file,patient,fold,usage", *table]})


def test_facts_group_and_part_what_folders_label(laid: Laid) -> None:
    data = read(facts(laid), group="patient")
    assert [s.group for s in data.samples if s.name in ("x/0.jpg", "y/3.jpg")] == ["P0", "P0"]
    assert Counter(s.part for s in data.samples) == {"train": 10, "test": 10}
    assert "parts in usage of facts.csv" in data.note
    with pytest.raises(InputError, match=r"no column 'patent' for --group; facts.csv has file"):
        read(facts(laid), group="patent")


@pytest.mark.parametrize("name", ["facts.csv", "metadata.csv"])
def test_facts_of_one_kind_are_no_labels_beside_folders(laid: Laid, name: str) -> None:
    table = ["file,camera", *(f"{f},{'pq'[i // 3 % 2]}" for i, f in enumerate(classes()))]
    data = read(laid(classes(), {name: table}))
    assert data.classes == ("x", "y")
    assert f"classes are the folders; {name} says camera of them" in data.note
    assert read(laid(classes(), {name: table}), label="camera").classes == ("p", "q")


def test_a_fold_of_facts_may_be_said(laid: Laid) -> None:
    data = read(facts(laid), fold=3)
    assert Counter(s.part for s in data.samples) == {"train": 8, "valid": 2, "test": 10}


def split_facts(laid: Laid, *, names: Callable[[str], str] = str) -> Path:
    """Class folders, and a table that says a part, a fold and a patient of all but one picture."""
    table = [
        f"{names(f)},P{i // 4},{i % 5},{('train', 'test')[i % 4 == 3]}"
        for i, f in enumerate(classes()[1:])
    ]
    return laid(map(names, classes()), {"meta.csv": ["file,patient,fold,split", *table]})


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ({"part": "split"}, {"train": 15, "test": 4}),
        ({"fold": 3}, {"train": 12, "valid": 3, "test": 4}),
    ],
)
def test_parts_that_were_said_hold_and_what_has_none_is_a_stray(
    laid: Laid, said: dict[str, Any], parts: dict[str, int]
) -> None:
    data = read(split_facts(laid), **said)
    assert Counter(s.part for s in data.samples) == parts
    assert [s.name for s in data.strays if s.reason == "no part"] == ["x/0.jpg"]


def test_parts_that_were_not_said_and_are_not_of_all_are_left_out_in_words(laid: Laid) -> None:
    data = read(split_facts(laid))
    assert {s.part for s in data.samples} == {""}
    assert "says no part of 1 of 20 pictures, and is not used; --part 'split'" in data.note


def test_folders_of_parts_that_say_otherwise_are_refused(laid: Laid) -> None:
    def in_train(name: str) -> str:
        return f"{'test' if name in ('x/8.jpg', 'y/9.jpg') else 'train'}/{name}"

    root = split_facts(laid, names=in_train)
    with pytest.raises(
        InputError, match=r"split of meta\.csv puts test/y/9\.jpg into train, its folder"
    ):
        read(root, part="split")
    data = read(root)
    assert Counter(s.part for s in data.samples) == {"train": 18, "test": 2}
    assert "parts are the folders; split of meta.csv puts" in data.note


def test_a_picture_without_a_row_is_in_no_group_and_that_is_said(laid: Laid) -> None:
    data = read(split_facts(laid), group="patient")
    assert [s.name for s in data.samples if not s.group] == ["x/0.jpg"]
    assert "1 of 20 pictures have no patient, and are in no group: x/0.jpg" in data.note


def test_folds_may_be_folders_beside_facts(laid: Laid) -> None:
    files = [f"fold{i // 10}/{f}" for i, f in enumerate(classes())]
    table = ["file,camera", *(f"{f},{'pq'[i // 3 % 2]}" for i, f in enumerate(files))]
    data = read(laid(files, {"meta.csv": table}), label="folder:2", fold=1)
    assert Counter(s.part for s in data.samples) == {"train": 10, "test": 10}


def test_where_the_files_are_named_does_not_say_what_the_labels_are(laid: Laid) -> None:
    data = read(facts(laid), files="file", group="patient")
    assert data.classes == ("x", "y")
    assert {s.group for s in data.samples} == {f"P{i}" for i in range(5)}
    with pytest.raises(InputError, match="no column 'fil' for --files; did you mean 'file'"):
        read(facts(laid), files="fil")


def test_labels_of_folders_go_with_groups_of_a_table(laid: Laid) -> None:
    table = [f"{f},{'ab'[i // 2 % 2]},P{i // 4}" for i, f in enumerate(classes())]
    root = laid(classes(), {"l.csv": ["file,label,patient", *table]})
    data = read(root, label="folder:1", group="patient")
    assert data.classes == ("x", "y")
    assert {s.group for s in data.samples} == {f"P{i}" for i in range(5)}


def split_by_tables(laid: Laid, *named: tuple[str, list[int]]) -> Path:
    """Class folders, and a table for each part that names some of their pictures."""
    files = [*numbered("images/cat", 8), *numbered("images/dog", 8)]
    tables = {
        name: ["file,label", *(f"images/{c}/{i}.jpg,{c}" for c in ("cat", "dog") for i in which)]
        for name, which in named
    }
    return laid(files, tables)


def test_tables_of_parts_beside_class_folders_say_the_parts(laid: Laid) -> None:
    root = split_by_tables(laid, ("train.csv", [0, 1, 2, 3, 4]), ("test.csv", [5, 6]))
    data = read(root)
    assert Counter((s.part, s.label) for s in data.samples) == {
        ("train", "cat"): 5, ("train", "dog"): 5, ("test", "cat"): 2, ("test", "dog"): 2,
    }  # fmt: skip
    assert reasons(data) == {"table": 2, "no part": 2}
    assert "test is in test.csv" in data.note
    assert "2 pictures that these do not name are set aside" in data.note


def test_a_picture_in_two_tables_of_parts_is_refused(laid: Laid) -> None:
    root = split_by_tables(laid, ("train.csv", [0, 1, 2, 3]), ("test.csv", [3, 4]))
    with pytest.raises(InputError, match=r"both name .*3.jpg, which can be in one part alone"):
        read(root)


def test_tables_of_parts_with_other_labels_than_folders_are_asked_about(laid: Laid) -> None:
    root = split_by_tables(laid, ("train.csv", [0, 1, 2, 3, 4]), ("test.csv", [5, 6]))
    table = root / "test.csv"
    table.write_text(table.read_text().replace("cat/5.jpg,cat", "cat/5.jpg,dog"))
    with pytest.raises(InputError, match=r"label of test.csv are different labels of its pictures"):
        read(root)


def test_tables_of_parts_say_the_rest_as_others_do(laid: Laid) -> None:
    files = [*numbered("cat", 6), *numbered("dog", 6)]
    tables = {
        f"{part}.csv": [
            "file,patient,camera",
            *(f"{c}/{i}.jpg,{part}{i // 2},{part}{i % 2}" for c in ("cat", "dog") for i in which),
        ]
        for part, which in (("train", range(4)), ("test", range(4, 6)))
    }
    data = read(laid(files, tables), group="patient")
    assert data.parts() == ("train", "test") and len(data) == 12
    assert {s.group for s in data.samples} == {"train0", "train1", "test2"}
    assert set(data.columns["camera"].values()) == {"train0", "train1", "test0", "test1"}
    assert reasons(data) == {"table": 2}


def in_three_tables(laid: Laid) -> Path:
    names = [f"{i}.jpg" for i in range(24)]
    tables = {
        "labels.csv": ["file,label", *(f"{n},{'ab'[i % 2]}" for i, n in enumerate(names))],
        "split.csv": ["image,split", *(f"{i},{('train', 'test')[i % 4 == 0]}" for i in range(24))],
        "patients.csv": ["file,patient", *(f"{n},P{i // 4}" for i, n in enumerate(names))],
    }
    return laid((f"images/{n}" for n in names), tables)


def test_tables_that_name_the_same_files_are_joined(laid: Laid) -> None:
    data = read(in_three_tables(laid), group="patient")
    assert Counter(s.part for s in data.samples) == {"train": 18, "test": 6}
    assert {s.group for s in data.samples if s.name in ("4.jpg", "7.jpg")} == {"P1"}
    assert data.classes == ("a", "b") and reasons(data) == {"table": 3}
    assert "parts in split of split.csv" in data.note
    assert "joined by file name: patients.csv says patient of them" in data.note


def test_a_part_that_was_said_may_be_in_any_table(laid: Laid) -> None:
    root = in_three_tables(laid)
    lines = (root / "split.csv").read_text().splitlines()
    (root / "split.csv").write_text("\n".join(lines[:-1]))
    assert Counter(s.part for s in read(root).samples) == {"": 24}
    assert "says no part of 1 of 24 pictures, and is not used" in read(root).note
    data = read(root, part="split")
    assert Counter(s.part for s in data.samples) == {"train": 17, "test": 6}
    assert reasons(data) == {"table": 3, "no part": 1}
    with pytest.raises(InputError, match="no column 'hospital' for --group"):
        read(root, group="hospital")


def test_a_fold_may_be_in_another_table_than_the_labels(laid: Laid) -> None:
    folds = ["image,fold", *(f"{i}.jpg,{i % 3}" for i in range(20))]
    data = read(laid(numbered("images", 20), {"labels.csv": rows(20), "folds.csv": folds}), fold=1)
    assert Counter(s.part for s in data.samples) == {"train": 13, "test": 7}
    assert data.classes == ("a", "b")


def test_names_of_classes_by_number_are_no_labels(laid: Laid) -> None:
    root = laid([f"images/{i}.png" for i in range(6)], {"names.json": ['{"0": "cat", "1": "dog"}']})
    assert read(root).classes == ("images",)

"""Tables that speak of files by way of their folders, or of ids."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]

PATIENTS = [f"P{i:02d}" for i in range(8)]


def of_patients(laid: Laid, *columns: str, key: str = "patient") -> Path:
    """A folder for each patient, and a table with a row for each."""
    values = {"diagnosis": "ill well", "site": "x y z", "age": "30 41 52 63"}
    rows = [
        ",".join([one, *(values[c].split()[i % len(values[c].split())] for c in columns)])
        for i, one in enumerate(PATIENTS)
    ]
    files = [f"scans/{one}/{i}.png" for one in PATIENTS for i in range(3)]
    return laid(files, {"patients.csv": [",".join([key, *columns]), *rows]})


def test_a_table_of_patients_is_asked_about_and_labels_their_folders(laid: Laid) -> None:
    root = of_patients(laid, "diagnosis", "age")
    with pytest.raises(
        InputError, match=r"--label folder:2 or --label 'diagnosis', with --group 'patient' to keep"
    ):
        read(root)
    data = read(root, label="diagnosis", group="patient")
    assert Counter(s.label for s in data.samples) == {"ill": 12, "well": 12}
    assert {s.label for s in data.samples if "/P03/" in s.name} == {"well"}
    assert len({s.group for s in data.samples}) == 8
    assert len(read(root, label="folder:2").classes) == 8


def test_a_patient_without_a_folder_is_a_stray(laid: Laid) -> None:
    root = of_patients(laid, "diagnosis")
    with (root / "patients.csv").open("a") as table:
        table.write("P99,ill\n")
    data = read(root, label="diagnosis")
    assert [(s.reason, s.detail) for s in data.strays if s.reason != "table"] == [
        ("missing", "line 10 of patients.csv names no file that is there")
    ]


def test_folders_of_patients_are_no_classes_without_a_word(laid: Laid) -> None:
    root = of_patients(laid, "site", "age")
    with pytest.raises(
        InputError, match=r"called as patient of patients\.csv are; --label folder:2"
    ):
        read(root)


def test_a_table_of_the_classes_asks_nothing(laid: Laid) -> None:
    files = [f"{animal}/{i}.png" for animal in ("cat", "dog", "owl") for i in range(4)]
    table = ["animal,class", "cat,mammal", "dog,mammal", "owl,bird"]
    data = read(laid(files, {"animals.csv": table}))
    assert data.classes == ("cat", "dog", "owl")
    assert set(data.columns) == {"class"}


def test_a_list_of_classes_without_a_title_asks_nothing(laid: Laid) -> None:
    files = [f"{room}/{i}.png" for room in ("patient_room", "case_b", "hall") for i in range(4)]
    root = laid(files, {"classes.txt": ["patient_room", "case_b", "hall"]})
    assert read(root).classes == ("case_b", "hall", "patient_room")


def test_facts_of_patients_below_classes_are_joined(laid: Laid) -> None:
    files = [f"{'ab'[p % 2]}/{one}/{i}.png" for p, one in enumerate(PATIENTS) for i in range(3)]
    table = ["patient,site", *(f"{one},{'xyz'[p % 3]}" for p, one in enumerate(PATIENTS))]
    data = read(laid(files, {"patients.csv": table}), group="site")
    assert data.classes == ("a", "b")
    assert {s.group for s in data.samples if "/P03/" in s.name} == {"x"}


def test_a_table_of_patients_is_joined_by_a_table_of_files(laid: Laid) -> None:
    tables = {
        "files.csv": ["file,patient", *(f"{i}.png,{PATIENTS[i // 3]}" for i in range(24))],
        "patients.csv": ["patient,diagnosis", *(f"{one},{'ab'[p % 2]}"
                                                for p, one in enumerate(PATIENTS))],
    }  # fmt: skip
    data = read(laid((f"{i}.png" for i in range(24)), tables), group="patient")
    assert Counter(s.label for s in data.samples) == {"a": 12, "b": 12}
    assert len({s.group for s in data.samples}) == 8


def test_ids_of_a_list_join_lists_without_file_names(laid: Laid) -> None:
    files = [f"{label}/{i}.jpg" for label in ("001.cat", "002.dog") for i in range(6)]
    tables = {
        "images.txt": [f"{i} {name}" for i, name in enumerate(files, 1)],
        "train_test_split.txt": [f"{i} {int(i % 3 > 0)}" for i in range(1, 13)],
        "image_class_labels.txt": [f"{i} {1 + (i > 6)}" for i in range(1, 13)],
        "classes.txt": ["1 001.cat", "2 002.dog"],
    }
    data = read(laid((f"images/{name}" for name in files), tables))
    assert {s.name for s in data.samples if s.part == "test"} == {
        f"images/{files[i]}" for i in (2, 5, 8, 11)
    }
    assert data.classes == ("001.cat", "002.dog")
    assert "0 is test, 1 is train" in data.note


def test_a_table_in_each_folder_is_asked_about_and_read_as_one(laid: Laid) -> None:
    files = [f"{one}/{i}.png" for one in PATIENTS for i in range(4)]
    tables = {
        f"{one}/labels.csv": ["file,label", *(f"{i}.png,{'ab'[i % 2]}" for i in range(4))]
        for one in PATIENTS
    }
    root = laid(files, tables)
    with pytest.raises(InputError, match=r"--label 'label', with --group folder:1 to keep"):
        read(root)
    data = read(root, label="label")
    assert Counter(s.label for s in data.samples) == {"a": 16, "b": 16}
    assert "each table is of its own folder; --group folder:1" in data.note
    assert len({s.group for s in read(root, label="label", group="folder:1").samples}) == 8
    by_folders = read(root, label="folder:1")
    assert Counter(s.reason for s in by_folders.strays) == {"table": 8}
    assert len(by_folders) == 32


def test_ages_that_are_called_as_pictures_are_name_none(laid: Laid) -> None:
    tables = {
        "images.csv": ["file,subject", *(f"{40 + i}.png,s{i // 2}" for i in range(12))],
        "subjects.csv": ["subject,status,age", *(f"s{i},{'xy'[i % 2]},{40 + 2 * i}"
                                                 for i in range(6))],
    }  # fmt: skip
    root = laid((f"im/{40 + i}.png" for i in range(12)), tables)
    data = read(root)
    assert Counter(s.label for s in data.samples) == {"x": 6, "y": 6}
    labels = {s.name: s.label for s in data.samples}
    assert [labels[f"im/{i}.png"] for i in (40, 41, 42)] == ["x", "x", "y"]
    with pytest.raises(InputError, match=r"age has numbers, .* called as files are by chance"):
        read(root / "subjects.csv")


def test_a_table_of_ids_goes_before_numbers_that_may_be_names(laid: Laid) -> None:
    tables = {
        "b.csv": ["file,patient", *(f"{i}.jpg,p{i // 2}" for i in range(10))],
        "c.csv": ["patient,diagnosis,place", *(f"p{i},{'xy'[i % 2]},{(i * 3) % 5}"
                                               for i in range(5))],
    }  # fmt: skip
    data = read(laid((f"im/{i}.jpg" for i in range(10)), tables), label="diagnosis")
    assert Counter(s.label for s in data.samples) == {"x": 6, "y": 4}

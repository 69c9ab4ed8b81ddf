"""Which column holds the labels."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]


def reading(laid: Laid, titles: str, row: Callable[[int], str], **said: str) -> Dataset:
    lines = [f"img,{titles}", *(f"p{i}.jpg,{row(i)}" for i in range(24))]
    root = laid((f"p{i}.jpg" for i in range(24)), {"l.csv": lines})
    return read(root / "l.csv", **said)  # type: ignore[arg-type]


def sex(i: int) -> str:
    return ("female", "male")[i % 2]


def test_the_only_column_that_may_is_that_of_labels(laid: Laid) -> None:
    data = reading(laid, "taken on,Ripe?,weight", lambda i: f"2024-{i},{'yn'[i % 2]},{i / 7}")
    assert data.classes == ("n", "y")
    assert "labels in Ripe?" in data.note


def test_several_that_may_are_asked_about_and_described(laid: Laid) -> None:
    with pytest.raises(InputError) as refusal:
        reading(laid, "age,sex,race", lambda i: f"{20 + i % 5},{sex(i)},{i % 3}")
    said = str(refusal.value)
    assert "several columns may hold the labels" in said
    assert "sex: 2 different values, female, male" in said
    assert "--label 'sex', for one" in said
    assert said.index("sex: 2") < said.index("race: 3") < said.index("age: 5")
    data = reading(laid, "age,sex,race", lambda i: f"{20 + i % 5},{sex(i)},{i % 3}", label="SEX")
    assert data.classes == ("female", "male")
    assert set(data.columns) == {"age", "race"}
    with pytest.raises(InputError, match="no column 'gender' for --label"):
        reading(laid, "age,sex,race", lambda i: f"{i % 5},{sex(i)},{i % 3}", label="gender")


@pytest.mark.parametrize(
    "titles", ["class id,labels", "label,species", "target,label_name", "labels,class id"]
)
def test_of_columns_that_say_the_same_the_words_are_taken(laid: Laid, titles: str) -> None:
    words = ("AUKLET", "BABBLER")
    first = titles.split(",")[0] in ("labels",)
    data = reading(
        laid, titles, lambda i: f"{words[i % 2]},{i % 2}" if first else f"{i % 2},{words[i % 2]}"
    )
    assert data.classes == words
    assert not data.columns


def test_words_of_something_else_are_not_taken_for_numbers(laid: Laid) -> None:
    data = reading(laid, "label,camera", lambda i: f"{i % 2},{('phone', 'reflex')[i % 2]}")
    assert data.classes == ("0", "1")


def test_coarse_and_fine_classes_are_asked_about(laid: Laid) -> None:
    with pytest.raises(InputError, match=r"class: 2 .*; category: 4 different values"):
        reading(laid, "class,category", lambda i: f"{i % 2},{i % 4}")


def test_what_measures_is_no_label(laid: Laid) -> None:
    with pytest.raises(InputError, match=r"label looks continuous \('0.03"):
        reading(laid, "label", lambda i: f"{i / 29 + 0.03:.4f}")
    with pytest.raises(InputError, match=r"no column of labels \(caption: 24 different values"):
        reading(laid, "caption", lambda i: f"a picture of number {i}")


@pytest.mark.parametrize("none", ["", "NaN", "nan", "null", "N/A", "#N/A", "?", "-", "None"])
def test_cells_that_say_nothing_are_no_class(laid: Laid, none: str) -> None:
    data = reading(laid, "label", lambda i: ("scratch", "dent", none)[i % 3])
    assert data.classes == ("dent", "scratch")
    assert {stray.reason for stray in data.strays} == {"no label"}
    assert len(data.strays) == 8
    assert "line 4 of l.csv has no label" in data.strays[0].detail


@pytest.mark.parametrize(
    "labels", [("scratch", "dent", "none"), ("Scratch", "Dent", "None"), ("EU", "NA", "SA")]
)
def test_a_class_may_be_called_none(laid: Laid, labels: tuple[str, ...]) -> None:
    data = reading(laid, "label", lambda i: labels[i % 3])
    assert set(data.classes) == set(labels)
    assert "is a class here" in data.note


def test_none_beside_numbers_is_nothing_and_said(laid: Laid) -> None:
    data = reading(laid, "label", lambda i: ("0", "1", "None")[i % 3])
    assert data.classes == ("0", "1")
    assert "'None' is no label here" in data.note


def test_numbers_are_called_as_they_are_meant(laid: Laid) -> None:
    assert reading(laid, "grade", lambda i: ("1", "1.0", "2.0")[i % 3]).classes == ("1", "2")
    assert reading(laid, "grade", lambda i: ("01", "02")[i % 2]).classes == ("01", "02")
    assert reading(laid, "grade", lambda i: ("1.5", "2.0")[i % 2]).classes == ("1.5", "2.0")


def test_a_level_of_folders_may_be_the_label(laid: Laid) -> None:
    files = [f"{c}/{i}.jpg" for c in ("x", "y") for i in range(4)]
    root = laid(files, {"l.csv": ["file,patient", *(f"{f},p{i}" for i, f in enumerate(files))]})
    assert read(root / "l.csv", label="folder:1").classes == ("x", "y")


def one_hot(rows: Iterable[str]) -> list[str]:
    return ["image, MEL, NV, BCC", *(f"p{i}, {row}" for i, row in enumerate(rows))]


def test_columns_of_zeros_and_ones_are_labels(laid: Laid) -> None:
    rows = [", ".join(str(float(i % 3 == k)) for k in range(3)) for i in range(24)]
    rows[3], rows[4] = "1, 1, 0", "0, 0, 0"
    data = read(laid((f"p{i}.jpg" for i in range(24)), {"l.csv": one_hot(rows)}) / "l.csv")
    assert data.classes == ("BCC", "MEL", "NV")
    assert [s.label for s in data.samples[:3]] == ["MEL", "NV", "BCC"]
    assert [(s.name, s.reason) for s in data.strays] == [
        ("p3", "several labels"),
        ("p4", "no label"),
    ]
    assert "has 2 labels: MEL, NV" in data.strays[0].detail
    assert not data.columns


@pytest.mark.parametrize("row", ["0.7,0.2,0.1", "1,1,0"])
def test_probabilities_and_many_ones_are_no_labels(laid: Laid, row: str) -> None:
    with pytest.raises(InputError, match=r"no column of labels \(MEL: 1 different value"):
        read(laid((f"p{i}.jpg" for i in range(24)), {"l.csv": one_hot([row] * 24)}) / "l.csv")


def test_two_facts_that_are_true_or_not_are_no_one_hot(laid: Laid) -> None:
    with pytest.raises(InputError, match="several columns may hold the labels"):
        reading(laid, "male,smiling", lambda i: f"{i % 2},{i // 2 % 2}")


def test_constants_and_ids_are_no_candidates(laid: Laid) -> None:
    def row(i: int) -> str:
        return f"mm,S{i:03},{'abcdefghijklmnopqrst'[i * 2 // 3]}"

    with pytest.raises(InputError, match="no column of labels") as refusal:
        reading(laid, "unit,serial,town", row)
    assert "(town: 16 different values, " in str(refusal.value)
    assert "unit" not in str(refusal.value)
    assert "serial" not in str(refusal.value)


@pytest.mark.parametrize("said", [{}, {"label": "label"}, {"label": "Label"}])
def test_two_columns_of_one_title_are_told(laid: Laid, said: dict[str, str]) -> None:
    with pytest.raises(InputError, match="columns 2 and 3 are both called 'label', and say someth"):
        reading(laid, "label,label", lambda i: f"{i % 2},{i % 3}", **said)
    data = reading(laid, "label,label", lambda i: f"{'ab'[i % 2]},{'ab'[i % 2]}", **said)
    assert data.classes == ("a", "b")


def test_the_column_that_names_files_has_no_labels(laid: Laid) -> None:
    with pytest.raises(InputError, match="img names the files, and has no labels"):
        reading(laid, "label", lambda i: "ab"[i % 2], label="img")


def test_a_cross_marks_the_class(laid: Laid) -> None:
    data = reading(laid, "cat,dog", lambda i: ("x,", ",X")[i % 2])
    assert data.classes == ("cat", "dog")
    assert len(data) == 24


def test_patients_over_folders_of_classes_are_asked_about(laid: Laid) -> None:
    files = [f"{'ab'[i % 2]}/{i}.jpg" for i in range(24)]
    root = laid(
        files, {"l.csv": ["file,patient", *(f"{f},P{i // 4}" for i, f in enumerate(files))]}
    )
    with pytest.raises(
        InputError, match=r"--label folder:1 says the folders, with --group 'patient'"
    ):
        read(root / "l.csv")
    assert read(root / "l.csv", label="folder:1", group="patient").classes == ("a", "b")
    assert len(read(root / "l.csv", label="patient").classes) == 6


@pytest.mark.parametrize("titles", ["image,sex,MEL,NV,BCC", "image,MEL,sex,NV,BCC"])
def test_columns_of_classes_are_told_from_a_fact_beside_them(laid: Laid, titles: str) -> None:
    def row(i: int) -> str:
        cells = {"sex": i // 3 % 2, **{name: i % 3 == k for k, name in enumerate(CLASSES)}}
        return ",".join(str(int(cells[title])) for title in titles.split(",")[1:])

    lines = [titles, *(f"p{i}.jpg,{row(i)}" for i in range(24))]
    data = read(laid((f"p{i}.jpg" for i in range(24)), {"l.csv": lines}) / "l.csv")
    assert data.classes == ("BCC", "MEL", "NV")
    assert [s.label for s in data.samples[:3]] == ["MEL", "NV", "BCC"]
    assert "MEL, NV, BCC are the classes: each row has a one in one of them; sex, too" in data.note


CLASSES = ("MEL", "NV", "BCC")

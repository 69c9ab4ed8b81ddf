"""What must stay together, by columns of a table."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.sources import read
from diptych.sources.tables.grouping import group_names

Laid = Callable[..., Path]


def reading(
    laid: Laid, titles: str, row: Callable[[int], str], group: list[str] | None = None
) -> Dataset:
    lines = [f"img,label,{titles}", *(f"p{i}.jpg,{'ab'[i // 3 % 2]},{row(i)}" for i in range(60))]
    return read(laid((f"p{i}.jpg" for i in range(60)), {"l.csv": lines}) / "l.csv", group=group)


def test_a_column_keeps_what_has_the_same_together(laid: Laid) -> None:
    data = reading(laid, "patient", lambda i: f"P{i // 3}", ["Patient"])
    assert [s.group for s in data.samples[:4]] == ["P0", "P0", "P0", "P1"]
    with pytest.raises(InputError, match="no column 'patent' for --group; did you mean 'patient'"):
        reading(laid, "patient", lambda i: f"P{i // 3}", ["patent"])


def test_several_columns_are_united() -> None:
    values = [
        {"patient": "1", "video": "x"},
        {"patient": "2", "video": "x"},
        {"patient": "2", "video": "y"},
        {"patient": "x", "video": ""},
        {"patient": "NaN", "video": ""},
    ]
    first, second, third, fourth, fifth = group_names(values)
    assert first == second == third
    assert fourth not in ("", first), "a patient called as a video is no video"
    assert fifth == ""


@pytest.mark.parametrize("title", ["lesion_id", "Patient ID", "video", "subjectID"])
def test_ids_that_come_again_are_pointed_out(laid: Laid, title: str) -> None:
    data = reading(laid, title, lambda i: str(i // 3))
    assert f"{title} has ids that come again (20 of 60); --group '{title}'" in data.note
    assert {s.group for s in data.samples} == {""}


def test_words_that_come_again_within_a_class_are_pointed_out(laid: Laid) -> None:
    assert "--group 'roll'" in reading(laid, "roll", lambda i: f"R{i // 3}x").note


@pytest.mark.parametrize(
    ("title", "row"),
    [
        ("age", lambda i: str(40 + i // 3)),
        ("camera", lambda i: ("phone", "reflex")[i % 2]),
        ("patient", lambda i: f"P{i}"),
        ("place", lambda i: f"town {i * 7 % 20}"),
    ],
)
def test_other_facts_are_not(laid: Laid, title: str, row: Callable[[int], str]) -> None:
    assert "--group" not in reading(laid, title, row).note


def test_ids_are_the_same_however_a_column_with_gaps_writes_them(laid: Laid) -> None:
    rows = [f"{i}.jpg,{'ab'[i % 2]},{i % 4}" for i in range(12)]
    gaps = ["12.jpg,a,0.0", "13.jpg,b,nan", "14.jpg,a,?", "15.jpg,b,00", "16.jpg,b,"]
    titles = "img,label,patient"
    root = laid(
        (f"{i}.jpg" for i in range(17)), {"a.csv": [titles, *rows], "b.csv": [titles, *gaps]}
    )
    data = read(root / "a.csv", test=root / "b.csv", group="patient")
    groups = {s.name: s.group for s in data.samples}
    assert [groups[f"{i}.jpg"] for i in range(12, 17)] == ["0", "", "", "00", ""]
    assert groups["0.jpg"] == "0"


def test_groups_that_are_called_as_labels_are_refused(laid: Laid) -> None:
    rows = [f"{i}.jpg,{'ab'[i % 2]},g{i % 4}" for i in range(16)]
    root = laid((f"{i}.jpg" for i in range(16)), {"l.csv": ["file,label,grp", *rows]})
    with pytest.raises(InputError, match=r"label holds the labels; .* --label 'grp', for one"):
        read(root / "l.csv", group="label")
    assert read(root / "l.csv", group="label", label="grp").classes == ("g0", "g1", "g2", "g3")

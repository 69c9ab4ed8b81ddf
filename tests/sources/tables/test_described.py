"""Folders whose tables say what is in them."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]


def numbered(folder: str, count: int) -> list[str]:
    return [f"{folder}/{i}.jpg" for i in range(count)]


def rows(count: int, title: str = "file_name,label") -> list[str]:
    return [title, *(f"{i}.jpg,{'ab'[i % 2]}" for i in range(count))]


@pytest.mark.parametrize("name", ["metadata.csv", "_classes.csv"])
def test_each_part_may_have_its_own(laid: Laid, name: str) -> None:
    files = [*numbered("train", 12), *numbered("test", 5)]
    data = read(laid(files, {f"train/{name}": rows(12), f"test/{name}": rows(6)}))
    assert Counter(s.part for s in data.samples) == {"train": 12, "test": 5}
    assert len({s.name for s in data.samples}) == 17
    assert all(s.name.startswith(f"{s.part}/") for s in data.samples)
    assert [(s.name, s.reason) for s in data.strays] == [
        ("test/5.jpg", "missing"),
        (f"test/{name}", "table"),
        (f"train/{name}", "table"),
    ]


def test_a_table_in_a_folder_means_no_file_outside(laid: Laid) -> None:
    files = [*numbered("cats", 12), *numbered("dogs", 4)]
    data = read(laid(files, {"cats/metadata.csv": rows(12), "dogs/metadata.csv": rows(6)}))
    assert len(data) == 16
    assert sum(stray.reason == "missing" for stray in data.strays) == 2


def test_a_part_without_labels_is_set_aside(laid: Laid) -> None:
    tables = {"train/metadata.csv": rows(12), "test/metadata.csv": ["file_name", "0.jpg", "1.jpg"]}
    data = read(laid([*numbered("train", 12), *numbered("test", 3)], tables))
    assert data.parts() == ("train",)
    reasons = {stray.name: stray.reason for stray in data.strays if "test/" in stray.name}
    assert reasons == {
        "test/0.jpg": "no label",
        "test/1.jpg": "no label",
        "test/2.jpg": "not listed",
        "test/metadata.csv": "table",
    }


def test_lines_of_json_describe_too(laid: Laid) -> None:
    lines = [f'{{"file_name": "{i}.jpg", "label": {i % 2}}}' for i in range(8)]
    data = read(laid((f"{i}.jpg" for i in range(8)), {"metadata.jsonl": lines}))
    assert data.classes == ("0", "1")
    assert [(s.name, s.reason) for s in data.strays] == [("metadata.jsonl", "table")]


def test_no_label_anywhere_is_said(laid: Laid) -> None:
    with pytest.raises(InputError, match="no column of labels beside the one of files"):
        read(laid(numbered("train", 3), {"train/metadata.csv": ["file_name", "0.jpg"]}))

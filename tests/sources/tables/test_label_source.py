"""A folder that was gathered: its folders are the classes, whatever the manifest says."""

import csv
from pathlib import Path

import pytest

from conftest import picture
from diptych import read

TITLES = ["url", "label", "path", "outcome", "detail", "status", "bytes", "sha256"]
TITLES += ["final_url", "licence"]


def gathered(folder: Path, places: list[str], labels: list[str]) -> Path:
    """Pictures where they lie, and a manifest of them."""
    rows = []
    for i, (place, label) in enumerate(zip(places, labels, strict=True)):
        path = Path(place) / f"{i:016x}.png"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        picture(i, 8).save(folder / path)
        url = f"https://a.com/{i}.png"
        licence = ("CC0", "CC BY")[i // 2 % 2]
        rows.append(
            [url, label, path.as_posix(), "came", "", 200, 100 + i, f"{i:064x}", url, licence]
        )
    rows.append(["https://a.com/no.png", "cat", "", "status 404", "", 404, 0, "", "", "CC0"])
    with (folder / "gathered.csv").open("w", newline="") as file:
        csv.writer(file).writerows([TITLES, *rows])
    return folder


@pytest.mark.parametrize("labels", [["cat", "dog"] * 6, ["dog", "cat"] * 6, ["a/b", "c/d"] * 6])
def test_what_was_gathered_has_its_folders_as_classes(labels: list[str], tmp_path: Path) -> None:
    data = read(gathered(tmp_path, ["cat", "dog"] * 6, labels))
    assert data.counts() == {"cat": 6, "dog": 6}
    assert list(data.columns) == ["licence"]
    assert [(stray.name, stray.reason) for stray in data.strays] == [("gathered.csv", "table")]


def test_what_was_gathered_without_labels_has_none(tmp_path: Path) -> None:
    data = read(gathered(tmp_path, ["."] * 12, [""] * 12))
    assert not data.samples
    assert {stray.reason for stray in data.strays} == {"no class"}


def test_what_was_gathered_may_have_one_class_and_others_in_none(tmp_path: Path) -> None:
    data = read(gathered(tmp_path, ["cat", "."] * 6, ["cat", ""] * 6))
    assert data.counts() == {"cat": 6}
    assert sum(stray.reason == "no class" for stray in data.strays) == 7


def test_a_column_of_what_was_gathered_may_be_said_to_be_the_labels(tmp_path: Path) -> None:
    data = read(gathered(tmp_path, ["cat", "dog"] * 6, ["cat", "dog"] * 6), label="licence")
    assert data.counts() == {"CC BY": 6, "CC0": 6}

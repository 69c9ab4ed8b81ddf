"""In which order classes stand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.data.class_order import in_order
from diptych.sources import read


@pytest.mark.parametrize(
    ("classes", "ordered"),
    [
        (["10", "9", "-1", "9"], ("-1", "9", "10")),
        (["1", "01", "0.5"], ("0.5", "01", "1")),
        (["10", "9", "nine"], ("10", "9", "nine")),
    ],
)
def test_numbers_stand_by_their_size_and_others_as_text(
    classes: list[str], ordered: tuple[str, ...]
) -> None:
    assert in_order(classes) == in_order(reversed(classes)) == ordered


@pytest.mark.parametrize("how", ["folders", "table", "described"])
def test_folders_and_tables_of_files_have_that_order(tmp_path: Path, how: str) -> None:
    labels = ["10", "9", "2"] * 4
    folder_of: Callable[[str], str] = (lambda label: label) if how == "folders" else lambda _: "all"
    names = [f"{folder_of(label)}/{i}.png" for i, label in enumerate(labels)]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    table = tmp_path / "labels.csv"
    if how != "folders":
        rows = [f"{name},{label}" for name, label in zip(names, labels, strict=True)]
        table.write_text("\n".join(["file,label", *rows]))
    assert read(table if how == "table" else tmp_path).classes == ("2", "9", "10")

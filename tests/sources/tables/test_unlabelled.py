"""Parts without class folders that a table labels."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]

SIGNS = ("0", "1", "10")


def signs(
    laid: Laid, *, digits: int = 1, test: tuple[str, ...] = SIGNS, train: bool = False
) -> Path:
    """Folders of signs to train on, signs to test on side by side, and a table of those."""
    folders = [sign.zfill(digits) for sign in SIGNS]
    inside = [f"Train/{folder}/{i}.png" for folder in folders for i in range(4)]
    rows = [f"{50 + i},{test[i % 3]},Test/{i:05d}.png" for i in range(6)]
    tables = {"Test.csv": ["Width,ClassId,Path", *rows]}
    if train:
        of = {folder: test[at] for at, folder in enumerate(folders)}
        tables["Train.csv"] = [
            "Width,ClassId,Path",
            *(f"50,{of[f.split('/')[1]]},{f}" for f in inside),
        ]
    return laid([*inside, *(f"Test/{i:05d}.png" for i in range(6))], tables)


def labels(data: Dataset) -> dict[str, str]:
    return {s.name: s.label for s in data.samples if s.part == "test"}


def test_a_table_labels_a_flat_part(laid: Laid) -> None:
    data = read(signs(laid))
    assert labels(data) == {f"Test/{i:05d}.png": SIGNS[i % 3] for i in range(6)}
    assert Counter(s.part for s in data.samples) == {"train": 12, "test": 6}
    assert [(s.name, s.reason) for s in data.strays] == [("Test.csv", "table")]
    assert "ClassId of Test.csv labels 6 pictures that lie in no class folder" in data.note
    assert "without labels" not in data.note


def test_numbers_mean_folders_with_zeros_before_them(laid: Laid) -> None:
    data = read(signs(laid, digits=5))
    assert data.classes == ("00000", "00001", "00010")
    assert labels(data)["Test/00002.png"] == "00010"
    assert "; its 0 is 00000" in data.note


def test_other_rows_tell_what_numbers_mean(laid: Laid) -> None:
    data = read(signs(laid, test=("7", "8", "9"), train=True))
    assert labels(data)["Test/00002.png"] == "10"
    assert set(data.classes) == set(SIGNS)


def test_labels_that_are_no_folders_are_asked_about(laid: Laid) -> None:
    root = signs(laid, test=("7", "8", "9"))
    with pytest.raises(InputError, match=r"with 7, 8, 9, and folders are called 0, 1, 10; .*"
                       r"--label folder:2 to leave those pictures out"):  # fmt: skip
        read(root)
    assert labels(read(root, label="folder:2")) == {}


def test_two_tables_that_differ_on_a_picture_are_refused(laid: Laid) -> None:
    root = signs(laid)
    lines = (root / "Test.csv").read_text().splitlines()
    (root / "More.csv").write_text(
        "\n".join([lines[0], "1,10,Test/00000.png", "1,0,Test/00001.png"])
    )
    with pytest.raises(InputError, match=r"two labels for Test/00000\.png: 10 and"):
        read(root)

"""Folders and archives of tables of pixels."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from diptych.errors import InputError
from diptych.sources import read
from layouts import reasons, told


def pixels(path: Path, count: int, most: int = 255, labels: bool = True) -> Path:
    """A table of pictures of 4×4, every second one of class 1; `most` is in the first row."""
    rng = np.random.default_rng(count)
    rows = rng.integers(0, most + 1, (count, 16))
    rows[0, 0] = most
    titles = [*(["label"] if labels else []), *(f"pixel{i}" for i in range(16))]
    lines = [",".join(map(str, [*([i % 2] if labels else []), *row])) for i, row in enumerate(rows)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([",".join(titles), *lines]))
    return path


@pytest.mark.parametrize(
    ("train", "test"), [("mnist_train", "mnist_test"), ("x/train", "x/test"), ("Training", "Test")]
)
def test_tables_of_parts_are_one_data_set(tmp_path: Path, train: str, test: str) -> None:
    pixels(tmp_path / f"{train}.csv", 6)
    pixels(tmp_path / f"{test}.csv", 4, most=12)
    data = read(tmp_path)
    assert told(data) == {"train 0": 3, "train 1": 3, "test 0": 2, "test 1": 2}
    # What is white in the training pictures is white in the others.
    assert data.values and data.values.high == 255
    assert len({sample.name for sample in data.samples}) == 10
    alone = read(tmp_path / f"{train}.csv", test=tmp_path / f"{test}.csv")
    assert [s.digest for s in alone.samples] == [s.digest for s in data.samples]


def test_a_table_to_hand_in_is_set_aside(tmp_path: Path) -> None:
    pixels(tmp_path / "train.csv", 6)
    pixels(tmp_path / "test.csv", 4, labels=False)
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n2,0\n")
    data = read(tmp_path)
    assert told(data) == {"train 0": 3, "train 1": 3}
    assert reasons(data) == {"test.csv": "unlabelled", "sample_submission.csv": "not used"}


def test_an_archive_of_several_is_read_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        for name in ("mnist_train.csv", "mnist_test.csv"):
            archive.write(pixels(tmp_path / name, 6), name)
            archive.writestr(f"__MACOSX/._{name}", b"\0\5\26\7")
    data = read(tmp_path / "archive.zip")
    assert told(data) == {"train 0": 3, "train 1": 3, "test 0": 3, "test 1": 3}


def test_names_that_tell_no_parts_are_asked_about(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        pixels(tmp_path / name, 6)
    with pytest.raises(InputError, match=r"2 tables of pixels \(one.csv, two.csv\).* with --test"):
        read(tmp_path)


def test_a_class_of_the_test_alone_is_refused(tmp_path: Path) -> None:
    pixels(tmp_path / "train.csv", 6)
    test = pixels(tmp_path / "test.csv", 4)
    test.write_text(test.read_text().replace("\n0,", "\n7,"))
    with pytest.raises(InputError, match=r"the train part, train.csv, has no class '7'"):
        read(tmp_path)


def test_hidden_files_are_set_aside_as_such(tmp_path: Path) -> None:
    pixels(tmp_path / "train.csv", 6)
    pixels(tmp_path / "test.csv", 4)
    for name in (".DS_Store", "__MACOSX/._train.csv", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert reasons(read(tmp_path)) == {
        ".DS_Store": "hidden file", "__MACOSX/._train.csv": "hidden folder", "notes.md": "not used",
    }  # fmt: skip

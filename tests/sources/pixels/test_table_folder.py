"""Folders and archives of tables of pixels."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from archives import write_tar, write_zip
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


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("within", ["", "data/"])
def test_every_member_beside_a_lone_table_is_accounted_for(
    tmp_path: Path, ending: str, within: str
) -> None:
    table = pixels(tmp_path / "digits.csv", 6).read_bytes()
    for beside in ((), ("readme.txt",), ("README.md", "sample_submission.csv")):
        hidden = "._digits.csv", "__MACOSX/._x"
        files = {f"{within}digits.csv": table, **dict.fromkeys((*hidden, *beside), b"x,y\n1,2\n")}
        path = tmp_path / f"a.{ending}"
        data = read(write_zip(path, files) if ending == "zip" else write_tar(path, files, "w"))
        assert told(data) == {"0": 3, "1": 3}
        aside = {"._digits.csv": "hidden file", "__MACOSX/._x": "hidden folder"}
        assert reasons(data) == aside | dict.fromkeys(beside, "not used")


def test_zips_of_tables_in_a_folder_tell_what_else_they_hold(tmp_path: Path) -> None:
    for part in ("train", "test"):
        files = {f"{part}.csv": pixels(tmp_path / "x.csv", 6).read_bytes(), "LICENSE": b"x"}
        write_zip(tmp_path / f"{part}.csv.zip", files)
    (tmp_path / "x.csv").unlink()
    data = read(tmp_path)
    assert told(data) == {"train 0": 3, "train 1": 3, "test 0": 3, "test 1": 3}
    assert reasons(data) == dict.fromkeys(
        ("train.csv.zip/LICENSE", "test.csv.zip/LICENSE"), "not used"
    )


def test_the_same_table_in_two_folders_is_one(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for folder in ("", f"{part}/"):
            pixels(tmp_path / f"{folder}sign_{part}.csv", 6 if part == "train" else 4)
    (tmp_path / "chart.png").write_bytes(b"x")
    data = read(tmp_path)
    assert told(data) == {"train 0": 3, "train 1": 3, "test 0": 2, "test 1": 2}
    assert reasons(data) == dict.fromkeys(
        ("train/sign_train.csv", "test/sign_test.csv", "chart.png"), "not used"
    )
    pixels(tmp_path / "train" / "sign_train.csv", 8)
    with pytest.raises(InputError, match="3 tables of pixels"):
        read(tmp_path)


def test_a_table_without_labels_needs_no_folds(tmp_path: Path) -> None:
    train = pixels(tmp_path / "train.csv", 6)
    head, *lines = train.read_text().splitlines()
    rows = [f"{head},fold", *(f"{line},{i % 3}" for i, line in enumerate(lines))]
    train.write_text("\n".join(rows))
    pixels(tmp_path / "test.csv", 4, labels=False)
    data = read(tmp_path, fold=1)
    assert told(data) == {"train 0": 2, "train 1": 2, "test 0": 1, "test 1": 1}
    assert reasons(data) == {"test.csv": "unlabelled"}


def test_tables_of_emnist_are_said_to_be_mirrored(tmp_path: Path) -> None:
    assert "all are mirrored" in read(pixels(tmp_path / "emnist-letters-train.csv", 6)).note
    assert "mirrored" not in read(pixels(tmp_path / "letters-train.csv", 6)).note


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

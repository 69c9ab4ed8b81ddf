"""Files that may have the labels and cannot be used are named where there are no classes."""

import json
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read


def pictures(root: Path, folder: str = "images") -> Path:
    for i in range(4):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / f"{i}.jpg").touch()
    return root


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("labels.xlsx", "PK", r"labels\.xlsx is a workbook; save the sheet of labels as CSV"),
        ("names.ods", "PK", r"names\.ods is a workbook; save the sheet"),
        ("imagelabels.mat", "MATLAB", r"imagelabels\.mat is a file of MATLAB, .* as CSV"),
        ("labels.pkl", "x", r"labels\.pkl is a pickle, .* save files and labels as CSV"),
        ("labels.txt", "a\nb\na\nb\n", r"labels\.txt has 4 labels and names no files; write"),
        ("labels.csv", "f,l\n8.jpg,a\n9.jpg,b\n", r"names no file that is there: '8\.jpg'"),
        ("labels.csv", "f,l\n0.jpg,a\0\n", r"labels\.csv cannot be used: not text"),
        ("labels.json", '{"0.jpg"', r"labels\.json cannot be used: is no JSON"),
        (
            "_annotations.coco.json",
            json.dumps({"images": [], "annotations": [{"bbox": [1, 1, 2, 2]}]}),
            "says where objects lie on pictures",
        ),
    ],
)
def test_a_file_that_may_have_labels_is_named(
    name: str, content: str, message: str, tmp_path: Path
) -> None:
    (pictures(tmp_path) / name).write_text(content)
    with pytest.raises(InputError, match=f"all pictures lie in images, and .*{message}"):
        read(tmp_path)
    assert read(tmp_path, label="folder:1").classes == ("images",)


def test_it_is_named_where_pictures_lie_in_no_folder(tmp_path: Path) -> None:
    (pictures(tmp_path, ".") / "labels.xlsx").write_text("PK")
    with pytest.raises(InputError, match=r"in no class folder, and labels\.xlsx is a workbook"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["model.h5", "classes.txt", "classifier.pkl", "README.txt"])
def test_other_files_are_none_of_labels(name: str, tmp_path: Path) -> None:
    (pictures(tmp_path) / name).write_text("cat\ndog\n")
    assert read(tmp_path).classes == ("images",)


@pytest.mark.parametrize("name", ["a.rar", "a.zip.001", "a.z01", "a.7z", "a.part1.rar"])
def test_an_archive_that_is_not_read_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"Rar!")
    with pytest.raises(InputError, match=f"{name} is .* archive .*unpack it"):
        read(tmp_path)


def test_classes_in_folders_need_no_other_file(tmp_path: Path) -> None:
    (pictures(pictures(tmp_path, "a"), "b") / "labels.xlsx").write_text("PK")
    assert read(tmp_path).classes == ("a", "b")


def test_a_table_with_a_column_of_labels_is_one_whatever_it_is_called(tmp_path: Path) -> None:
    (pictures(tmp_path) / "train.csv").write_text("index,class\n11,a\n12,b\n13,a\n")
    with pytest.raises(InputError, match=r"all pictures lie in images, and train\.csv names no fi"):
        read(tmp_path)


def test_parts_that_a_table_contradicts_are_told(tmp_path: Path) -> None:
    for part in ("train", "test"):
        pictures(tmp_path / part, ".")
    for i in range(4):
        (tmp_path / "test" / f"{i}.jpg").rename(tmp_path / "test" / f"{i + 4}.jpg")
    rows = [f"{i}.jpg,{'ab'[i % 2]},{'test' if i < 4 else 'train'}" for i in range(8)]
    (tmp_path / "l.csv").write_text("\n".join(["path,label,split", *rows]))
    with pytest.raises(InputError, match=r"in no class folder, and l\.csv says no labels of them"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"train/0\.jpg is in the train part, which the row contr"):
        read(tmp_path / "l.csv")

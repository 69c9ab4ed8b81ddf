"""Which file a name means."""

import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]


def one(laid: Laid, files: list[str], name: str) -> str:
    """The file that a name means among these, "" where it means none."""
    root = laid([*files, "sure.jpg"], {"l.csv": ["file,label", f"{name},a", "sure.jpg,b"]})
    data = read(root / "l.csv")
    return next((str(s.path)[len(str(root)) + 1 :] for s in data.samples if s.label == "a"), "")


@pytest.mark.parametrize(
    "name",
    [
        "/content/drive/MyDrive/set/data/cat/1.jpg",
        r"C:\Users\me\data\cat\1.jpg",
        r".\data\cat\1.jpg",
        "./data/cat/1.JPG",
        "data/CAT/1",
        "cat/1.png",
        "https://host/bucket/data/cat/1.jpg?size=2",
        "data/%63at/1.jpg",
    ],
)
def test_the_longest_ending_of_a_path_that_agrees_is_meant(laid: Laid, name: str) -> None:
    assert one(laid, ["data/cat/1.jpg", "data/dog/1.jpg"], name) == "data/cat/1.jpg"


def test_letters_are_the_same_however_they_are_written(laid: Laid) -> None:
    name = unicodedata.normalize("NFD", "bilder/käse 1.jpg")
    assert one(laid, ["Bilder/Käse 1.JPG"], name) == "Bilder/Käse 1.JPG"
    assert one(laid, ["x/A.jpg", "y/a.jpg"], "a.jpg") == "y/a.jpg", "as it is written goes first"


def test_annotations_of_the_same_name_are_no_pictures(laid: Laid) -> None:
    assert one(laid, ["a/1.jpg", "a/1.xml", "b/1.txt", ".cache/1.jpg"], "1") == "a/1.jpg"
    assert one(laid, ["a/7.jpg", "a/7.png"], "7") == ""


def test_dots_in_a_name_are_no_ending(laid: Laid) -> None:
    assert one(laid, ["a/scan.jpg", "a/scan.1.jpg"], "scan.1") == "a/scan.1.jpg"
    assert one(laid, ["a/scan.jpg"], "scan.2") == ""


def test_ids_that_pandas_wrote_as_amounts_are_ids(laid: Laid) -> None:
    assert one(laid, ["a/12.jpg"], "12.0") == "a/12.jpg"


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (["test/7.jpg"], "train/7.jpg"),
        (["test_images/7.jpg"], "data/train_images/7.jpg"),
        (["val/cat/7.jpg"], "train/cat/7.jpg"),
        (["dog/20.jpg", "cat/1.jpg"], "cat/20.jpg"),
        (["20.jpg", "cat/1.jpg"], "cat/20.jpg"),
    ],
)
def test_a_file_in_another_part_or_folder_is_not_meant(
    laid: Laid, files: list[str], name: str
) -> None:
    assert one(laid, files, name) == ""


def test_a_class_folder_that_other_names_have_is_another(laid: Laid) -> None:
    rows = ["f,label", *(f"a/{i}.jpg,x" for i in range(9)), *(f"b/{i}.jpg,y" for i in range(9))]
    data = read(laid([f"b/{i}.jpg" for i in range(9)], {"l.csv": rows}) / "l.csv")
    assert {sample.label for sample in data.samples} == {"y"}
    assert len(data.strays) == 9
    assert "b/0.jpg is in the folder b" in data.strays[0].detail


def test_bare_names_are_of_the_folder_that_is_called_as_their_label(laid: Laid) -> None:
    files = [f"pics/{c}/{i}.jpg" for c in ("cat", "dog") for i in range(9)]
    rows = ["f,label", *(f"{i}.jpg,{c}" for i in range(9) for c in ("cat", "dog"))]
    data = read(laid(files, {"l.csv": rows}) / "l.csv")
    assert all(f"/{s.label}/" in str(s.path) for s in data.samples)
    assert len(data) == 18
    root = laid([], {})
    (root / "pics/cat/4.jpg").unlink()
    [stray] = read(root / "l.csv").strays
    assert "pics/dog/4.jpg is in the folder dog" in stray.detail


def test_two_folders_of_names_are_not_one_folder_of_files(laid: Laid) -> None:
    files = [f"images/{i}.jpg" for i in range(18)]
    rows = ["f,label", *(f"{'ab'[i % 2]}/{i}.jpg,{i % 2}" for i in range(18))]
    assert len(read(laid(files, {"l.csv": rows}) / "l.csv")) == 18
    rows += ["a/1.jpg,0"]
    data = read(laid(files, {"l.csv": rows}) / "l.csv")
    assert [stray.reason for stray in data.strays] == ["missing", "missing"]
    assert "by another folder than other rows do" in data.strays[0].detail


def halves(*there: tuple[str, range]) -> list[str]:
    return [f"{part}/{i}.png" for part, numbers in there for i in numbers]


NUMBERS = ["id,label", *(f"{i},{'ab'[i % 2]}" for i in range(20))]


def test_the_name_of_a_table_says_of_which_part_it_is(laid: Laid) -> None:
    root = laid(halves(("train", range(12)), ("test", range(20))), {"trainLabels.csv": NUMBERS})
    data = read(root / "trainLabels.csv")
    assert {Path(str(s.path)).parent.name for s in data.samples} == {"train"}
    assert len(data) == 12
    with pytest.raises(InputError, match=r"one name, and nothing says of which part it is"):
        read((root / "trainLabels.csv").rename(root / "labels.csv"))


def test_the_part_in_which_all_names_are_is_meant(laid: Laid) -> None:
    root = laid(halves(("train", range(20)), ("test", range(9))), {"labels.csv": NUMBERS})
    data = read(root / "labels.csv")
    assert {Path(str(s.path)).parent.name for s in data.samples} == {"train"}


def test_parts_that_folders_are_called_after_are_kept(laid: Laid) -> None:
    root = laid(halves(("train", range(14)), ("test", range(14, 20))), {"labels.csv": NUMBERS})
    data = read(root / "labels.csv")
    assert {s.path.parent.name: s.part for s in data.samples if isinstance(s.path, Path)} == {
        "train": "train",
        "test": "test",
    }
    assert "parts as the folders are called" in data.note


def test_names_of_this_machine_are_as_they_are(laid: Laid, tmp_path: Path) -> None:
    root = laid(["a.jpg", "b.jpg"], {})
    rows = ["f,label", f"{root}/a.jpg,x", f"file://{root}/b.jpg,y"]
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "l.csv").write_text("\n".join(rows))
    assert [s.path for s in read(tmp_path / "far" / "l.csv").samples] == [
        root / "a.jpg",
        root / "b.jpg",
    ]


@pytest.mark.parametrize("by", ["absolute", "relative"])
def test_a_table_in_an_archive_names_no_file_of_this_machine(tmp_path: Path, by: str) -> None:
    (tmp_path / "secret.png").touch()
    name = str(tmp_path / "secret.png") if by == "absolute" else "../secret.png"
    (tmp_path / "in").mkdir()
    archive = tmp_path / "in/set.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for i in range(4):
            file.writestr(f"images/{i}.png", b"")
        rows = [f"images/{i}.png,{'ab'[i % 2]}" for i in range(4)]
        file.writestr("train.csv", "\n".join(["file,label", *rows, f"{name},a"]))
    data = read(archive)
    assert len(data) == 4
    assert [(s.name, s.reason) for s in data.strays if s.reason == "missing"] == [(name, "missing")]


@pytest.mark.parametrize(
    ("files", "name", "meant"),
    [
        (["a.JPG", "a.CR2"], "a", "a.JPG"),
        (["a.jpg", "a.mp4"], "a", "a.jpg"),
        (["images/a.png", "masks/a.png"], "a", "images/a.png"),
        (["images/a.png", "gt/a.png"], "a.png", "images/a.png"),
        (["images/a.png", "masks/a.png"], "masks/a.png", "masks/a.png"),
        (["a.jpg", "a.png"], "a", ""),
        (["x/a.jpg", "y/a.jpg"], "a.jpg", ""),
    ],
)
def test_of_files_of_one_name_the_only_picture_is_meant(
    laid: Laid, files: list[str], name: str, meant: str
) -> None:
    assert one(laid, files, name) == meant


def test_files_that_are_passed_over_are_told(laid: Laid) -> None:
    files = [f"{folder}/{i}.png" for folder in ("images", "masks") for i in range(4)]
    lines = ["id,label", *(f"{i},{'ab'[i % 2]}" for i in range(4))]
    note = read(laid(files, {"l.csv": lines}) / "l.csv").note
    assert "4 names are those of several files: images/0.png is taken, masks/0.png is not" in note


def test_a_folder_that_may_be_one_of_two_is_refused(laid: Laid) -> None:
    """Files that lie in one of them alone are no surer than those that lie in both."""
    files = [*(f"a/x/{i}.png" for i in range(5)), *(f"b/x/{i}.png" for i in range(10))]
    rows = [f"cat/x/{i}.png,{'pq'[i % 2]}" for i in range(10)]
    with pytest.raises(InputError, match=r"cat/x may mean a/x or b/x: .* and b/x/5\.png in one"):
        read(laid(files, {"l.csv": ["image,label", *rows]}) / "l.csv")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("train/images/0.jpg", "train/0.jpg"),
        ("train/train/0.jpg", "E:\\x\\train\\0.jpg"),
        ("train/0.jpg", "train/train/0.jpg"),
    ],
)
def test_a_folder_may_hold_another_or_itself(laid: Laid, file: str, name: str) -> None:
    other = file.replace("0.jpg", "1.jpg")
    rows = ["file,label", f"{name},a", f"{name.replace('0.jpg', '1.jpg')},b"]
    assert len(read(laid([file, other], {"l.csv": rows}) / "l.csv").samples) == 2

import bz2
import gzip
from pathlib import Path

import polars as pl
import pytest

from archives import pictures, write_tar, write_zip
from diptych.errors import ImageError, InputError
from diptych.images.preprocess import decode
from diptych.sources import read
from diptych.sources.inputs import input_pictures

SHAPE = (24, 24, 3)


def labels(path: Path) -> list[tuple[str, str]]:
    return [(s.name, s.label) for s in read(path).samples]


def test_archives_in_a_folder_are_folders_of_their_names(tmp_path: Path) -> None:
    write_zip(tmp_path / "cats.zip", pictures("1.png", "2.png"))
    write_tar(tmp_path / "dogs.tar.gz", pictures("1.png"), "w:gz")
    data = read(tmp_path)
    assert [(s.name, s.label) for s in data.samples] == [
        ("cats/1.png", "cats"), ("cats/2.png", "cats"), ("dogs/1.png", "dogs"),
    ]  # fmt: skip
    assert data.note.endswith("2 archives, read as folders of their names")


def test_archives_of_parts_are_parts(tmp_path: Path) -> None:
    for name in ("train", "test"):
        write_zip(tmp_path / f"{name}.zip", pictures("cat/1.png", "dog/2.png"))
    data = read(tmp_path)
    assert (data.classes, data.parts()) == (("cat", "dog"), ("train", "test"))


def test_numbered_pieces_are_one_archive(tmp_path: Path) -> None:
    write_zip(tmp_path / "photos-001.zip", pictures("photos/cat/1.png", "photos/dog/1.png"))
    again = pictures("photos/cat/1.png", "photos/cat/2.png")
    write_zip(tmp_path / "photos-002.zip", again)
    data = read(tmp_path)
    assert [(s.name, s.label) for s in data.samples] == [
        ("cat/1.png", "cat"), ("cat/2.png", "cat"), ("dog/1.png", "dog"),
    ]  # fmt: skip
    assert [s.reason for s in data.strays] == ["named twice"]
    assert data.note.endswith("2 archives, read as pieces of one")


@pytest.mark.parametrize(
    "names",
    [
        ["cat-20240101T000000Z-001", "dog-20240101T000000Z-001"],
        ["cat-20240101T000000Z-001", "cat-20240101T000000Z-002", "dog-20240102T000000Z-001"],
        ["cat-001", "cat-002", "dog-001"],
        ["cat (1)", "dog"],
    ],
)
def test_classes_are_called_without_what_a_download_adds(names: list[str], tmp_path: Path) -> None:
    for name in names:
        write_zip(tmp_path / f"{name}.zip", pictures(f"{name}.png"))
    data = read(tmp_path)
    labels = [(s.name.rpartition("/")[2][:3], s.label) for s in data.samples]
    assert labels == [(name[:3], name[:3]) for name in sorted(names)]
    assert f"folders of their names ({names[0]} as cat)" in data.note


def test_numbered_archives_without_folders_may_be_either(tmp_path: Path) -> None:
    for i in range(2):
        write_zip(tmp_path / f"set-{i}.zip", pictures("1.png", "2.png"))
    with pytest.raises(InputError, match="they may be classes or pieces of one; unpack each"):
        read(tmp_path)


def test_a_table_beside_an_archive_names_files_in_it(tmp_path: Path) -> None:
    write_zip(tmp_path / "images.zip", pictures("1.png", "2.png"))
    (tmp_path / "labels.csv").write_text("file,label\n1.png,cat\n2.png,dog\n")
    assert labels(tmp_path) == [("1.png", "cat"), ("2.png", "dog")]


def test_an_archive_beside_pictures_is_a_stray(tmp_path: Path) -> None:
    for name, content in pictures("cat/1.png", "dog/2.png").items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(content)
    write_zip(tmp_path / "backup.zip", pictures("owl/1.png"))
    data = read(tmp_path)
    assert data.classes == ("cat", "dog")
    assert [(s.name, s.reason) for s in data.strays] == [("backup.zip", "no class")]


def test_archives_in_an_archive_are_named(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "train.zip", pictures("cat/1.png")).read_bytes()
    path = write_zip(tmp_path / "a.zip", {"train.zip": inner, "sample.csv": b"id,label\n"})
    with pytest.raises(InputError, match=r"it holds archives \(train.zip\); unpack it"):
        read(path)


def test_archives_in_archives_of_a_folder_are_named(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", pictures("cat/1.png")).read_bytes()
    write_zip(tmp_path / "in" / "a.zip", {"train.zip": inner})
    with pytest.raises(InputError, match=r"a\.zip/train\.zip: it lies in an archive; unpack that"):
        read(tmp_path / "in")


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (("a/cat/1.png", "a/dog/2.png"), ("cat", "dog")),
        (("a/b/cat/1.png", "a/b/dog/2.png", "__MACOSX/a/._b"), ("cat", "dog")),
        (("a/train/cat/1.png", "a/train/dog/2.png"), ("cat", "dog")),
        (("train/cat/1.png", "train/dog/2.png"), ("cat", "dog")),
        (("cat/x/1.png", "dog/x/2.png"), ("cat", "dog")),
        (("cat/1.png",), ("cat",)),
        (("README.md", "LICENSE", "a/cat/1.png", "a/dog/2.png"), ("cat", "dog")),
    ],
)
def test_the_folder_that_holds_everything_is_no_class(
    tmp_path: Path, names: tuple[str, ...], classes: tuple[str, ...]
) -> None:
    assert read(write_zip(tmp_path / "x.zip", pictures(*names))).classes == classes


def test_nothing_to_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.zip: there is no file in it"):
        read(write_zip(tmp_path / "x.zip", {}))
    with pytest.raises(InputError, match="it has 2 tables in it"):
        read(write_tar(tmp_path / "x.tar", {"a.csv": b"x", "b.csv": b"x"}))


def test_an_archive_stands_for_its_pictures_to_answer_for(tmp_path: Path) -> None:
    files = pictures("photos/a.png", "photos/b.png", "__MACOSX/._a.png")
    path = write_zip(tmp_path / "x.zip", files)
    named = list(input_pictures(str(path), SHAPE))
    assert [p.name for p in named] == [f"{path}/photos/a.png", f"{path}/photos/b.png"]
    assert (named[0].pixels(SHAPE) == decode(files["photos/a.png"], SHAPE).pixels).all()


def test_parquet_stands_for_its_pictures_with_labels_or_without(tmp_path: Path) -> None:
    files = pictures("a.png", "b.png")
    pl.DataFrame({"image": [*files.values()]}).write_parquet(tmp_path / "x.parquet")
    named = list(input_pictures(str(tmp_path / "x.parquet"), SHAPE))
    assert [p.name for p in named] == [f"{tmp_path}/x.parquet/0", f"{tmp_path}/x.parquet/1"]
    assert [p.encoded() for p in named] == [*files.values()]


def test_words_about_the_pictures_of_an_archive_are_no_table(tmp_path: Path) -> None:
    files = pictures("1.png")
    path = write_zip(tmp_path / "x.zip", {**files, "readme.txt": b"hi", "t.csv": b"a,b"})
    named = list(input_pictures(str(path), SHAPE))
    assert [p.name.rpartition("/")[2] for p in named] == ["1.png", "readme.txt", "t.csv"]
    assert named[0].encoded() == files["1.png"]


def test_a_damaged_archive_has_an_answer_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no zip")
    (picture,) = input_pictures(str(tmp_path / "x.zip"), SHAPE)
    assert isinstance(picture.content, ImageError)
    assert "no zip archive, or damaged" in str(picture.content)


def test_a_zip_of_one_table_is_still_the_table(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "train.csv.zip", {"train.csv": b"1,2,3,4,5,6,7,8,9\n"})
    (picture,) = input_pictures(str(path), SHAPE)
    assert picture.content == path


def test_a_folder_of_a_part_is_one_in_an_archive_as_outside(tmp_path: Path) -> None:
    write_zip(tmp_path / "a.zip", pictures("train_images/cat/1.png", "train_images/dog/2.png"))
    data = read(tmp_path / "a.zip")
    assert (data.classes, data.parts()) == (("cat", "dog"), ("train",))


@pytest.mark.parametrize("names", [("imgs-1", "imgs-2"), ("imgs (1)", "imgs")])
def test_other_pictures_under_the_same_names_are_kept(names: list[str], tmp_path: Path) -> None:
    both = pictures("cat/1.png", "dog/1.png", "cat/2.png", "dog/2.png")
    cat, dog, other_cat, other_dog = both.values()
    write_zip(tmp_path / f"{names[0]}.zip", {"cat/1.png": cat, "dog/1.png": dog, "cat/2.png": cat})
    write_zip(
        tmp_path / f"{names[1]}.zip",
        {"cat/1.png": other_cat, "dog/1.png": other_dog, "cat/2.png": cat},
    )
    data = read(tmp_path)
    assert {(s.name, s.label) for s in data.samples} == {
        ("cat/1.png", "cat"), ("cat/2.png", "cat"), ("dog/1.png", "dog"),
        (f"cat/1 ({names[1]}).png", "cat"), (f"dog/1 ({names[1]}).png", "dog"),
    }  # fmt: skip
    assert [s.reason for s in data.strays] == ["named twice"]


def test_a_name_that_a_table_may_mean_stays_that_of_one_picture(tmp_path: Path) -> None:
    table = {"labels.csv": b"file,label\n1.png,cat\n2.png,dog\n"}
    write_zip(tmp_path / "imgs-1.zip", {**pictures("1.png", "2.png"), **table})
    write_zip(tmp_path / "imgs-2.zip", {"1.png": b"another"})
    data = read(tmp_path)
    assert [s.name for s in data.samples] == ["1.png", "2.png"]
    assert {s.reason for s in data.strays} == {"table", "named twice"}


def test_what_is_called_or_packed_otherwise_is_said(tmp_path: Path) -> None:
    text = b"file,label\n1.jpg,a\n"
    (tmp_path / "x.csv.bz2").write_bytes(bz2.compress(text))
    (tmp_path / "g.csv").write_bytes(gzip.compress(text))
    write_tar(tmp_path / "t.zip", pictures("cat/1.png"), "w:gz")
    write_zip(tmp_path / "p.zip", {"d/a.parquet": b"PAR1"})
    for name, said in (
        ("x.csv.bz2", r"a table may be packed as \.gz, \.zst, \.zip; unpack this one"),
        ("g.csv", r"it is packed by gzip; call it g\.csv\.gz"),
        ("t.zip", "it is a tar, and called a zip"),
        ("p.zip", r"it holds Parquet files \(d/a\.parquet\); unpack it"),
    ):
        with pytest.raises(InputError, match=said):
            read(tmp_path / name)

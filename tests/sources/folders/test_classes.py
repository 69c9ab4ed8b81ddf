import hashlib
import os
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import picture
from diptych.data.dataset import classes_hash
from diptych.data.splitting import split
from diptych.errors import InputError
from diptych.sources import is_table, read


def put(root: Path, *names: str) -> Path:
    for i, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        picture(i, 24).save(root / name, "PNG")
    return root


def test_classes_are_the_folders_sorted(folder_of: Callable[..., Path]) -> None:
    data = read(folder_of(2))
    assert data.classes == ("blue", "red")
    assert data.counts() == {"blue": 2, "red": 2}


def test_pictures_may_lie_deeper_than_their_class(tmp_path: Path) -> None:
    data = read(put(tmp_path, "cat/a.png", "cat/2024/may/b.png", "dog/c.png"))
    assert [(s.name, s.label) for s in data.samples] == [
        ("cat/2024/may/b.png", "cat"),
        ("cat/a.png", "cat"),
        ("dog/c.png", "dog"),
    ]


def test_a_split_that_is_there_is_kept(tmp_path: Path) -> None:
    names = [f"{part}/{c}/1.png" for part in ("train", "val", "test") for c in ("cat", "dog")]
    data = read(put(tmp_path, *names))
    assert data.classes == ("cat", "dog")
    assert {s.name: s.part for s in data.samples}["val/dog/1.png"] == "valid"


def test_parts_have_the_names_in_folders_that_they_have_in_tables(tmp_path: Path) -> None:
    for name in (
        f"{part}/{label}/1.jpg" for part in ("Training", "Testing") for label in ("cat", "dog")
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    data = read(tmp_path)
    assert data.classes == ("cat", "dog")
    assert {sample.name.split("/")[0]: sample.part for sample in data.samples} == {
        "Training": "train",
        "Testing": "test",
    }


def test_parts_with_other_classes_are_refused_with_the_difference(tmp_path: Path) -> None:
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/1.png")
    put(tmp_path, "train/emu/1.png", "test/fox/1.png")
    differences = "test has no picture of dog, emu; train has no picture of fox"
    with pytest.raises(InputError, match=f"{tmp_path}: the classes .* differ: {differences}"):
        read(tmp_path)


def test_an_empty_class_or_part_is_noticed(tmp_path: Path) -> None:
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/1.png")
    (tmp_path / "test" / "dog").mkdir()
    with pytest.raises(InputError, match="test has no picture of dog"):
        read(tmp_path)
    put(tmp_path, "test/dog/1.png")
    (tmp_path / "val").mkdir()
    with pytest.raises(InputError, match="val has no picture of cat, dog"):
        read(tmp_path)


def test_a_part_without_labels_is_set_aside_file_by_file(tmp_path: Path) -> None:
    data = read(put(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/1.png", "test/2.png"))
    assert [(stray.name, stray.reason) for stray in data.strays] == [
        ("test/1.png", "unlabelled"),
        ("test/2.png", "unlabelled"),
    ]
    assert {sample.part for sample in data.samples} == {"train"}


def test_a_folder_of_a_program_is_no_class_of_a_part_without_labels(tmp_path: Path) -> None:
    put(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/1.png")
    put(tmp_path, "test/.ipynb_checkpoints/2.png")
    data = read(tmp_path)
    assert len(data) == 2
    assert {stray.name: stray.reason for stray in data.strays} == {
        "test/1.png": "unlabelled",
        "test/.ipynb_checkpoints/2.png": "hidden folder",
    }


def test_parts_without_train_are_no_classes(tmp_path: Path) -> None:
    names = [f"{part}/{label}/1.png" for part in ("test", "val") for label in ("cat", "dog")]
    data = read(put(tmp_path, *names))
    assert data.classes == ("cat", "dog")
    with pytest.raises(InputError, match="has valid and test, and no train part"):
        split(data)


def test_a_test_part_alone_is_scored_and_not_trained_on(tmp_path: Path) -> None:
    data = read(put(tmp_path, "test/cat/1.png", "test/dog/1.png"))
    assert data.classes == ("cat", "dog")
    with pytest.raises(InputError, match="has test, and no train part"):
        split(data)


def test_a_shape_is_not_said_of_files(tmp_path: Path) -> None:
    root = put(tmp_path, "cat/1.png", "dog/1.png")
    with pytest.raises(InputError, match="no use for --shape; leave it out"):
        read(root, shape="24x24")
    with pytest.raises(InputError, match="no use for --range; leave it out"):
        read(root, value_range="0-255")


def test_links_are_followed_and_never_in_circles(tmp_path: Path) -> None:
    put(tmp_path / "far", "1.png", "deep/2.png")
    put(tmp_path / "data", "dog/1.png")
    (tmp_path / "data" / "cat").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "back").symlink_to(tmp_path / "data")
    data = read(tmp_path / "data")
    names = [sample.name for sample in data.samples]
    assert names == ["cat/1.png", "cat/deep/2.png", "dog/1.png"]
    assert [(stray.name, stray.reason) for stray in data.strays] == [("cat/back", "link")]


def test_no_class_takes_the_pictures_of_another(tmp_path: Path) -> None:
    put(tmp_path, "cat/1.png", "dog/2.png", "dog/3.png")
    (tmp_path / "cat" / "more").symlink_to(tmp_path / "dog")
    (tmp_path / "ape").symlink_to(tmp_path / "dog")
    data = read(tmp_path)
    assert data.counts() == {"ape": 0, "cat": 1, "dog": 2}
    assert {stray.name: stray.reason for stray in data.strays} == {
        "ape": "link",
        "cat/more": "link",
    }


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    data = read(put(tmp_path, "train/1.png", "bus/1.png"))
    assert data.classes == ("bus", "train")


def test_files_outside_of_classes_are_named_not_skipped(tmp_path: Path) -> None:
    put(tmp_path, "cat/a.png", "dog/b.png", "notes.png", ".thumbs/c.png", "cat/.d.png")
    data = read(tmp_path)
    assert {stray.name: stray.reason for stray in data.strays} == {
        "notes.png": "no class",
        ".thumbs/c.png": "hidden folder",
        "cat/.d.png": "hidden file",
    }


def test_nothing_to_read_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        read(tmp_path / "absent")
    with pytest.raises(InputError, match="no file in it"):
        read(tmp_path)
    (tmp_path / "file.doc").write_text("x")
    with pytest.raises(InputError, match="not a folder"):
        read(tmp_path / "file.doc")


def test_the_order_of_classes_is_locked_by_a_hash() -> None:
    assert classes_hash(["a", "b"]) != classes_hash(["b", "a"])
    assert classes_hash(["ab", "c"]) != classes_hash(["a", "bc"])


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
def test_a_class_may_have_a_name_that_is_no_text(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    data = read(put(tmp_path, f"{odd}/1.png", "tea/1.png"))
    assert data.classes == (odd, "tea")
    assert data.fingerprint() != data.with_samples(data.samples[:1]).fingerprint()
    assert classes_hash(data.classes) == hashlib.sha256(b"caf\xe9\0tea").hexdigest()


def test_what_a_mac_puts_into_archives_is_no_class(folder_of: Callable[..., Path]) -> None:
    root = folder_of(2)
    (root / "__MACOSX" / "red").mkdir(parents=True)
    (root / "__MACOSX" / "red" / "._red000.png").write_bytes(b"x")
    data = read(root)
    assert data.classes == ("blue", "red")
    assert [stray.reason for stray in data.strays] == ["hidden folder"]


def test_a_pipe_is_no_table(tmp_path: Path) -> None:
    pipe = tmp_path / "f.csv"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"f\.csv: cannot be read: a pipe or device; save what"):
        read(pipe)
    with pytest.raises(InputError, match=r"f\.csv: cannot be read: a pipe or device"):
        read(put(tmp_path / "data", "cat/1.png", "dog/1.png"), test=pipe)


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.zip", "x.gz"])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "BMP", "PPM", "TIFF", "WEBP", "AVIF"])
def test_the_content_decides_what_is_a_table(tmp_path: Path, name: str, format: str) -> None:
    picture(1).save(tmp_path / name, format)
    assert not is_table(tmp_path / name)


@pytest.mark.parametrize("text", ["BM,P1\n", "P1,P2,P3\n1,2,3\n", "P5 x,y\n", "\n", "GIF,a\n", ""])
def test_a_table_that_begins_as_a_picture_might_is_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    assert is_table(tmp_path / "x.csv")
    assert is_table(tmp_path / "absent.csv")


def test_a_class_has_one_name_however_its_letters_are_written(tmp_path: Path) -> None:
    for spelling in ("NFC", "NFD"):
        folder = tmp_path / spelling / unicodedata.normalize(spelling, "Kätzchen")
        folder.mkdir(parents=True)
        (folder / "1.png").touch()
        (tmp_path / spelling / "Hund").mkdir()
        (tmp_path / spelling / "Hund" / "2.png").touch()
    one, two = (read(tmp_path / spelling) for spelling in ("NFC", "NFD"))
    assert one.classes == two.classes == ("Hund", "Kätzchen")
    assert [s.label for s in one.samples] == [s.label for s in two.samples]
    assert all(Path(str(sample.path)).exists() for sample in two.samples)


def test_no_class_may_be_called_as_the_answer_for_outliers(tmp_path: Path) -> None:
    for label in ("none of these", "pizza"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.png").touch()
    with pytest.raises(InputError, match="no class may be called 'none of these'"):
        read(tmp_path)


def test_what_programs_keep_for_themselves_is_no_class(tmp_path: Path) -> None:
    put(tmp_path, "cat/a.png", "dog/b.png")
    folders = [
        *("@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"),
        *("__pycache__", ".thumbnails", "@Recycle", "Lightroom Previews.lrdata", "@__thumb"),
    ]
    put(tmp_path, *(f"{folder}/x.png" for folder in folders), "cat/@eaDir/a.png/thumb.png")
    put(tmp_path, "cat/Thumbs.db", "dog/desktop.ini", "dog/Picasa.ini", "dog/b@SynoEAStream")
    data = read(tmp_path)
    assert data.counts() == {"cat": 1, "dog": 1}
    reasons = {stray.name: stray.reason for stray in data.strays}
    assert {reasons.pop(f"{folder}/x.png") for folder in folders} == {"hidden folder"}
    assert reasons == {
        "cat/@eaDir/a.png/thumb.png": "hidden folder",
        "cat/Thumbs.db": "hidden file",
        "dog/desktop.ini": "hidden file",
        "dog/Picasa.ini": "hidden file",
        "dog/b@SynoEAStream": "hidden file",
    }


def test_masks_beside_pictures_are_set_aside_with_a_word(tmp_path: Path) -> None:
    names = [f"{c}/{i}{end}.png" for c in ("cat", "dog") for i in (1, 2) for end in ("", "_mask")]
    data = read(put(tmp_path, *names))
    assert data.counts() == {"cat": 2, "dog": 2}
    assert {stray.reason for stray in data.strays} == {"mask"}
    assert data.note == (
        "4 masks beside pictures are set aside, such as cat/1_mask.png; "
        "a picture that is none needs another name"
    )

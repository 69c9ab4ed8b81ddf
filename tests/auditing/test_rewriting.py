import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.auditing.rewriting import write_folder, write_manifest
from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.sources import read


def contents(data: Dataset) -> set[tuple[str, str, bytes]]:
    return {(s.label, s.part, s.path.read_bytes()) for s in data.samples}


def test_a_folder_holds_the_same_data_without_taking_space(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    data = read(folder_of(3))
    written = write_folder(data, tmp_path / "out")
    assert written == (6, 0)
    assert contents(read(tmp_path / "out")) == contents(data)
    assert (tmp_path / "out" / "red" / "red000.png").stat().st_nlink == 2
    assert not list(tmp_path.glob(".*"))


def test_files_are_copied_where_there_can_be_no_links(
    folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuses)
    assert write_folder(read(folder_of(2)), tmp_path / "out") == (0, 4)


def test_names_that_meet_in_a_class_are_told_apart_and_parts_and_levels_stay(
    tmp_path: Path,
) -> None:
    root = tmp_path / "photos"
    for name in ("train/a/p1/1.png", "train/b/p1/1.PNG", "test/a/1.png", "test/b/2.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    data = read(root)
    moved = data.with_samples(s._replace(label="a") for s in data.samples)
    write_folder(moved, tmp_path / "out")
    files = {str(f.relative_to(tmp_path / "out")) for f in (tmp_path / "out").rglob("*.*")}
    assert files == {
        "train/a/p1/1.png",
        "train/a/p1/1-2.PNG",
        "test/a/1.png",
        "test/a/2.png",
    }


def test_what_lies_in_an_archive_is_taken_out(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root = folder_of(2)
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for file in root.rglob("*.png"):
            archive.write(file, file.relative_to(root))
    data = read(tmp_path / "photos.zip")
    write_folder(data, tmp_path / "out")
    assert contents(read(tmp_path / "out")) == contents(read(root))
    with pytest.raises(InputError, match="lies in an archive; name a folder"):
        write_manifest(data, tmp_path / "out.csv")


def test_a_table_is_read_again_as_the_same_data(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    data = read(folder_of(3))
    parts = ("train", "valid", "test")
    split = data.with_samples(s._replace(part=parts[i % 3]) for i, s in enumerate(data.samples))
    write_manifest(split, tmp_path / "out.csv")
    assert contents(read(tmp_path / "out.csv")) == contents(split)
    assert "photos/red/red000.png,red,train" in (tmp_path / "out.csv").read_text()
    write_manifest(data, tmp_path / "plain.csv")
    assert contents(read(tmp_path / "plain.csv")) == contents(data)


def test_what_cannot_be_written_is_refused_and_nothing_is_left(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root = folder_of(1)
    data = read(root)
    with pytest.raises(InputError, match="exists; name a new folder"):
        write_folder(data, root)
    slashed = data.with_samples(s._replace(label="a/b") for s in data.samples)
    with pytest.raises(InputError, match="label 'a/b' cannot be the name of a folder"):
        write_folder(slashed, tmp_path / "out")
    with pytest.raises(InputError, match="no picture with a label is left"):
        write_folder(data.with_samples(()), tmp_path / "out")
    assert {file.name for file in tmp_path.iterdir()} == {"photos"}

from pathlib import Path

import pytest

from archives import pictures, write_tar, write_zip
from diptych.sources import read

WORDS = ["w/README.md", "w/LICENSE", "w/notes.txt"]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("archive", ["x.zip", "x.tar"])
def test_a_word_on_a_data_set_may_lie_above_it(archive: str, word: str, tmp_path: Path) -> None:
    path = tmp_path / archive
    write = write_zip if archive == "x.zip" else write_tar
    write(path, {**pictures("w/ds/cat/1.png", "w/ds/dog/1.png"), word: b"of cats and dogs"})
    data = read(path)
    assert [(s.name, s.label) for s in data.samples] == [("cat/1.png", "cat"), ("dog/1.png", "dog")]
    assert data.classes == ("cat", "dog")
    assert [stray.name for stray in data.strays] == [word.removeprefix("w/")]


def test_a_file_outside_that_is_called_as_one_inside_is_a_stray(tmp_path: Path) -> None:
    files = pictures("w/ds/cat/1.png", "w/ds/dog/1.png")
    files |= {"w/README.md": b"outside", "w/ds/README.md": b"inside"}
    write_zip(tmp_path / "x.zip", files)
    assert [s.name for s in read(tmp_path / "x.zip").strays] == ["w/README.md", "README.md"]


def test_several_archives_may_have_such_a_word_each(tmp_path: Path) -> None:
    for name in ("train", "test"):
        files = {**pictures("w/ds/a/1.png", "w/ds/b/2.png"), "w/README.md": b"of one kind"}
        write_zip(tmp_path / f"{name}.zip", files)
    data = read(tmp_path)
    assert [s.name for s in data.samples] == [
        *("test/a/1.png", "test/b/2.png", "train/a/1.png", "train/b/2.png"),
    ]
    assert data.classes == ("a", "b")

from pathlib import Path

import pytest

from diptych.sources import read
from diptych.sources.folders.companions import companions_among
from layouts import laid, told


def reasons(*files: str) -> dict[str, str]:
    return {file: reason for file, (reason, _) in companions_among(files)}


@pytest.mark.parametrize(
    ("file", "detail"),
    [
        ("a.AAE", "notes of a program on a.jpg, such as changes to it"),
        ("a.xmp", "notes of a program on a.jpg, such as changes to it"),
        ("a.jpg.xmp", "notes of a program on a.jpg, such as changes to it"),
        ("other.pp3", "notes of a program on a picture, such as changes to it"),
        ("a.MOV", "the moving part of a.jpg, a Live Photo"),
        ("video.THM", "the small preview of a video"),
        ("a.jpg.json", "notes of a program on a.jpg, such as Google Takeout's"),
        ("a.jpg.supplemental-metadata.json", "notes of a program on a.jpg, such as"),
        ("a.jpg.supplemental-me.json", "notes of a program on a.jpg, such as Google Takeout's"),
        ("b.jpg(1).json", "notes of a program on b(1).jpg, such as Google Takeout's"),
        ("metadata.json", "notes of a program on the pictures of this folder"),
    ],
)
def test_what_programs_lay_beside_pictures_goes_with_them(file: str, detail: str) -> None:
    [(name, (reason, said))] = companions_among(["a.jpg", "b(1).jpg", file])
    assert (name, reason) == (file, "sidecar")
    assert said.startswith(detail)


def test_backups_shortcuts_and_unfinished_downloads_are_told_apart() -> None:
    assert reasons("a.jpg", "a.jpg~", "a.jpg.bak", "c.lnk", "d.jpg.crdownload") == {
        "a.jpg~": "backup",
        "a.jpg.bak": "backup",
        "c.lnk": "link",
        "d.jpg.crdownload": "truncated",
    }


def test_what_may_be_something_else_needs_its_picture() -> None:
    assert not reasons("a.jpg", "b.mov", "b.json", "c~", "c.bak", "metadata_of_cats.json")


def test_companions_are_no_samples(tmp_path: Path) -> None:
    root = laid(tmp_path, "cat/a.HEIC", "cat/a.MOV", "cat/a.AAE", "dog/b.jpg", "dog/b.jpg.json")
    data = read(root)
    assert told(data) == {"cat": 1, "dog": 1}
    assert {stray.reason for stray in data.strays} == {"sidecar"}

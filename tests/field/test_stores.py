from collections.abc import Callable
from pathlib import Path

import pytest

from command import LINEAR, answer_of, diptych
from diptych.auditing import audit
from diptych.sources import read

Field = Callable[[str], Path]


@pytest.mark.parametrize("name", ["photos.zip", "photos.tar.gz", "with_labels.zip"])
def test_an_archive_of_class_folders_is_read_in_place(field: Field, name: str) -> None:
    root = field("41_zip_of_folders")
    archive, folder = audit(read(root / name), size=32), audit(read(root / "photos"), size=32)
    assert archive.dataset.counts() == {"cat": 30, "dog": 30}
    assert {p.digest for p in archive.pictures.values()} == {
        p.digest for p in folder.pictures.values()
    }
    assert sum(f.set_aside for f in archive.findings) == (name == "with_labels.zip")


def test_a_zip_of_a_mac_with_pictures_is_the_pictures(field: Field, tmp_path: Path) -> None:
    import zipfile

    photos = field("41_zip_of_folders") / "photos"
    with zipfile.ZipFile(tmp_path / "mac.zip", "w") as archive:
        for file in sorted(photos.rglob("*.jpg")):
            name = file.relative_to(photos.parent).as_posix()
            archive.write(file, name)
            junk = b"\0\5\26\7\0\2\0\0Mac OS X        " + bytes(80)
            archive.writestr(
                f"__MACOSX/{file.parent.relative_to(photos.parent)}/._{file.name}", junk
            )
    data = read(tmp_path / "mac.zip")
    assert data.counts() == {"cat": 30, "dog": 30}
    assert {stray.reason for stray in data.strays} == {"hidden folder"}


def test_from_an_archive_to_a_bundle_and_its_answers(field: Field, tmp_path: Path) -> None:
    root = field("41_zip_of_folders")
    bundle = tmp_path / "a.bundle"
    made = answer_of("train", root / "photos.tar.gz", "--out", bundle, *LINEAR)
    assert sum(made["parts"].values()) == 60
    scored = answer_of("evaluate", bundle, root / "photos.zip")
    # Every picture that it was made with is known again by its content, and left out.
    assert scored["used"] == made["parts"]["test"]
    lines = diptych("predict", bundle, root / "photos.zip").stdout.splitlines()
    assert len(lines) == 60
    assert f"{root / 'photos.zip'}/photos/cat/0000.jpg" in lines[0]

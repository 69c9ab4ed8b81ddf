from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read
from layouts import each, laid, reasons, told

PETS = ("cat", "dog")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("_deleted", "what was thrown away"),
        ("Recycle Bin", "what was thrown away"),
        ("recycled", "what was thrown away"),
        ("backup", "copies"),
        ("Backup of photos", "copies"),
        ("Thumbnails", "copies"),
        ("to_sort", "what is not sorted yet"),
        ("New folder (2)", "what is not sorted yet"),
        ("images", "what is not sorted yet"),
        ("assets", "figures of a page"),
    ],
)
def test_what_is_hardly_a_class_is_asked_for(tmp_path: Path, name: str, kind: str) -> None:
    root = laid(tmp_path / "flat", *each("{}", (*PETS, name)))
    question = f"is {name} a class, beside cat, dog, or does it hold {kind}? --label folder:1 says"
    with pytest.raises(InputError) as caught:
        read(root)
    assert question in str(caught.value)
    assert told(read(root, label="folder:1")) == {"cat": 3, "dog": 3, name: 3}
    parts = laid(tmp_path / "parts", *each("train/{}", (*PETS, name)), *each("test/{}", PETS))
    with pytest.raises(InputError, match="--label folder:2 says a class; else take it out"):
        read(parts)


@pytest.mark.parametrize("name", ["trash", "Old", "rejected", "docs"])
def test_what_may_well_be_a_class_is_told(tmp_path: Path, name: str) -> None:
    data = read(laid(tmp_path, *each("{}", ("glass", "paper", name))))
    assert told(data) == {"glass": 3, "paper": 3, name: 3}
    assert f"{name} is read as a class; if it holds" in data.note


def test_one_class_beside_leftovers_is_told(tmp_path: Path) -> None:
    data = read(laid(tmp_path, *each("{}", ("recycled", "landfill"))))
    assert data.classes == ("landfill", "recycled")
    assert "recycled is read as a class; if it holds what was thrown away" in data.note


def test_leftovers_in_classes_are_used_with_a_word(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("{}", PETS), "cat/thumbnails/1.png", "dog/_deleted/2.png")
    laid(root, "cat/images/3.png")
    data = read(root)
    assert told(data) == {"cat": 5, "dog": 4}
    assert "2 pictures in cat/thumbnails, dog/_deleted are used, as the others" in data.note


@pytest.mark.parametrize(
    "name", ["node_modules", "README_files", "Photos Library.photoslibrary", ".Trash-1000"]
)
def test_folders_of_programs_are_none_of_the_classes(tmp_path: Path, name: str) -> None:
    data = read(laid(tmp_path, *each("{}", PETS), f"{name}/a/1.png"))
    assert data.classes == PETS
    assert reasons(data) == {f"{name}/a/1.png": "hidden folder"}
    assert "read as a class" not in data.note


@pytest.mark.parametrize("names", [("2021-03-04", "2021-03-05"), ("batch1", "batch2")])
def test_classes_called_as_days_and_batches_are_pointed_out(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    assert f"{', '.join(names)} are read as classes; if they say when" in read(tmp_path).note

"""Archives beside folders of pictures."""

from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]

PETS = ["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"]


@pytest.mark.parametrize("name", ["cow.zip", "cow.rar", "test.7z"])
def test_a_class_or_part_in_an_archive_is_not_left_out(laid: Laid, name: str) -> None:
    root = laid([f"train/{one}" for one in PETS] if name == "test.7z" else PETS, {})
    if name.endswith(".zip"):
        with ZipFile(root / name, "w") as packed:
            packed.writestr("0.png", "x")
    else:
        (root / name).write_bytes(b"x")
    with pytest.raises(InputError, match=f"{name} is an archive beside folders of pictures"):
        read(root)


@pytest.mark.parametrize("name", ["pets.zip", "cat.zip"])
def test_what_lies_unpacked_beside_its_archive_is_read(laid: Laid, name: str) -> None:
    root = laid(PETS, {})
    with ZipFile(root / name, "w") as packed:
        for one in PETS if name == "pets.zip" else ["0.png", "1.png"]:
            packed.writestr(one, "x")
    assert len(read(root)) == 4


def test_an_archive_of_other_things_is_none_of_pictures(laid: Laid) -> None:
    root = laid(PETS, {})
    with ZipFile(root / "code.zip", "w") as packed:
        packed.writestr("code/run.py", "x")
    assert len(read(root)) == 4

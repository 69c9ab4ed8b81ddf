"""A second copy of all folders of pictures."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diptych.sources import read

Laid = Callable[..., Path]


def pets(folder: str) -> Iterator[str]:
    for name in ("cat/a1.png", "cat/a2.png", "dog/b1.png", "dog/b2.png"):
        yield f"{folder}{name}"


@pytest.mark.parametrize(
    ("copy", "of"),
    [
        ("pets/pets/", "pets/"),
        ("pets/", ""),
        ("data/pets/", "pets/"),
        ("pets/", "Pets/"),
    ],
)
def test_a_copy_of_everything_is_set_aside(laid: Laid, copy: str, of: str) -> None:
    data = read(laid([*pets(of), *pets(copy)], {}))
    assert data.classes == ("cat", "dog")
    assert {sample.name for sample in data.samples} == set(pets(of))
    assert Counter(stray.reason for stray in data.strays) == {"copy": 4}
    assert f"{copy[:-1]} holds the folders and names of {of[:-1] or 'the data set'}" in data.note


def test_a_copy_is_read_where_its_level_was_said(laid: Laid) -> None:
    root = laid([*pets("pets/"), *pets("pets/pets/")], {})
    names = {sample.name for sample in read(root, label="folder:3").samples}
    assert names == set(pets("pets/pets/"))
    assert {s.name for s in read(root, label="folder:2").samples} == set(pets("pets/"))


@pytest.mark.parametrize("other", ["test/", "train/images/"])
def test_parts_with_the_same_names_are_no_copies(laid: Laid, other: str) -> None:
    first = "" if other == "test/" else "test/images/"
    data = read(laid([*pets(first), *pets(other)], {}))
    assert data.parts() == ("train", "test")
    assert not data.strays

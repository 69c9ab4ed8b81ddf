"""Folders that hold the same ones at different depths, or kinds of one thing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]


def several(*folders: str) -> list[str]:
    return [f"{folder}/{folder.replace('/', '_')}{i}.png" for folder in folders for i in range(3)]


@pytest.mark.parametrize(
    "other",
    [("all/x/cat", "all/x/dog", "all/z/cat"), ("all/train/cat", "all/train/dog", "all/test/cat")],
)
def test_the_same_folders_at_other_depths_are_asked_about(
    laid: Laid, other: tuple[str, ...]
) -> None:
    root = laid(several("small/cat", "small/dog", *other), {})
    with pytest.raises(InputError, match=r"all and small hold the same folders \(cat, dog\)"):
        read(root)
    assert read(root, label="folder:1").classes == ("all", "small")


def test_kinds_that_are_called_after_their_folder_are_asked_about(laid: Laid) -> None:
    files = several("colon_set/colon_aca", "colon_set/colon_n")
    files += several("lung_set/lung_aca", "lung_set/lung_n")
    with pytest.raises(InputError, match=r"classes\? --label folder:2 says colon_aca, colon_n"):
        read(laid(files, {}))


def test_series_of_one_thing_are_not(laid: Laid) -> None:
    data = read(laid(several("cat/cat_1", "cat/cat_2", "dog/dog_1", "dog/dog_2"), {}))
    assert data.classes == ("cat", "dog")


def test_flat_folders_of_parts_beside_others_are_no_classes(laid: Laid) -> None:
    root = laid(several("bounding_box_train", "bounding_box_test", "query"), {})
    with pytest.raises(InputError, match=r"called as parts, lie beside query.*folder:1,query=PART"):
        read(root)
    said = read(root, label="name:^(bound)", part="folder:1,query=none")
    assert said.parts() == ("train", "test")
    assert len(said.samples) == 6
    assert len(read(root, label="folder:1").classes) == 3


def test_a_part_whose_folders_are_others_is_asked_about(laid: Laid) -> None:
    files = several("images_background/Greek", "images_background/Latin")
    files += several("images_evaluation/Tengwar", "images_evaluation/Ogham")
    with pytest.raises(InputError, match="is images_evaluation a class, beside images_background"):
        read(laid(files, {}))

from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read
from layouts import each, laid


def complaint_of(root: Path) -> str:
    with pytest.raises(InputError) as caught:
        read(root)
    return str(caught.value)


@pytest.mark.parametrize(
    ("train", "test"), [("cat", "Cat"), ("cat", "cats"), ("hot dog", "hot_dog"), ("cat ", "cat")]
)
def test_classes_of_parts_that_are_spelt_otherwise_are_named(
    tmp_path: Path, train: str, test: str
) -> None:
    root = laid(tmp_path, *each("train/{}", (train, "x")), *each("test/{}", (test, "x")))
    one, other = sorted((train, test))
    assert f"if '{one}' and '{other}' are the same, give both one name" in complaint_of(root)


def test_a_test_part_of_other_folders_may_have_no_labels(tmp_path: Path) -> None:
    classes = ("bus", "car")
    root = laid(tmp_path, *each("train/{}", classes), *each("test/trunk{}", (1, 2)))
    assert "if the folders in test (trunk1, trunk2) are no classes, take it" in complaint_of(root)
    root = laid(tmp_path / "half", *each("train/{}", classes), *each("test/{}", ("bus", "van")))
    assert complaint_of(root).endswith("train has no picture of van; add, rename or remove folders")

from pathlib import Path

import pytest

from diptych.sources import read
from diptych.sources.folders.hints import hint


def test_words_that_names_begin_with_may_be_classes() -> None:
    names = [f"train/{kind}.{i}.jpg" for kind in ("cat", "dog") for i in range(3)]
    assert hint([*names, "a.txt"]) == (
        "cat.0.jpg and others have words in their names: if cat, dog are the classes, "
        "--label name:. reads them from there"
    )
    assert hint(["IMG_1.jpg", "IMG_2.jpg"]) == ""
    assert hint(["a1.jpg", "b2.jpg"]) == ""


@pytest.mark.parametrize(
    "name", ["_annotations.coco.json", "labels/train/0.txt", "Annotations/000001.xml"]
)
def test_boxes_are_no_labels_of_pictures(name: str) -> None:
    assert f"{name} may say where objects lie" in hint(["1a.jpg", "2b.jpg", name])


def test_records_of_others_are_said() -> None:
    assert "x.tfrecord is records of another program, which are not opened" in hint(
        ["data/x.tfrecord"]
    )


def test_words_of_parts_in_names_are_no_classes(tmp_path: Path) -> None:
    for part in ("train", "valid"):
        for i in range(6):
            picture = tmp_path / part / "images" / f"{part}{i}.jpg"
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.touch()
    assert "are the classes" not in read(tmp_path).note

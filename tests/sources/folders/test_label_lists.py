from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read
from layouts import each, laid, reasons, told


def tiny(root: Path, text: str) -> Path:
    names = [*each("train/{}/images", ("n01", "n02")), *each("val/images"), *each("test/images")]
    laid(root, *names, "train/n01/n01_boxes.txt", "wnids.txt")
    (root / "val/val_annotations.txt").write_text(text, encoding="utf-8")
    return root


def test_tiny_imagenet_as_it_is_given_out(tmp_path: Path) -> None:
    data = read(tiny(tmp_path, "0.png\tn01\t0\t0\t9\t9\n1.png\tn02\t0\t0\t9\t9\n7.png\tn02\n"))
    assert data.classes == ("n01", "n02")
    assert {s.name: s.label for s in data.samples if s.part == "valid"} == {
        "val/images/0.png": "n01",
        "val/images/1.png": "n02",
    }
    assert told(data)["train n02"] == 3
    assert reasons(data) == {
        "test/images/0.png": "unlabelled",
        "test/images/1.png": "unlabelled",
        "test/images/2.png": "unlabelled",
        "val/7.png": "missing",
        "val/images/2.png": "not listed",
        "val/val_annotations.txt": "table",
        "wnids.txt": "no part",
    }
    assert "val/val_annotations.txt: 3 labels of files are read from it" in data.note


def test_a_label_that_the_train_part_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"annotations\.txt: line 2: 'n9' is none of the classes of"
    ):
        read(tiny(tmp_path, "0.png\tn01\n1.png\tn9\n"))


def test_a_text_that_is_no_list_says_nothing(tmp_path: Path) -> None:
    data = read(tiny(tmp_path, "see the paper\n"))
    assert "valid" not in data.parts()
    assert reasons(data)["val/images/0.png"] == "unlabelled"

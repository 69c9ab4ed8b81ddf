"""Folders as people have them."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.auditing.checks.label_names import odd_labels
from diptych.data.splitting import refuse_small_classes
from diptych.errors import InputError
from diptych.sources import read
from layouts import told

pytestmark = pytest.mark.realdata
Field = Callable[[str], Path]


def parted(one: str, other: str) -> dict[str, int]:
    return {f"train {one}": 20, f"train {other}": 20, f"test {one}": 8, f"test {other}": 8}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("01_training_testing", parted("glioma", "notumor")),
        ("01c_training_set", parted("cats", "dogs")),
        ("01d_seg_train", parted("sea", "street")),
        ("01e_drive_parts", {"cats": 30, "dogs": 30}),
        ("01f_wrapper", {"cats": 20, "dogs": 20}),
        ("42_masks", {"benign": 30, "malignant": 30}),
        ("71_eadir", {"cat": 30, "dog": 30}),
    ],
)
def test_parts_and_classes_are_what_a_person_would_say(
    field: Field, script: str, expected: dict[str, int]
) -> None:
    assert told(read(field(script))) == expected


@pytest.mark.parametrize(
    ("script", "reasons"),
    [
        ("01d_seg_train", {"unlabelled": 4}),
        ("42_masks", {"mask": 60}),
        ("60_tiny_imagenet", {"unlabelled": 12, "table": 1, "no part": 1}),
        ("71_eadir", {"hidden folder": 61}),
    ],
)
def test_what_is_no_picture_to_learn_from_is_set_aside(
    field: Field, script: str, reasons: dict[str, int]
) -> None:
    assert Counter(stray.reason for stray in read(field(script)).strays) == reasons


def test_tiny_imagenet_is_labelled_by_its_list(field: Field) -> None:
    data = read(field("60_tiny_imagenet"))
    assert data.classes == ("n01443537", "n01629819")
    valid = [(s.name, s.label) for s in data.samples if s.part == "valid"]
    assert len(valid) == 12
    assert ("val/images/val_1.JPEG", "n01629819") in valid


def test_a_class_of_two_is_named_at_once(field: Field) -> None:
    with pytest.raises(InputError, match="class 'product 000' has 2 independent pictures; at le"):
        refuse_small_classes(read(field("48b_one_class_with_two")))


@pytest.mark.parametrize(
    ("script", "table", "issue", "labels"),
    [
        ("09_case_of_labels", "labels.csv", "similar label", {"CAT/", "Cat/", "Dog/"}),
        (
            "14_multilabel",
            "train.csv",
            "combined label",
            {"scab rust/", "scab frog_eye/", "rust frog_eye/", "scab frog_eye complex/"},
        ),
    ],
)
def test_odd_labels_of_a_table_are_pointed_out(
    field: Field, script: str, table: str, issue: str, labels: set[str]
) -> None:
    findings = list(odd_labels(read(field(script) / table)))
    assert {finding.name for finding in findings} == labels
    assert {finding.issue for finding in findings} == {issue}

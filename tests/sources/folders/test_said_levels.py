from pathlib import Path
from typing import Any

import pytest

from command import answer_of, complaint
from diptych.errors import InputError
from diptych.sources import read
from layouts import each, laid, reasons, told

PETS = ("cat", "dog")
FOLD_2 = {"train cat": 6, "train dog": 6, "test cat": 3, "test dog": 3}


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return laid(tmp_path / "people", *each("{}/{}", ("Anna", "Ben", "Cem"), PETS))


@pytest.fixture
def folds(tmp_path: Path) -> Path:
    return laid(tmp_path / "folds", *each("fold{}/{}", (1, 2, 3), PETS))


def groups(root: Path, **said: object) -> set[tuple[str, str]]:
    return {(s.label, s.group) for s in read(root, **said).samples}  # type: ignore[arg-type]


def test_a_level_of_groups_is_none_of_classes(people: Path) -> None:
    expected = {(label, name) for label in PETS for name in ("Anna", "Ben", "Cem")}
    assert groups(people, group="folder:1") == expected
    assert groups(people, group="folder:1", label="folder:2") == expected


def test_patients_below_the_classes_are_groups_across_them(tmp_path: Path) -> None:
    root = laid(tmp_path, "cat/p1/1.png", "cat/p2/2.png", "dog/p2/3.png", "dog/4.png")
    assert groups(root, group="folder:2") == {
        ("cat", "p1"),
        ("cat", "p2"),
        ("dog", "p2"),
        ("dog", ""),
    }


def test_several_groups_are_united_where_they_meet(tmp_path: Path) -> None:
    root = laid(tmp_path, "Anna/cat/v1/1.png", "Anna/dog/v2/2.png", "Ben/cat/v2/3.png")
    laid(root, "Cem/cat/v3/4.png", "Cem/dog/v4/5.png", "Dan/dog/v5/6.png")
    data = read(root, label="folder:2", group=["folder:1", "folder:3"])
    group_of = {sample.name[0]: sample.group for sample in data.samples}
    assert group_of["A"] == group_of["B"]
    assert len(set(group_of.values())) == 3


def test_two_groups_are_two_though_a_name_is_in_both(tmp_path: Path) -> None:
    root = laid(tmp_path, "x/cat/y/1.png", "z/dog/x/2.png", "y/cat/q/3.png")
    data = read(root, label="folder:2", group=["folder:1", "folder:3"])
    assert len({sample.group for sample in data.samples}) == 3


@pytest.mark.parametrize("said", [{}, {"part": "folder:1"}, {"label": "folder:2"}])
def test_one_fold_is_to_test_on(folds: Path, said: dict[str, Any]) -> None:
    assert told(read(folds, fold=2, **said)) == FOLD_2


@pytest.mark.parametrize("pattern", ["fold_{}/{}", "Fold {}/{}", "cv{}/{}", "data/k-fold-{}/{}"])
def test_folds_are_found_by_their_names(tmp_path: Path, pattern: str) -> None:
    root = laid(tmp_path, *each(pattern, (0, 1, 2), PETS))
    assert told(read(root, fold=2)) == FOLD_2


def test_folds_may_lie_below_the_classes(tmp_path: Path) -> None:
    assert told(read(laid(tmp_path, *each("{}/fold{}", PETS, (1, 2, 3))), fold=2)) == FOLD_2


def test_numbered_folders_are_folds_where_that_is_said(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("{}/{}", (2019, 2020, 2021), PETS))
    assert told(read(root, part="folder:1", fold=2020)) == FOLD_2
    with pytest.raises(InputError, match="no folders are called fold0, fold1, …; --part folder:N"):
        read(root, fold=2020)


def test_a_level_of_parts_is_said(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("{}/x/{}", PETS, ("train", "test")))
    expected = {"train cat": 3, "train dog": 3, "test cat": 3, "test dog": 3}
    assert told(read(root, part="folder:3")) == expected


def test_parts_are_found_above_labels_that_are_said(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("{}/{}/{}", ("train", "test"), ("x", "y"), PETS), "train/1.png")
    data = read(root, label="folder:3")
    assert told(data) == {"train cat": 6, "train dog": 6, "test cat": 6, "test dog": 6}
    assert reasons(data) == {"train/1.png": "no class"}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"label": "folder:3"}, "there is no folder:3; its folders are 2 deep"),
        ({"group": "person"}, "folders have no column 'person'; --group folder:1 is the first"),
        ({"part": "folder:1"}, "no part 'Anna' at folder:1; it may be train, valid or test"),
        ({"part": "folder:1", "fold": 1}, "'Anna' at folder:1 has no number of a fold"),
        ({"files": "name"}, "has no use for --files; leave it out"),
    ],
)
def test_what_cannot_be_meant_is_refused(people: Path, said: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=f"{people}: .*{message}"):
        read(people, **said)  # type: ignore[arg-type]


def test_a_fold_that_there_is_not_is_refused(folds: Path) -> None:
    with pytest.raises(InputError, match="no fold 9 among fold1, fold2, fold3; --fold names one"):
        read(folds, fold=9)


def test_a_part_by_name_and_another_by_fold_are_refused(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("{}/fold{}/{}", ("train", "test"), (1, 2), PETS))
    with pytest.raises(InputError, match="of the test part by its name, and of the train part by"):
        read(root, fold=1)


def test_the_command_line_asks_and_takes_the_answer(people: Path) -> None:
    assert "Anna, Ben, Cem hold the same folders" in complaint("audit", people)
    answer = answer_of("audit", people, "--label", "folder:2", "--group", "folder:1")
    assert answer["files"] == 18


@pytest.mark.parametrize(
    ("level", "message"),
    [
        ("folder:1", r"folder:1 is the parts \(test, train\), which are kept apart anyway"),
        ("folder:2", r"no folders of classes are left beside folder:2 \(cat, dog\)"),
    ],
)
def test_parts_and_classes_are_no_groups(tmp_path: Path, level: str, message: str) -> None:
    root = laid(tmp_path, *each("{}/{}", ("train", "test"), PETS))
    with pytest.raises(InputError, match=message):
        read(root, group=level)


def test_folders_above_the_labels_that_may_be_parts_are_told(tmp_path: Path) -> None:
    root = laid(tmp_path / "d", *each("{}/{}", ("pets", "validation-pets"), PETS))
    data = read(root, label="folder:2")
    assert data.parts() == ()
    option = "folder:1,pets=PART,validation-pets=PART"
    assert f"if these are parts, --part '{option}' says which" in data.note
    said = read(root, label="folder:2", part="folder:1,pets=train,validation-pets=valid")
    assert said.parts() == ("train", "valid")
    assert "if these are parts" not in said.note

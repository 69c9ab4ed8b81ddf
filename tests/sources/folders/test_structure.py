from pathlib import Path

import pytest

from diptych.sources import read
from layouts import each, laid, reasons, told

PETS = ("cat", "dog")
BOTH = {"train cat": 3, "train dog": 3, "test cat": 3, "test dog": 3}


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Training", "Testing"),
        ("training_set", "test_set"),
        ("train_images", "test_images"),
        ("01_train", "02_test"),
        ("Train Data", "Test Data"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("train/images", "test/images"),
        ("train/training", "test"),
        ("archive/train", "archive/test"),
        ("data/images/train", "data/images/holdout"),
        ("asl_alphabet_train", "asl_alphabet_test"),
        ("ChestTrain", "ChestTest"),
    ],
)
def test_parts_are_kept_whatever_they_are_called(tmp_path: Path, train: str, test: str) -> None:
    data = read(laid(tmp_path, *each("{}/{}", (train, test), PETS)))
    assert data.classes == PETS
    assert told(data) == BOTH


def test_what_was_inferred_is_said_with_the_option_that_says_otherwise(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("{}/{}", ("Training", "Testing"), PETS))
    assert read(root).note == (
        "parts: Testing is test, Training is train; --label folder:1 takes such folders for classes"
    )
    assert read(root, label="folder:1").classes == ("Testing", "Training")
    plain = laid(tmp_path / "plain", *each("{}/{}", ("train", "val", "test"), PETS))
    assert read(plain).note == ""


def test_pictures_to_predict_beside_parts_are_unlabelled(tmp_path: Path) -> None:
    names = each("{0}/{0}/{1}", ("seg_train", "seg_test"), PETS) + each("seg_pred/seg_pred")
    data = read(laid(tmp_path, *names))
    assert told(data) == BOTH
    assert set(reasons(data).values()) == {"unlabelled"}
    assert "seg_pred/seg_pred: 3 files without labels are set aside" in data.note


def test_a_folder_in_a_part_of_the_same_name_is_no_class(tmp_path: Path) -> None:
    names = each("{0}/{0}/{1}", ["asl_train"], PETS) + each("{0}/{0}", ["asl_test"])
    data = read(laid(tmp_path, *names))
    assert told(data) == {"train cat": 3, "train dog": 3}
    assert set(reasons(data).values()) == {"unlabelled"}


@pytest.mark.parametrize(
    "wrapper", ["dataset", "photos/photos", "dataset/images", "a/b/c", "flowers-master"]
)
def test_a_folder_around_the_classes_is_none(tmp_path: Path, wrapper: str) -> None:
    names = each("{}/{}", [wrapper], PETS)
    data = read(laid(tmp_path, *names, "README.md", f"{wrapper}/labels.json"))
    assert told(data) == {"cat": 3, "dog": 3}
    assert reasons(data) == {"README.md": "no class", f"{wrapper}/labels.json": "no class"}
    last = wrapper.rpartition("/")[2]
    level = wrapper.count("/") + 1
    assert data.note == (
        f"{wrapper} is read as the folder that holds all; "
        f"--label folder:{level} takes {last} for a class"
    )


@pytest.mark.parametrize("name", ["cat", "images"])
def test_a_folder_without_folders_is_a_class(tmp_path: Path, name: str) -> None:
    assert read(laid(tmp_path, *each(name))).classes == (name,)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("drive-download-20240101T000000Z-001", "drive-download-20240101T000000Z-002"),
        ("flowers-20240101T000000Z-1-001", "flowers-20240101T000000Z-1-002"),
        ("photos-001", "photos-002"),
        ("archive", "archive (1)"),
        ("flowers", "flowers (1)"),
        ("part1", "part2"),
        ("pets.part1", "pets.part2"),
        ("pets_1", "pets_2"),
        ("New folder", "New folder (2)"),
    ],
)
def test_pieces_of_one_archive_are_joined(tmp_path: Path, one: str, other: str) -> None:
    data = read(laid(tmp_path / "pets", *each("{}/{}", (one, other), PETS)))
    assert told(data) == {"cat": 6, "dog": 6}
    assert f"{one}, {other} are read as pieces of one archive; --group folder:1" in data.note


def test_pieces_need_not_hold_the_same(tmp_path: Path) -> None:
    names = [*each("photos-001/photos/{}", PETS), *each("photos-002/photos/{}", ("dog", "emu"))]
    assert told(read(laid(tmp_path, *names))) == {"cat": 3, "dog": 6, "emu": 3}


def test_pieces_may_hold_parts(tmp_path: Path) -> None:
    names = each("photos-00{}/{}/{}", (1, 2), ("train", "test"), PETS)
    assert told(read(laid(tmp_path, *names))) == dict.fromkeys(BOTH, 6)


def test_parts_may_lie_below_the_classes(tmp_path: Path) -> None:
    data = read(laid(tmp_path, *each("{}/{}", PETS, ("train", "test")), "cat/loose.png"))
    assert data.classes == PETS
    assert told(data) == BOTH
    assert reasons(data) == {"cat/loose.png": "no part"}


def test_a_test_folder_beside_the_classes_that_holds_them_again_is_the_test_part(
    tmp_path: Path,
) -> None:
    data = read(laid(tmp_path, *each("{}", PETS), *each("test/{}", PETS), "test/x.png"))
    assert told(data) == BOTH
    assert reasons(data) == {"test/x.png": "no class"}
    assert "cat, dog are read as the train part" in data.note


def test_what_lies_beside_parts_is_set_aside_with_a_word(tmp_path: Path) -> None:
    data = read(laid(tmp_path, *each("{}/{}", ("train", "test", "extra"), PETS)))
    assert told(data) == BOTH
    assert set(reasons(data).values()) == {"no part"}
    assert "extra is set aside: it is no part, as test, train are" in data.note
    alone = read(laid(tmp_path / "alone", *each("train/{}", PETS), *each("more")))
    assert told(alone) == {"train cat": 3, "train dog": 3}
    assert "more is set aside" in alone.note


def test_one_class_from_two_systems_is_one(tmp_path: Path) -> None:
    names = [*each("train/{}", ("K\u00e4fer", "dog")), *each("test/{}", ("Ka\u0308fer", "dog"))]
    assert read(laid(tmp_path, *names)).classes == ("K\u00e4fer", "dog")


def test_what_has_no_labels_beside_a_folder_of_classes_is_set_aside(tmp_path: Path) -> None:
    for classes, other in (("labeled", "unlabeled"), ("dataset", "test")):
        root = laid(tmp_path / classes, *each(classes + "/{}", PETS), *each(other))
        data = read(root)
        assert told(data) == {"cat": 3, "dog": 3}
        assert set(reasons(data).values()) == {"unlabelled"}
        assert f"{other}: 3 files without labels are set aside" in data.note


def test_texts_beside_the_folder_of_classes_are_none_of_them(tmp_path: Path) -> None:
    others = ["birds/parts/parts.txt", "birds/attributes/x.txt"]
    data = read(laid(tmp_path, *each("birds/images/{}", PETS), *others))
    assert told(data) == {"cat": 3, "dog": 3}
    assert reasons(data) == dict.fromkeys(others, "no class")


def test_imagenet_as_it_is_given_out(tmp_path: Path) -> None:
    top = "ILSVRC/Data/CLS-LOC"
    names = [*each(top + "/train/{}", ("n01", "n02")), *each(top + "/{}", ("val", "test"))]
    others = ["ILSVRC/Annotations/CLS-LOC/train/n01/1.xml", "ILSVRC/ImageSets/CLS-LOC/val.txt"]
    data = read(laid(tmp_path, *names, *others, "LOC_val_solution.csv"))
    assert told(data) == {"train n01": 3, "train n02": 3}
    assert {name: reasons(data)[name] for name in (*others, f"{top}/val/1.png")} == {
        others[0]: "no class",
        others[1]: "no class",
        f"{top}/val/1.png": "unlabelled",
    }


@pytest.mark.parametrize("masks", ["masks", "Segmentation", "ground_truth", "GT"])
def test_folders_of_masks_beside_pictures_are_set_aside(tmp_path: Path, masks: str) -> None:
    inside = read(laid(tmp_path / "inside", *each("{}/{}", PETS, ("images", masks))))
    above = read(laid(tmp_path / "above", *each("{}/{}", ("images", masks), PETS)))
    for data in (inside, above):
        assert told(data) == {"cat": 3, "dog": 3}
        assert list(reasons(data).values()) == ["mask"] * 6
        assert "6 masks beside pictures are set aside" in data.note


def test_masks_are_set_aside_where_the_labels_are_said_too(tmp_path: Path) -> None:
    inside = read(
        laid(tmp_path / "inside", *each("{}/{}", PETS, ("images", "masks"))), label="folder:1"
    )
    above = read(
        laid(tmp_path / "above", *each("{}/{}", ("images", "masks"), PETS)), label="folder:2"
    )
    for data in (inside, above):
        assert told(data) == {"cat": 3, "dog": 3}
        assert list(reasons(data).values()) == ["mask"] * 6
    said = read(tmp_path / "above", label="folder:1")
    assert told(said) == {"images": 6, "masks": 6}


def test_pictures_of_people_with_masks_are_classes(tmp_path: Path) -> None:
    for classes in (("mask", "no_mask"), ("with_mask", "without_mask"), ("face", "mask", "veil")):
        data = read(laid(tmp_path / classes[0], *each("{}", classes)))
        assert data.classes == classes


def test_an_empty_folder_is_no_less_a_class_for_holding_texts(tmp_path: Path) -> None:
    data = read(laid(tmp_path, *each("{}", PETS), "emu/README.txt", "fox/"))
    assert data.classes == ("cat", "dog", "emu", "fox")


def test_parts_below_the_classes_may_hold_a_folder_of_images(tmp_path: Path) -> None:
    data = read(laid(tmp_path, *each("{}/{}/images", PETS, ("train", "test"))))
    assert data.classes == PETS
    assert told(data) == BOTH

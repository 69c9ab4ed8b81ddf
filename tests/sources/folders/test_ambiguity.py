from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read
from layouts import each, laid, told

PETS = ("cat", "dog")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Anna", "Ben"),
        ("2019", "2020"),
        ("A", "B"),
        ("patient1", "patient2"),
        ("P-001", "P-002"),
        ("day (1)", "day (2)"),
        ("camera_1", "camera_2"),
        ("original", "augmented"),
        ("train", "extra"),
    ],
)
def test_folders_that_hold_the_same_are_never_classes_unasked(
    tmp_path: Path, one: str, other: str
) -> None:
    root = laid(tmp_path, *each("{}/{}", (one, other), PETS))
    with pytest.raises(InputError) as caught:
        read(root)
    message = str(caught.value)
    first, second = sorted((one, other))
    assert f"{root}: {first}, {second} hold the same folders (cat, dog); which are" in message
    for option in (
        "--label folder:2 says cat, dog",
        "--group folder:1",
        "--part folder:1 --fold K",
        f"--label folder:1 says {first}, {second}",
    ):
        assert option in message
    assert "\n" not in message
    assert told(read(root, label="folder:2")) in (
        {"cat": 6, "dog": 6},
        {"train cat": 6, "train dog": 6},
    )
    assert set(told(read(root, label="folder:1"))) == {one, other}


def test_folds_are_asked_for_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="with --fold K one of them is to test on"):
        read(laid(tmp_path, *each("fold{}/{}", range(1, 6), PETS)))


@pytest.mark.parametrize(
    ("pattern", "lower", "upper"),
    [("data/{}/{}", 3, 2), ("train/{}/{}", 3, 2), ("{}/photos/{}", 3, 1)],
)
def test_the_levels_are_counted_from_the_root(
    tmp_path: Path, pattern: str, lower: int, upper: int
) -> None:
    root = laid(tmp_path, *each(pattern, ("Anna", "Ben"), PETS))
    with pytest.raises(InputError, match=f"--label folder:{lower} says cat, dog .*"
                       f"--label folder:{upper} says Anna, Ben"):  # fmt: skip
        read(root)


def test_folders_that_hold_parts_each_are_asked_for(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("fold{}/{}/{}", (1, 2), ("train", "test"), PETS))
    with pytest.raises(InputError, match=r"fold1, fold2 hold parts each .*--group folder:1 joins"):
        read(root)
    joined = told(read(root, group="folder:1"))
    assert joined == {"train cat": 6, "train dog": 6, "test cat": 6, "test dog": 6}


@pytest.mark.parametrize("pattern", ["HAM10000_images_part_{}", "images_{}", "photos ({})"])
def test_pieces_without_classes_are_asked_for(tmp_path: Path, pattern: str) -> None:
    root = laid(tmp_path, *each(pattern, (1, 2)))
    with pytest.raises(InputError, match="are called as pieces of one archive and hold no folder"):
        read(root)
    assert len(read(root, label="folder:1").classes) == 2


def test_capitals_and_a_missing_folder_make_no_difference(tmp_path: Path) -> None:
    names = [*each("Anna/{}", ("Cat", "Dog")), *each("Ben/{}", ("cat",))]
    with pytest.raises(InputError, match="Anna, Ben hold the same folders"):
        read(laid(tmp_path, *names))


def test_classes_with_folders_of_their_own_are_classes(tmp_path: Path) -> None:
    names = [*each("cat/{}", ("p1", "p2")), *each("dog/{}", ("p3", "p4")), "emu/1.png"]
    assert read(laid(tmp_path, *names)).classes == ("cat", "dog", "emu")


@pytest.mark.parametrize("name", ["test", "Testing", "val", "unlabelled", "to_predict"])
def test_a_folder_that_may_be_unlabelled_is_asked_for(tmp_path: Path, name: str) -> None:
    root = laid(tmp_path, *each("{}", (*PETS, name)))
    with pytest.raises(InputError, match=f"is {name} a class, beside cat, dog, or does it hold pi"):
        read(root)
    assert name in read(root, label="folder:1").classes


@pytest.mark.parametrize(("name", "kind"), [("masks", "masks"), ("cat_mask", "masks of cat")])
def test_a_folder_that_may_hold_masks_is_asked_for(tmp_path: Path, name: str, kind: str) -> None:
    root = laid(tmp_path, *each("{}", (*PETS, name)))
    with pytest.raises(InputError, match=f"or does it hold {kind}\\? --label folder:1 says a clas"):
        read(root)
    assert name in read(root, label="folder:1").classes


def test_a_folder_of_classes_beside_another_of_pictures_is_asked_for(tmp_path: Path) -> None:
    root = laid(tmp_path, *each("dataset/{}", PETS), *each("screenshots"))
    with pytest.raises(InputError, match=r"dataset holds folders .* beside screenshots; whi"):
        read(root)
    assert read(root, label="folder:2").classes == PETS


@pytest.mark.parametrize("inside", ["old", "old/backup", "copy/of/all"])
def test_classes_within_a_class_are_asked_about(tmp_path: Path, inside: str) -> None:
    root = laid(tmp_path, *each("{}", PETS), *each(f"{inside}/{{}}", PETS))
    with pytest.raises(InputError, match=f"{inside} holds folders of the classes again"):
        read(root)
    top = inside.partition("/")[0]
    assert told(read(root, label="folder:1")) == {"cat": 3, "dog": 3, top: 6}


def test_masks_beside_parts_are_offered_as_no_classes(tmp_path: Path) -> None:
    for thing in ("bottle", "cable"):
        for name in ("train/good/0.png", "test/good/1.png", "ground_truth/bad/2.png"):
            (tmp_path / thing / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / thing / name).touch()
    with pytest.raises(InputError, match=r"bottle, cable hold parts each \(test, train\)"):
        read(tmp_path)


def test_parts_are_offered_as_no_classes(tmp_path: Path) -> None:
    for name in ("all/all/train/cat", "all/all/train/dog", "all/all/valid/cat", "test/test"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "0.png").touch()
    with pytest.raises(InputError, match=r"--label folder:4 says cat, dog, --label folder:1"):
        read(tmp_path)


def test_two_folders_of_the_same_classes_may_be_said_to_be_parts(tmp_path: Path) -> None:
    for part in ("rps", "rps-test-set"):
        for name in ("rock", "paper"):
            (tmp_path / part / name).mkdir(parents=True)
            (tmp_path / part / name / "0.png").touch()
    offered = "--part 'folder:1,rps=PART,rps-test-set=PART' each is train, valid, test or none"
    with pytest.raises(InputError, match=offered):
        read(tmp_path)

from pathlib import Path

import pytest

from diptych.data.dataset import Dataset, Sample
from diptych.data.matching import consistent, matched, refuse_shared, refuse_unfit_to_train
from diptych.data.splitting import Splits
from diptych.errors import InputError


def data(*labels: str, root: str = "data", classes: tuple[str, ...] = ()) -> Dataset:
    """A sample of each label, whose content is its name in this root."""
    samples = tuple(
        Sample(f"{i}.png", label, Path(f"{i}.png"), digest=f"{root}{i}")
        for i, label in enumerate(labels)
    )
    return Dataset(Path(root), classes or tuple(sorted(set(labels))), samples)


TRAIN = data("cat", "dog", "emu", root="train")


def test_a_part_without_the_first_class_means_the_same_by_its_labels() -> None:
    valid = data("dog", "emu", "dog")
    assert valid.targets() == [0, 1, 0]
    fitting = matched(valid, "valid", TRAIN)
    assert fitting.classes == TRAIN.classes
    assert fitting.targets() == [1, 2, 1]


def test_classes_in_another_order_mean_the_same() -> None:
    turned = data("cat", "dog", "emu", classes=("emu", "dog", "cat"))
    assert matched(turned, "test", TRAIN).targets() == TRAIN.targets()


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (data("dog", "fox"), "data: the training part has no class 'fox'; it has: cat, dog, emu"),
        (data("fox", "gnu"), "the training part has no classes 'fox', 'gnu'"),
        (data("dog", classes=("dog", "fox")), "the training part has no class 'fox'"),
        (data("dog", "doG", classes=("dog",)), "has no class 'doG'; did you mean 'dog'"),
        (data(), "data: the test part has no picture; give it some"),
    ],
)
def test_a_part_that_does_not_fit_says_what_is_different(part: Dataset, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        matched(part, "test", TRAIN)


def test_pictures_of_another_shape_are_refused() -> None:
    small = Dataset(Path("a.csv"), ("cat",), data("cat").samples, shape=(8, 8, 1))
    with pytest.raises(InputError, match=r"a\.csv: its pictures are 8×8×1, .* training part files"):
        matched(small, "test", TRAIN)


@pytest.mark.parametrize(
    ("train", "expected"),
    [
        (data(), "data: no picture to train on"),
        (data("cat"), "data: only one class, 'cat'"),
        (
            data("cat", "dog", classes=("cat", "dog", "emu")),
            "no picture to train on of class 'emu'",
        ),
    ],
)
def test_a_part_that_cannot_be_trained_on_says_why(train: Dataset, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        refuse_unfit_to_train(train)


def test_pictures_that_the_model_knows_are_refused_as_a_test() -> None:
    others = data("cat", "dog", root="others")
    refuse_shared(others, "test", TRAIN)
    mixed = others.with_samples([*others.samples, TRAIN.samples[2]._replace(name="again.png")])
    with pytest.raises(InputError, match=r"1 of 3 pictures of the test part .* again\.png"):
        refuse_shared(mixed, "test", data("cat"), TRAIN)


def test_a_group_that_the_model_knows_is_refused_as_a_test() -> None:
    train, test = (
        part.with_samples([part.samples[0]._replace(group="Ann"), *part.samples[1:]])
        for part in (TRAIN, data("cat", "dog", root="others"))
    )
    with pytest.raises(InputError, match="1 of 2 pictures of the test part"):
        refuse_shared(test, "test", train)


def test_parts_fit_together_or_are_refused() -> None:
    valid, test = data("emu", "dog", root="v"), data("cat", root="t")
    parts = consistent(Splits(TRAIN, valid, test))
    assert [part.classes for part in parts] == [TRAIN.classes] * 3
    assert parts.valid.targets() == [2, 1]
    with pytest.raises(InputError, match="pictures of the test part"):
        consistent(Splits(TRAIN, valid, valid))
    with pytest.raises(InputError, match="pictures of the valid part"):
        consistent(Splits(TRAIN, TRAIN, test))


def test_groups_of_two_data_sets_are_one_by_anything_that_they_are_of() -> None:
    """A patient's lesions differ from one to the other; what the groups are called does too."""
    one, other = (
        data("cat", "dog", root=root).with_samples(
            s._replace(group=group)
            for s, group in zip(data("cat", "dog", root=root).samples, groups, strict=True)
        )
        for root, groups in (
            ("a", ("lesion: l1 ∪ patient: p1", "lesion: l2 ∪ patient: p2")),
            ("b", ("lesion: l8 ∪ patient: p1", "lesion: l9 ∪ patient: p3")),
        )
    )
    with pytest.raises(InputError, match="1 of 2 pictures of the test part are among those"):
        refuse_shared(other, "test", one)

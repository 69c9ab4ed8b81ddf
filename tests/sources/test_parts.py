import pytest

from diptych.errors import InputError
from diptych.sources.parts import part_named, part_of, parts_named


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("train", "train Training TRAIN training_set train-set trainset seg_train train_images"),
        ("train", "images_train 01_train train1 train_data ILSVRC2012_img_train Trainingsdaten"),
        ("train", "entrenamiento 训练集 訓練データ"),
        ("valid", "val valid validate Validation val_images dev dev-set PublicTest validación"),
        ("valid", "Validierung 验证集"),
        ("test", "test Testing test_set seg_test test_images holdout hold-out heldout eval"),
        ("test", "evaluation PrivateTest Testdaten テスト"),
    ],
)
def test_a_part_is_known_by_any_usual_spelling(part: str, names: str) -> None:
    assert {name: part_named(name) for name in names.split()} == dict.fromkeys(names.split(), part)


def test_spaces_and_brackets_say_nothing() -> None:
    assert part_named("Train Data") == part_named(" training (1) ") == "train"


@pytest.mark.parametrize(
    "name",
    ["", "bus", "latest", "contest", "devices", "values", "train station", "no test", "1", "data"],
)
def test_other_names_are_none_of_a_part(name: str) -> None:
    assert part_named(name) == ""


def test_an_evaluation_is_for_testing_unless_a_test_lies_beside_it() -> None:
    assert parts_named(["training", "validation", "evaluation"])["evaluation"] == "test"
    assert parts_named(["train", "eval", "test"])["eval"] == "valid"
    assert parts_named(["cat", "test"]) == {"test": "test"}


def test_a_cell_is_a_part_or_nothing_or_refused() -> None:
    assert part_of(" Train Data ", "x.csv: line 2") == "train"
    assert part_of(" ", "x.csv: line 2") == ""
    with pytest.raises(InputError, match="line 2: no part 'soon'; it may be train, valid or test"):
        part_of("soon", "x.csv: line 2")


def test_trainval_is_to_train_on_but_beside_train() -> None:
    assert parts_named(["trainval", "test"]) == {"trainval": "train", "test": "test"}
    assert parts_named(["train", "trainval", "test"]) == {"train": "train", "test": "test"}
    assert parts_named(["trainval"]) == {}


def test_short_words_are_parts_only_together() -> None:
    assert parts_named(["tr", "te", "va"]) == {"tr": "train", "te": "test", "va": "valid"}
    assert parts_named(["te", "va", "md"]) == {}
    assert parts_named(["train_mini", "val"]) == {"train_mini": "train", "val": "valid"}


def test_a_long_number_is_told_to_be_no_part_at_once() -> None:
    assert part_named("0" * 5000 + "x") == ""
    assert part_named("train_" + "0" * 5000) == "train"

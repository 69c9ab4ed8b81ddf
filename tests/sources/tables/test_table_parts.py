"""Parts and folds that a table names."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]


def reading(laid: Laid, titles: str, row: Callable[[int], str], **said: str | int) -> Dataset:
    lines = [f"img,label,{titles}", *(f"p{i}.jpg,{'ab'[i % 2]},{row(i)}" for i in range(30))]
    root = laid((f"p{i}.jpg" for i in range(30)), {"l.csv": lines})
    return read(root / "l.csv", **said)  # type: ignore[arg-type]


def parts(data: Dataset) -> dict[str, int]:
    return dict(Counter(sample.part for sample in data.samples))


@pytest.mark.parametrize("title", ["split", "data set", "Usage", "when"])
def test_a_column_of_parts_alone_is_one(laid: Laid, title: str) -> None:
    data = reading(laid, title, lambda i: ("TRAIN", "Validation", "test")[i % 3])
    assert parts(data) == {"train": 10, "valid": 10, "test": 10}
    assert ("parts in when" in data.note) == (title == "when")


def test_a_column_that_is_said_to_have_parts_has_to(laid: Laid) -> None:
    data = reading(laid, "a,b", lambda i: f"train,{('train', 'test')[i % 2]}", part="B")
    assert parts(data) == {"train": 15, "test": 15}
    with pytest.raises(InputError, match="line 2: no part 'x'; it may be train, valid or test"):
        reading(laid, "a", lambda i: "x", part="a")


@pytest.mark.parametrize("first", [0, 1])
def test_a_column_of_folds_is_no_part_until_one_is_said(laid: Laid, first: int) -> None:
    def fold(i: int) -> str:
        return str(i % 5 + first)

    data = reading(laid, "fold", fold)
    assert parts(data) == {"": 30}
    assert f"fold has 5 folds ({first}, " in data.note
    assert f"--fold {first}" in data.note
    data = reading(laid, "fold", fold, fold=2)
    assert parts(data) == {"train": 24, "test": 6}
    assert "fold 2 of fold is to test on" in data.note
    with pytest.raises(InputError, match=r"fold has no fold 7; it has \d, \d"):
        reading(laid, "fold", fold, fold=7)


def test_folds_as_pandas_writes_them_and_by_other_titles(laid: Laid) -> None:
    assert parts(reading(laid, "kfold", lambda i: f"{i % 3}.0", fold=1)) == {
        "train": 20,
        "test": 10,
    }
    said = reading(laid, "piece,fold", lambda i: f"{i % 3},{i % 5}", fold=1, part="piece")
    assert parts(said) == {"train": 20, "test": 10}
    with pytest.raises(InputError, match="no column of folds among img, label, x"):
        reading(laid, "x", lambda i: "y", fold=1)


def test_what_is_true_may_be_a_part(laid: Laid) -> None:
    data = reading(laid, "is_valid", lambda i: str(i % 5 == 0))
    assert parts(data) == {"train": 24, "valid": 6}
    assert "parts in is_valid" in data.note
    data = reading(laid, "is_test,is_valid", lambda i: f"{int(i % 3 == 0)},{int(i % 3 == 1)}")
    assert parts(data) == {"train": 10, "valid": 10, "test": 10}


def test_folds_are_no_parts_and_what_has_none_is_trained_on(laid: Laid) -> None:
    with pytest.raises(InputError, match=r"fold has folds \(0, 1\), and no parts; --fold 0 tests"):
        reading(laid, "fold", lambda i: str(i % 2), part="fold")
    data = reading(laid, "fold", lambda i: ("0", "1", "NaN")[i % 3], fold=1)
    assert parts(data) == {"train": 20, "test": 10}


def test_what_has_no_part_yet_is_free(laid: Laid) -> None:
    data = reading(laid, "split", lambda i: ("train", "test", "NaN")[i % 3])
    assert parts(data) == {"train": 10, "test": 10, "": 10}


@pytest.mark.parametrize(
    ("title", "true", "false"),
    [("test", "test", "train"), ("validation", "valid", "train"), ("train", "train", "valid"),
     ("is_training_image", "train", "valid"), ("Holdout", "test", "train")],
)  # fmt: skip
@pytest.mark.parametrize("said", [False, True])
def test_a_part_may_be_a_column_of_zeros_and_ones(
    laid: Laid, title: str, true: str, false: str, said: bool
) -> None:
    data = reading(laid, title, lambda i: str(int(i % 5 == 0)), **({"part": title} if said else {}))
    assert parts(data) == {true: 6, false: 24}
    assert f"parts in {title}" in data.note


def test_a_class_called_train_is_no_part(laid: Laid) -> None:
    for classes in ("bus,train", "bus,car,train"):
        count = classes.count(",") + 1
        lines = [f"img,{classes}"]
        lines += [
            f"p{i}.jpg,{','.join(str(int(i % count == k)) for k in range(count))}"
            for i in range(30)
        ]
        root = laid((f"p{i}.jpg" for i in range(30)), {"l.csv": lines})
        data = read(root / "l.csv")
        assert data.classes == tuple(classes.split(","))
        assert parts(data) == {"": 30}


def test_rows_without_a_part_are_pointed_out(laid: Laid) -> None:
    data = reading(laid, "split", lambda i: ("train", "test", "")[i % 3])
    assert parts(data) == {"train": 10, "test": 10, "": 10}
    assert "10 rows say no part in split" in data.note

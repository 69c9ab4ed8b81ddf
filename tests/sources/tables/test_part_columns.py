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
    said = r"a says what is no part: 'x' in 30 rows \(line 2, for one\); write train, valid or test"
    with pytest.raises(InputError, match=said):
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
    assert "10 rows say no fold, to train on" in data.note


def test_where_only_a_test_part_is_marked_the_rest_is_free(laid: Laid) -> None:
    data = reading(laid, "split", lambda i: ("", "test", "NaN")[i % 3])
    assert parts(data) == {"test": 10, "": 20}
    assert "20 rows say no part in split, and none says train: to train on" in data.note


@pytest.mark.parametrize("title", ["split", "is_valid"])
@pytest.mark.parametrize("nothing", ["", "NaN"])
def test_rows_that_say_no_part_are_set_aside(laid: Laid, title: str, nothing: str) -> None:
    words = {"split": ("valid", "train", nothing), "is_valid": ("True", "False", nothing)}[title]
    data = reading(laid, title, lambda i: words[i % 3])
    assert parts(data) == {"train": 10, "valid": 10}
    assert {s.reason for s in data.strays} == {"no part"}
    assert data.strays[0].detail == f"line 4 of l.csv says no part in {title}"
    assert f"10 pictures without a part in {title} are set aside; fill it in" in data.note


def test_of_a_row_without_a_part_a_folder_may_say_it(laid: Laid) -> None:
    rows = [("train/a.jpg", "x", "train"), ("test/b.jpg", "y", "test")]
    rows += [("train/c.jpg", "x", ""), ("d.jpg", "y", ""), ("test/e.jpg", "x", "")]
    root = laid((r[0] for r in rows), {"l.csv": ["img,label,split", *map(",".join, rows)]})
    data = read(root / "l.csv")
    assert [s.part for s in data.samples] == ["train", "test", "train", "test"]
    assert [s.name for s in data.strays] == ["d.jpg"]


def test_marks_of_a_part_alone_leave_the_rest_to_train_on(laid: Laid) -> None:
    assert parts(reading(laid, "is_test", lambda i: ("1", "")[i % 2])) == {"test": 15, "train": 15}


def test_what_is_neither_true_nor_false_is_said(laid: Laid) -> None:
    with pytest.raises(InputError, match="line 3: is_test is neither true nor false: 'maybe'"):
        reading(laid, "is_test", lambda i: ("True", "maybe")[i % 2])


def test_parts_of_other_names_are_counted(laid: Laid) -> None:
    said = (
        r"'extra' in 10 rows, 'id_val' in 5 rows \(line 4, for one\); .* "
        "--part 'split,extra=PART,id_val=PART' says"
    )
    words = ("train", "test", "extra", "train", "id_val", "extra")
    with pytest.raises(InputError, match=said):
        reading(laid, "split", lambda i: words[i % 6])
    with pytest.raises(InputError, match="piece of it says what is no part"):
        reading(laid, "piece of it", lambda i: words[i % 6])


@pytest.mark.parametrize("written", ["fold_{}", "fold {}", "Fold{}", "{}.0"])
def test_folds_may_be_words(laid: Laid, written: str) -> None:
    data = reading(laid, "fold", lambda i: written.format(i % 3), fold=0)
    assert parts(data) == {"train": 20, "test": 10}
    assert "--fold 0 tests on one" in reading(laid, "fold", lambda i: written.format(i % 3)).note


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


@pytest.mark.parametrize(("true", "false"), [("T", "F"), ("y", "n"), ("WAHR", "FALSCH")])
def test_true_and_false_are_written_in_many_ways(laid: Laid, true: str, false: str) -> None:
    data = reading(laid, "is_test", lambda i: true if i % 5 == 0 else false)
    assert parts(data) == {"test": 6, "train": 24}


def test_a_column_that_is_called_as_folds_says_why_it_has_none(laid: Laid) -> None:
    with pytest.raises(InputError, match="fold says what is no fold: test; write numbers"):
        reading(laid, "fold", lambda i: ("0", "1", "test")[i % 3], fold=0)


def test_parts_under_any_title_are_asked_about_where_a_word_is_none(laid: Laid) -> None:
    words = ("training", "test", "pool")
    with pytest.raises(InputError, match="origin says what is no part: 'pool' in 10 rows"):
        reading(laid, "origin", lambda i: words[i % 3])
    data = reading(laid, "origin", lambda i: words[i % 3], part="origin,pool=none")
    assert parts(data) == {"train": 10, "test": 10}
    assert {s.reason for s in data.strays} == {"no part"}
    said = reading(laid, "origin", lambda i: words[i % 3], part="origin,Pool=valid")
    assert parts(said) == {"train": 10, "test": 10, "valid": 10}
    with pytest.raises(InputError, match=r"origin: no 'x' there; it has pool, test, training"):
        reading(laid, "origin", lambda i: words[i % 3], part="origin,x=test")


def test_what_google_left_unassigned_says_no_part(laid: Laid) -> None:
    data = reading(laid, "ml_use", lambda i: ("TRAINING", "TEST", "UNASSIGNED")[i % 3])
    assert parts(data) == {"train": 10, "test": 10}
    assert "10 pictures without a part in ml_use are set aside" in data.note


def test_the_only_other_column_has_the_parts_where_the_label_was_said(laid: Laid) -> None:
    lines = [f"{('TRAINING', 'TEST')[i % 2]},p{i}.jpg,{'ab'[i // 5]}" for i in range(10)]
    root = laid((f"p{i}.jpg" for i in range(10)), {"l.csv": lines})
    assert parts(read(root / "l.csv", label="column 3")) == {"train": 5, "test": 5}


def test_short_words_are_parts_together(laid: Laid) -> None:
    data = reading(laid, "split", lambda i: ("tr", "va", "te")[i % 3])
    assert parts(data) == {"train": 10, "valid": 10, "test": 10}


def test_a_few_words_of_a_set_may_be_parts(laid: Laid) -> None:
    data = reading(laid, "set", lambda i: "AB"[i % 3 > 0])
    assert parts(data) == {"": 30}
    assert "--part 'set,A=PART,B=PART' says which" in data.note
    assert parts(reading(laid, "set", lambda i: "AB"[i % 3 > 0], part="set,A=test,B=train")) == {
        "test": 10,
        "train": 20,
    }


def test_what_is_in_a_set_is_of_that_part(laid: Laid) -> None:
    data = reading(laid, "in_test_set", lambda i: str(i % 5 == 0))
    assert parts(data) == {"train": 24, "test": 6}


def test_a_fold_leaves_the_rows_of_a_test_part_out_of_training(laid: Laid) -> None:
    def row(i: int) -> str:
        return "test," if i >= 24 else f"train,{i % 3}"

    data = reading(laid, "split,fold", row, fold=1)
    assert parts(data) == {"train": 16, "valid": 8, "test": 6}
    assert "fold 1 of fold is to validate on; what is for test in split stays so" in data.note
    assert "say no fold" not in data.note
    assert parts(reading(laid, "split,fold", row, fold=1, part="fold")) == parts(data)


def test_a_fold_is_to_test_on_where_other_rows_are_to_validate_on(laid: Laid) -> None:
    data = reading(laid, "is_valid,fold", lambda i: f"{i >= 20},{i % 2}", fold=0)
    assert parts(data) == {"test": 10, "train": 10, "valid": 10}


def test_words_are_no_folds(laid: Laid) -> None:
    with pytest.raises(InputError, match="split has no folds, but test, train; with --fold"):
        reading(laid, "split", lambda i: ("train", "test")[i % 2], fold=1, part="split")

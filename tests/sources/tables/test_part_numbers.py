"""Parts that well-known tables write as numbers."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read

Laid = Callable[..., Path]


def part(i: int) -> int:
    return 0 if i < 14 else 1 + i % 2


@pytest.mark.parametrize("name", ["list_eval_partition.csv", "list_eval_partition.txt"])
def test_a_partition_of_numbers_is_one_of_parts(laid: Laid, name: str) -> None:
    attributes = [f"{i}.jpg,{(-1, 1)[i % 2]},{(-1, 1)[i % 3 > 0]}" for i in range(20)]
    partition = {
        "csv": ["image_id,partition", *(f"{i}.jpg,{part(i)}" for i in range(20))],
        "txt": [f"{i}.jpg {part(i)}" for i in range(20)],
    }[name[-3:]]
    tables = {"list_attr.csv": ["image_id,Smiling,Young", *attributes], name: partition}
    root = laid((f"img/{i}.jpg" for i in range(20)), tables)
    data = read(root, label="Smiling")
    assert Counter(s.part for s in data.samples) == {"train": 14, "valid": 3, "test": 3}
    assert f"of {name}: 0 is train, 1 is valid, 2 is test" in data.note


def test_folds_of_one_size_are_no_such_parts(laid: Laid) -> None:
    tables = {
        "labels.csv": ["file,label", *(f"{i}.jpg,{'ab'[i % 2]}" for i in range(18))],
        "folds.csv": ["file,partition", *(f"{i}.jpg,{i % 3}" for i in range(18))],
    }
    root = laid((f"img/{i}.jpg" for i in range(18)), tables)
    assert read(root).parts() == ()
    assert "--part 'partition,0=train,1=valid,2=test' says so" in read(root).note
    assert "--fold" not in read(root).note
    assert Counter(s.part for s in read(root, part="partition").samples).keys() == {
        "train",
        "valid",
        "test",
    }
    assert Counter(s.part for s in read(root, fold=2).samples) == {"train": 12, "test": 6}


@pytest.mark.parametrize("title", ["partition", "split"])
def test_most_rows_train_where_a_column_of_labels_and_parts_says_0_1_2(
    laid: Laid, title: str
) -> None:
    lines = [f"file,label,{title}", *(f"{i}.jpg,{'ab'[i % 2]},{part(i)}" for i in range(20))]
    data = read(laid((f"{i}.jpg" for i in range(20)), {"l.csv": lines}))
    assert Counter(s.part for s in data.samples) == {"train": 14, "valid": 3, "test": 3}
    assert f"parts in {title} of l.csv: 0 is train, 1 is valid, 2 is test" in data.note


def test_two_numbers_are_parts_once_it_is_said_which(laid: Laid) -> None:
    lines = ["file,label,split", *(f"{i}.jpg,{'ab'[i % 2]},{i // 5}" for i in range(10))]
    root = laid((f"{i}.jpg" for i in range(10)), {"l.csv": lines})
    assert "--part 'split,0=train,1=test' says so" in read(root).note
    data = read(root, part="split,1=train,0=test")
    assert Counter(s.part for s in data.samples) == {"train": 5, "test": 5}
    with pytest.raises(InputError, match="split,0=PART,1=PART' says what each is"):
        read(root, part="split")


def test_numbers_that_are_parts_are_so_where_that_is_said(laid: Laid) -> None:
    files = [f"{c}/{c}{i}.jpg" for c in ("cat", "dog") for i in range(6)]
    rows = [f"{file.rpartition('/')[2]},{int(i % 6 < 4)}" for i, file in enumerate(files)]
    root = laid(files, {"split.csv": ["file,train_test_split", *rows]})
    unasked = read(root)
    for said in ("train_test_split", "Train_Test_Split"):
        assert read(root, part=said).samples == unasked.samples
    assert [s.part for s in unasked.samples[:6]] == ["train"] * 4 + ["test"] * 2

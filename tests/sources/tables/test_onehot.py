"""Labels as columns of zeros and ones."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from diptych.sources import read

Laid = Callable[..., Path]


def test_a_column_of_what_is_unlabelled_is_no_class(laid: Laid) -> None:
    ones = ("1,0,0", "0,1,0", "0,0,1")
    lines = ["filename,Unlabeled,cat,dog", *(f"{i}.jpg,{ones[i % 3]}" for i in range(9))]
    data = read(laid((f"{i}.jpg" for i in range(9)), {"_classes.csv": lines}))
    assert data.classes == ("cat", "dog") and len(data) == 6
    assert Counter(stray.reason for stray in data.strays)["no label"] == 3

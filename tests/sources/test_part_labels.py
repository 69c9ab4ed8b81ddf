from collections.abc import Callable
from pathlib import Path

from diptych.sources import read

Laid = Callable[..., Path]


def test_a_class_of_the_test_part_alone_is_told_when_a_table_is_read(laid: Laid) -> None:
    files = [f"{i}.jpg" for i in range(8)]
    rows = [f"{f},{'ab'[i % 2]},{('train', 'test')[i > 5]}" for i, f in enumerate(files)]
    root = laid(files, {"l.csv": ["file,label,split", *rows]})
    assert "no picture to train on" not in read(root).note
    rows[7] = "7.jpg,c,test"
    root = laid(files, {"l.csv": ["file,label,split", *rows]})
    said = "the test part has class 'c', of which there is no picture to train on, such as 7.jpg"
    assert read(root).note.endswith(said)

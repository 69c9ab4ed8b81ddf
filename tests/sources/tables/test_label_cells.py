"""Labels that programs write as lists and objects."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.sources import read
from diptych.sources.tables.label_cells import SeveralMeaningsError, labels_in

Laid = Callable[..., Path]


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ('["cat"]', ("cat",)),
        ("['cat']", ("cat",)),
        ("[3]", ("3",)),
        ('{"choice": "cat"}', ("cat",)),
        ('{"choices": ["cat", "dog"]}', ("cat", "dog")),
        ("['cat', 'cat']", ("cat",)),
        ("['cat', 'dog', None, '']", ("cat", "dog")),
        ('{"objects": [], "answer": {"value": "cat"}}', ("cat",)),
        ("[]", ()),
        ("('cat',)", ("cat",)),
        ("{'cat'}", ("cat",)),
        ("'cat'", ("cat",)),
        ("['cat' 'dog']", ("cat", "dog")),
        ("(cat)", ("(cat)",)),
        ("'n' roll", ("'n' roll",)),
        ("[unknown]", ("[unknown]",)),
        ("{brown} dog", ("{brown} dog",)),
        ("cat", ("cat",)),
    ],
)
def test_a_list_and_an_object_have_labels_in_them(cell: str, labels: tuple[str, ...]) -> None:
    assert labels_in(cell) == labels


def test_an_object_of_several_values_is_none() -> None:
    with pytest.raises(SeveralMeaningsError):
        labels_in('{"title": "kind", "answer": "cat"}')


def labelled(laid: Laid, cells: list[str]) -> Path:
    quoted = (cell.replace('"', '""') for cell in cells)
    lines = ["img,label", *(f'p{i}.jpg,"{cell}"' for i, cell in enumerate(quoted))]
    return laid((f"p{i}.jpg" for i in range(len(cells))), {"l.csv": lines}) / "l.csv"


@pytest.mark.parametrize("written", ['["{}"]', "['{}']", '{{"choices": ["{}"]}}'])
def test_classes_are_the_words_in_them(laid: Laid, written: str) -> None:
    cells = [written.format(("cat", "dog")[i % 2]) for i in range(8)]
    data = read(labelled(laid, [*cells, "cat", "['cat', 'dog']", "[]"]))
    assert data.classes == ("cat", "dog")
    assert len(data) == 9
    assert [s.reason for s in data.strays] == ["several labels", "no label"]
    assert f"label is written by a program: {cells[0]} is 'cat'" in data.note


def test_objects_of_several_values_are_refused(laid: Laid) -> None:
    cells = [f'{{"title": "kind", "answer": "{("cat", "dog")[i % 2]}"}}' for i in range(4)]
    with pytest.raises(InputError, match=r"line 2: label has an object with several values: \{"):
        read(labelled(laid, cells))

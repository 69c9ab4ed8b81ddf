"""Lists of text whose columns blanks part."""

import pytest

from diptych.sources.tables.spaced import spacing_of


def cells(lines: list[str], is_text: bool = True) -> list[list[str]]:
    """The columns of some lines, each twenty times over with another number."""
    lines = [line.replace("#", str(i)) for i in range(20) for line in lines]
    spacing = spacing_of(lines, is_text)
    return [(spacing.respaced(line) if spacing else line).split("\t") for line in lines[-2:]]


@pytest.mark.parametrize(
    ("lines", "columns"),
    [
        (["a#.jpg 0", "b#.jpg 1"], [["a19.jpg", "0"], ["b19.jpg", "1"]]),
        (["a#.jpg   0 1", "b#.jpg  -1 1"], [["a19.jpg", "0", "1"], ["b19.jpg", "-1", "1"]]),
        (["# x/a.jpg", "# y/b.jpg"], [["19", "x/a.jpg"], ["19", "y/b.jpg"]]),
        (["cat a#.jpg", "dog b#.jpg"], [["cat", "a19.jpg"], ["dog", "b19.jpg"]]),
        (["my cat #.jpg 0", "my dog #.jpg 1"], [["my cat 19.jpg", "0"], ["my dog 19.jpg", "1"]]),
        (["cat #.jpg 0", "my dog #.jpg 1"], [["cat 19.jpg", "0"], ["my dog 19.jpg", "1"]]),
        (["a#.jpg pug", "b#.jpg old dog"], [["a19.jpg", "pug"], ["b19.jpg", "old dog"]]),
        (["a# 1", "b# -1"], [["a19", "1"], ["b19", "-1"]]),
        (["my a # 1", "b # -1"], [["my a 19", "1"], ["b 19", "-1"]]),
        (["n# cat, house cat", "m# dog"], [["n19", "cat, house cat"], ["m19", "dog"]]),
        (['"a #.jpg" 0', '"b #.jpg" 1'], [['"a 19.jpg"', "0"], ['"b 19.jpg"', "1"]]),
        (["a#.jpg: old cat", "b#.jpg: dog"], [["a19.jpg", "old cat"], ["b19.jpg", "dog"]]),
        (["a #.jpg=0", "b #.jpg=1"], [["a 19.jpg", "0"], ["b 19.jpg", "1"]]),
        (["a#.jpg 0, 3", "b#.jpg 1, 2"], [["a19.jpg", "0, 3"], ["b19.jpg", "1, 2"]]),
    ],
)
def test_words_make_columns(lines: list[str], columns: list[list[str]]) -> None:
    assert cells(lines) == columns


@pytest.mark.parametrize(
    "lines",
    [
        ["a#.jpg, cat", "b#.jpg, dog"],
        ["a#.jpg;old cat", "b#.jpg;dog"],
        ["a #.jpg|cat", "b #.jpg|dog"],
        ["my a #.jpg", "b #.jpg"],
        ["a#.jpg", "b#.jpg"],
    ],
)
def test_other_signs_and_names_alone_stay(lines: list[str]) -> None:
    assert cells(lines)[0] == [lines[0].replace("#", "19")]


def test_a_csv_has_to_begin_with_names() -> None:
    assert cells(["a#.jpg 0", "b#.jpg 1"], is_text=False) == [["a19.jpg", "0"], ["b19.jpg", "1"]]
    assert cells(["old cat", "young dog"], is_text=False) == [["old cat"], ["young dog"]]

"""Labels and groups that the names of files say."""

import pytest

from diptych.errors import InputError
from diptych.sources.meaning import Meaning, is_title
from diptych.sources.name_patterns import name_pattern


@pytest.mark.parametrize(
    ("pattern", "name", "said"),
    [
        ("name:_", "images/Abyssinian_12.jpg", "Abyssinian"),
        ("name:_", "american_bulldog_12.jpg", "american_bulldog"),
        ("name:.", "cat.12.jpg", "cat"),
        ("name: - ", "hot dog - 3.jpg", "hot dog"),
        ("name:_", "nothing.jpg", ""),
        ("name:_", "x_y/nothing.jpg", ""),
        (r"name:^(\D+)\d", "glass1.jpg", "glass"),
        (r"name:^(\D+)\d", "1.jpg", ""),
        (r"name:_(\d)_", "25_0_2_2017.jpg", "0"),
        (r"name:^(.+)_\d+.jpg$", "great_pyrenees_3.jpg", "great_pyrenees"),
    ],
)
def test_a_separator_says_what_stands_before_it_an_expression_its_group(
    pattern: str, name: str, said: str
) -> None:
    of = name_pattern(pattern)
    assert of and of(name) == said


@pytest.mark.parametrize("pattern", ["name:", "name:cat", r"name:\d+", "name:(a)(b)", "name:(a"])
def test_what_is_neither_is_refused_with_an_example(pattern: str) -> None:
    with pytest.raises(InputError, match=r"separator|no regular expression"):
        Meaning(label=pattern).refuse_senseless()


def test_titles_and_levels_are_no_patterns() -> None:
    assert name_pattern("label") is None and name_pattern("folder:1") is None
    assert is_title("label") and not is_title("folder:1") and not is_title("name:_")


def test_parts_are_not_read_from_names() -> None:
    with pytest.raises(InputError, match="part is not read from names of files"):
        Meaning(part="name:_").refuse_senseless()


def test_folders_of_windows_are_left_out_too() -> None:
    of = name_pattern("name:_")
    assert of is not None
    assert of(r"E:\x\train_1\cat_3.jpg") == "cat"

"""Whether the first line of a table of pixels is titles."""

import pytest

from diptych.sources.pixels.header import is_header, is_numbered_again

NUMBERS = ["number"] * 10


@pytest.mark.parametrize(
    "first",
    [
        ["label", *(f"pixel{i}" for i in range(9))],
        [str(i) for i in range(10)],
        [f"{i}.0" for i in range(10)],
        [str(i) for i in range(1, 11)],
        ["label", *(str(i) for i in range(9))],
        ["", "0", "1", "2", "3", "4", "5", "6", "7", "8"],
        ["5", "0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "3", "3.1"],
    ],
)
def test_titles_may_be_numbers(first: list[str]) -> None:
    assert is_header(first, ["number"] * len(first), ".")


@pytest.mark.parametrize(
    "first",
    [
        ["3", "0", "0", "0", "12", "255", "255", "9", "0", "0"],
        ["3", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"],
        ["3", "0", "x", "0", "12", "255", "255", "9", "0", "0"],
        ["0", "0", "1", "2", "3", "4", "5", "6", "7", "9"],
        ["0", "2", "4", "6", "8", "10", "12", "14", "16", "18"],
    ],
)
def test_a_picture_is_no_title(first: list[str]) -> None:
    assert not is_header(first, NUMBERS, ".")


def test_a_cell_of_many_numbers_is_no_title() -> None:
    pixels = " ".join("0123456789")
    assert not is_header(["cat", pixels], ["text", "picture"], ".")
    assert is_header(["name", "image"], ["text", "picture"], ".")


def test_only_what_pandas_would_number_is_numbered_again() -> None:
    assert is_numbered_again(["0", *(f"0.{i}" for i in range(1, 12)), "7"])
    assert not is_numbered_again(["0", *(f"0.{i}" for i in range(2, 13)), "7"])
    assert not is_numbered_again([f"0.{i}" for i in range(1, 12)])

"""Which numbers are black and white."""

import numpy as np
import pytest

from diptych.errors import InputError
from diptych.sources.pixels.ranges import (
    Extent,
    agreed_range,
    extent_of,
    levels,
    outside,
    parse_range,
    suggested,
)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("0-255", (0, 255)),
        ("-1-1", (-1, 1)),
        ("-1:1", (-1, 1)),
        ("−1–1", (-1, 1)),
        ("0..4095", (0, 4095)),
        ("-2.5-3.1", (-2.5, 3.1)),
        ("-3--1", (-3, -1)),
        (" -0.5 to +0.5 ", (-0.5, 0.5)),
        ("1e-3-2.5e2", (0.001, 250)),
        (".5-1.", (0.5, 1)),
        ((0, 16), (0, 16)),
    ],
)
def test_a_range_is_two_numbers_in_many_ways(text: str, ends: tuple[float, float]) -> None:
    assert parse_range(text) == ends


@pytest.mark.parametrize("text", ["", "255", "abc", "0-255-3", "1-1", "255-0", "0-1e999", "0,255"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"^--range .*(write it as LOW-HIGH|is not less than)"):
        parse_range(text)


@pytest.mark.parametrize(
    ("low", "high", "whole", "ends"),
    [
        (0, 1, False, (0, 1)),
        (0, 0.3, False, (0, 1)),
        (0, 1, True, (0, 1)),
        (0, 9, True, (0, 16)),
        (0, 17, True, (0, 255)),
        (0.5, 254.5, False, (0, 255)),
        (0, 1023, True, (0, 1023)),
        (0, 4095, True, (0, 4095)),
        (0, 65535, True, (0, 65535)),
        (-1, 1, False, (-1, 1)),
        (-1, 0.992, False, (-1, 1)),
        (-0.5, 0.5, False, (-0.5, 0.5)),
        (-128, 127, True, (-128, 127)),
    ],
)
def test_what_is_plain_is_agreed(
    low: float, high: float, whole: bool, ends: tuple[float, float]
) -> None:
    assert agreed_range(Extent(low, high, whole)) == ends


@pytest.mark.parametrize(
    ("low", "high", "whole"),
    [
        (-0.4242, 2.8215, False),  # MNIST's digits, standardised
        (-1, 0.4, False),
        (0, 2.8, False),
        (0, 256, True),
        (0, 3900, True),
        (0, 4095, False),
        (-0.1, 255.2, False),
        (-1.2, 1.2, False),
    ],
)
def test_what_is_not_plain_is_asked(low: float, high: float, whole: bool) -> None:
    assert agreed_range(Extent(low, high, whole)) is None


def test_a_suggestion_is_a_range_that_holds_all_numbers() -> None:
    numbers = np.array([-0.42421296, 0.1, 2.82148653], np.float32)
    ends = parse_range(suggested(extent_of(numbers)).removeprefix("--range="))
    assert not outside(numbers, ends).any()
    assert suggested(Extent(-0.4242, 2.8215, False)) == "--range=-0.4242-2.8215"
    assert suggested(Extent(0, 3900, True)) == "--range=0-4095"
    assert suggested(Extent(-1, 255, True)) == "--range=-1-255"


def test_levels_go_from_black_to_white() -> None:
    assert levels(np.array([-1.0, 0.0, 1.0]), (-1, 1)).tolist() == [0, 128, 255]
    assert levels(np.array([0, 2048, 4095], np.uint16), (0, 4095)).tolist() == [0, 128, 255]
    assert levels(np.array([7, 255], np.uint8), (0, 255)).tolist() == [7, 255]


def test_rounding_takes_no_number_out_of_a_range() -> None:
    numbers = np.array([-1e-7, 1 + 1e-7, 1.01, np.nan])
    assert outside(numbers, (0, 1)).tolist() == [False, False, True, True]

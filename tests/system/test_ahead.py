import itertools
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from diptych.system.ahead import mapped_ahead, taken_ahead


def test_results_come_in_order_and_in_lists_of_a_size() -> None:
    actual = list(mapped_ahead(lambda n: n * n, range(7), 3))
    assert actual == [[0, 1, 4], [9, 16, 25], [36]]
    assert not list(mapped_ahead(abs, (), 3))


def test_no_more_than_two_lists_are_taken_ahead_of_the_one_in_use() -> None:
    taken = itertools.count()
    given = (next(taken) for _ in range(100))
    with closing(mapped_ahead(abs, given, 4)) as lists:
        assert next(lists) == [0, 1, 2, 3]
        assert next(taken) <= 12


def test_the_next_are_made_while_these_are_used() -> None:
    made = threading.Event()

    def make(n: int) -> int:
        if n == 1:
            made.set()
        return n

    with closing(mapped_ahead(make, range(2), 1)) as lists:
        assert next(lists) == [0]
        assert made.wait(20)


def test_items_are_taken_before_they_are_asked_for() -> None:
    taken = []

    def numbers() -> Iterator[int]:
        for number in range(9):
            taken.append(number)
            yield number

    items = taken_ahead(numbers(), 3)
    assert next(items) == 0
    assert next(items) == 1
    items.close()
    assert len(taken) <= 5
    assert list(taken_ahead(numbers(), 3)) == list(range(9))


def test_what_goes_wrong_ahead_is_raised_in_its_place() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    items = taken_ahead(numbers(), 3)
    assert next(items) == 1
    with pytest.raises(ValueError, match="no more"):
        next(items)

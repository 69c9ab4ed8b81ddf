from pathlib import Path

from diptych.data.dataset import Sample
from diptych.data.grouping import grouped, independent, united


def sample(name: str, group: str = "") -> Sample:
    return Sample(name, "a", Path(name), group=group)


def test_items_are_one_group_that_others_link() -> None:
    assert united([["x"], ["y"], ["z"], ["y", "x"], [], []]) == [0, 0, 2, 0, 4, 5]


def test_a_group_of_several_names_has_the_first_whatever_the_order() -> None:
    samples = [sample("1", "Bob"), sample("2", "Ann"), sample("3"), sample("4")]
    copies = {"1": "c", "2": "c", "3": "c", "4": "d"}
    expected = {"1": "Ann", "2": "Ann", "3": "Ann", "4": "d"}
    for order in (samples, samples[::-1]):
        assert {s.name: s.group for s in grouped(order, copies)} == expected


def test_a_name_of_a_group_is_no_name_of_copies() -> None:
    samples = [sample("1", "c"), sample("2"), sample("3")]
    assert [s.group for s in grouped(samples, {"2": "d"})] == ["c", "d", ""]


def test_independent_samples_are_one_of_each_group() -> None:
    assert independent([sample("1", "x"), sample("2"), sample("3", "x"), sample("4")]) == [0, 1, 3]

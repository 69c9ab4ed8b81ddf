from pathlib import Path

from diptych.data.dataset import Sample
from diptych.data.grouping import group_keys, grouped, groups_by, independent, united


def sample(name: str, group: str = "") -> Sample:
    return Sample(name, "a", Path(name), group=group)


def test_items_are_one_group_that_others_link() -> None:
    assert united([["x"], ["y"], ["z"], ["y", "x"], [], []]) == [0, 0, 2, 0, 4, 5]


def test_a_group_of_several_names_has_all_whatever_the_order() -> None:
    samples = [sample("1", "Bob"), sample("2", "Ann"), sample("3"), sample("4")]
    copies = {"1": "c", "2": "c", "3": "c", "4": "d"}
    expected = {"1": "Ann ∪ Bob", "2": "Ann ∪ Bob", "3": "Ann ∪ Bob", "4": "d"}
    for order in (samples, samples[::-1]):
        assert {s.name: s.group for s in grouped(order, copies)} == expected


def test_a_name_of_a_group_is_no_name_of_copies() -> None:
    samples = [sample("1", "c"), sample("2"), sample("3")]
    assert [s.group for s in grouped(samples, {"2": "d"})] == ["c", "d", ""]


def test_what_has_a_value_in_common_is_one_group() -> None:
    values = [
        {"patient": "p1", "lesion": "l1"},
        {"patient": "p1", "lesion": ""},
        {"patient": "p2", "lesion": "l2"},
        {"patient": "", "lesion": ""},
        {"patient": "p3", "lesion": "l1"},
    ]
    first, _, other, none, last = groups = groups_by(values)
    assert groups[1] == first == last and none == ""
    assert group_keys(first) == ["lesion: l1", "patient: p1", "patient: p3"]
    assert group_keys(other) == ["lesion: l2", "patient: p2"] and group_keys(none) == []
    assert groups_by([{"patient": "p1"}, {"patient": ""}]) == ["p1", ""]


def test_independent_samples_are_one_of_each_group() -> None:
    assert independent([sample("1", "x"), sample("2"), sample("3", "x"), sample("4")]) == [0, 1, 3]

from pathlib import Path

import pytest

from diptych.data.dataset import Dataset, Sample
from diptych.data.splitting import refuse_small_classes, split
from diptych.errors import InputError


def squares(counts: dict[str, int], pairs: bool = False) -> Dataset:
    """Samples without pictures; with `pairs`, neighbours are near-duplicates."""
    samples = tuple(
        Sample(f"{c}/{i}", c, Path(f"{c}/{i}"), group=f"{c}/{i // 2}" if pairs else "")
        for c, count in counts.items()
        for i in range(count)
    )
    return Dataset(Path("data"), tuple(sorted(counts)), samples)


def groups(data: Dataset) -> set[str]:
    return {sample.group for sample in data.samples}


@pytest.mark.parametrize("seed", range(5))
def test_duplicates_never_end_up_on_both_sides(seed: int) -> None:
    parts = split(squares({"a": 61, "b": 33}, pairs=True), seed=seed)
    assert not groups(parts.train) & groups(parts.test)
    assert not groups(parts.train) & groups(parts.valid)
    assert not groups(parts.valid) & groups(parts.test)


def test_every_sample_is_in_one_part() -> None:
    data = squares({"a": 40, "b": 17})
    names = sorted(s.name for part in split(data) for s in part.samples)
    assert names == sorted(s.name for s in data.samples)


def test_parts_have_the_shares_that_were_asked_for_in_each_class() -> None:
    parts = split(squares({"a": 200, "b": 60}), valid=0.1, test=0.2)
    assert parts.train.counts() == {"a": 140, "b": 42}
    assert parts.valid.counts() == {"a": 20, "b": 6}
    assert parts.test.counts() == {"a": 40, "b": 12}


def test_the_same_seed_splits_the_same_way_whatever_the_order_of_files() -> None:
    data = squares({"a": 30, "b": 30})
    shuffled = data.with_samples(reversed(data.samples))
    in_test = {s.name for s in split(data, seed=3).test.samples}
    assert in_test == {s.name for s in split(shuffled, seed=3).test.samples}
    assert in_test != {s.name for s in split(data, seed=4).test.samples}


def test_three_pictures_of_a_class_are_just_enough() -> None:
    parts = split(squares({"a": 3, "b": 30}))
    assert [part.counts()["a"] for part in parts] == [1, 1, 1]


def test_too_few_pictures_say_how_many_are_needed() -> None:
    with pytest.raises(InputError, match="class 'a' has 2 independent pictures; at least 3"):
        split(squares({"a": 2, "b": 30}))
    with pytest.raises(InputError, match="class 'a' has 2 independent pictures"):
        split(squares({"a": 4, "b": 30}, pairs=True))


def test_one_class_is_refused() -> None:
    with pytest.raises(InputError, match="only one class, 'a'"):
        split(squares({"a": 30}))


def test_a_given_test_part_stays_and_valid_comes_out_of_train() -> None:
    data = squares({"a": 50, "b": 50})
    given = data.with_samples(
        s._replace(part="test" if i % 5 == 0 else "train") for i, s in enumerate(data.samples)
    )
    parts = split(given, valid=0.1)
    assert {s.name for s in parts.test.samples} == {s.name for s in given.samples[::5]}
    assert len(parts.valid) == 10


def test_few_pictures_beside_a_large_test_part_are_learned_from() -> None:
    data = squares({"a": 55, "b": 55})
    given = data.with_samples(
        s._replace(part="test" if i % 11 else "train") for i, s in enumerate(data.samples)
    )
    assert [len(part) for part in split(given)] == [8, 2, 100]
    assert [len(part) for part in split(given, valid=0.2)] == [6, 4, 100]


def parted(data: Dataset, test: str) -> Dataset:
    """The same, with the samples of a label's numbers in a test part."""
    return data.with_samples(
        s._replace(part="test" if s.name.endswith(test) else "train") for s in data.samples
    )


def test_a_group_in_two_given_parts_is_refused_and_never_moved() -> None:
    data = parted(squares({"a": 40, "b": 40}, pairs=True), test="0")
    with pytest.raises(InputError, match=r"a/0 \(test\) and a/1 \(train\) belong together"):
        split(data)
    # What is known to be the same picture is a group, too.
    same = parted(squares({"a": 40, "b": 40}), test="0")
    same = same.with_samples(s._replace(digest=s.name[:3]) for s in same.samples)
    with pytest.raises(InputError, match="belong together"):
        split(same)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_content_stays_in_one_part_where_it_is_known(seed: int) -> None:
    data = squares({"a": 60, "b": 60})
    copies = data.with_samples(
        s._replace(digest=f"{s.label}{i // 2}", group="Ann" if i in (0, 11, 12) else "")
        for i, s in enumerate(data.samples)
    )
    homes: dict[str, set[str]] = {}
    for part in split(copies, seed=seed):
        for s in part.samples:
            homes.setdefault(s.digest, set()).add(s.part)
    assert all(len(parts) == 1 for parts in homes.values())
    assert homes["a0"] == homes["a5"] == homes["a6"]


def test_a_share_of_a_part_that_is_there_is_not_ignored() -> None:
    data = parted(squares({"a": 40, "b": 40}), test="0")
    with pytest.raises(InputError, match=r"it has a test part, and a share of 0\.3 is asked for"):
        split(data, test=0.3)
    assert len(split(data, valid=0.25).valid) == 20


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({"test": 0.0}, "test=0.0: a part is a share of the whole, between 0 and 1"),
        ({"valid": -0.1}, "valid=-0.1"),
        ({"test": 20}, "test=20"),
        ({"test": float("nan")}, "test=nan"),
        ({"valid": 0.5, "test": 0.5}, "leave no picture to train on"),
    ],
)
def test_what_is_no_share_is_refused(shares: dict[str, float], expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        split(squares({"a": 40, "b": 40}), valid=shares.get("valid"), test=shares.get("test"))


def test_a_half_is_a_half() -> None:
    parts = split(squares({"a": 100, "b": 60}), valid=0.1, test=0.5)
    assert [len(part) for part in parts] == [64, 16, 80]


def test_known_groups_stay_where_they_were_and_the_others_even_the_shares_out() -> None:
    data = squares({"a": 100, "b": 100})
    first = split(data, seed=1)
    known = {s.name: s.part for part in first for s in part.samples[:20]}
    again = split(data, seed=2, known=known)
    part_of = {s.name: s.part for part in again for s in part.samples}
    assert known.items() <= part_of.items()
    assert [len(part) for part in again] == [len(part) for part in first]
    assert any(part_of[s.name] != s.part for part in first for s in part.samples)


def test_a_class_whose_every_picture_is_taken_is_said() -> None:
    data = squares({"a": 20, "b": 20})
    known = {sample.name: "train" for sample in data.samples if sample.label == "a"}
    with pytest.raises(InputError, match="no picture of class 'a' is free for the valid part"):
        split(data, known=known)


def test_what_was_chosen_with_goes_to_train_where_the_valid_part_is_there_already() -> None:
    data = squares({"a": 20, "b": 20})
    own = data.with_samples(
        s._replace(part="valid" if i % 5 == 0 else "") for i, s in enumerate(data.samples)
    )
    known = {s.name: "valid" for s in own.samples[1:4]}
    parts = split(own, known=known)
    assert set(known) <= {sample.name for sample in parts.train.samples}


def test_every_class_that_is_too_small_is_named() -> None:
    samples = [
        Sample(f"{label}{i}", label, Path(f"{label}{i}"))
        for label, count in (("a", 2), ("b", 9), ("c", 1), ("d", 0), ("e", 3))
        for i in range(count)
    ]
    data = Dataset(Path("x"), ("a", "b", "c", "d", "e"), tuple(samples))
    small = "3 classes have too few .* for each part .*: 'a' has 2, 'c' has 1, 'd' has 0; add some"
    for refuse in (split, refuse_small_classes):
        with pytest.raises(InputError, match=small):
            refuse(data)
    kept = data.with_samples(s._replace(part="test") for s in samples)
    refuse_small_classes(kept)
    grouped = data.with_samples(s._replace(group="one") if s.label == "b" else s for s in samples)
    with pytest.raises(InputError, match="'b' has 1, 'c' has 1"):
        refuse_small_classes(grouped)

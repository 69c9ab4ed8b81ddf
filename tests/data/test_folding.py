from pathlib import Path

import pytest

from diptych.data.dataset import Dataset, Sample
from diptych.data.folding import development, folds
from diptych.data.splitting import split
from diptych.errors import InputError


def squares(
    counts: dict[str, int], *, pairs: bool = False, part: str = "", digest: str = ""
) -> Dataset:
    """Samples without pictures; with `pairs`, neighbours are near-duplicates."""
    samples = tuple(
        Sample(f"{c}/{i}", c, Path(f"{c}/{i}"), part, f"{c}/{i // 2}" if pairs else "", digest)
        for c, count in counts.items()
        for i in range(count)
    )
    return Dataset(Path("data"), tuple(sorted(counts)), samples)


@pytest.mark.parametrize("k", [2, 3, 7])
def test_each_picture_is_in_the_test_part_of_one_fold_and_in_no_other_part_there(k: int) -> None:
    data = squares({"a": 40, "b": 21})
    tested = []
    for fold in folds(data, k, seed=1):
        names = [{s.name for s in part.samples} for part in fold]
        assert set.union(*names) == {s.name for s in data.samples}
        assert sum(map(len, names)) == len(data)
        tested += sorted(names[2])
    assert sorted(tested) == sorted(s.name for s in data.samples)


def test_folds_are_of_one_size_in_each_class() -> None:
    assert [f.test.counts() for f in folds(squares({"a": 100, "b": 20}), 5)] == [
        {"a": 20, "b": 4}
    ] * 5


@pytest.mark.parametrize("seed", range(3))
def test_what_belongs_together_is_never_parted(seed: int) -> None:
    for fold in folds(squares({"a": 61, "b": 33}, pairs=True), 4, seed):
        groups = [{s.group for s in part.samples} for part in fold]
        assert not groups[0] & groups[2]
        assert not groups[1] & groups[2]
        assert not groups[0] & groups[1]


def test_copies_to_the_byte_are_never_parted() -> None:
    data = squares({"a": 30, "b": 30})
    copies = [s._replace(name=f"copy/{s.name}", digest="same") for s in data.samples[:3]]
    copied = data.with_samples((*data.samples, *copies))
    for fold in folds(copied, 3):
        assert sum(any(s.digest == "same" for s in part.samples) for part in fold) == 1


def test_a_test_part_that_is_known_is_in_no_fold() -> None:
    data, known = squares({"a": 20, "b": 20}), squares({"x": 5}, part="test")
    both = data.with_samples((*data.samples, *known.samples))
    names = {s.name for fold in folds(both, 4) for part in fold for s in part.samples}
    assert names == {s.name for s in data.samples}


def test_the_parts_for_development_are_all_but_the_test_part() -> None:
    parts = split(squares({"a": 40, "b": 40}))
    own = {s.name for s in development(*parts[:2]).samples}
    assert own == {s.name for part in parts[:2] for s in part.samples}
    assert not development(*parts[:2]).parts()


def test_another_seed_makes_other_folds_and_the_same_one_the_same() -> None:
    data = squares({"a": 40, "b": 40})

    def tested(seed: int) -> list[set[str]]:
        shuffled = data.with_samples(reversed(data.samples)) if seed else data
        return [{s.name for s in fold.test.samples} for fold in folds(shuffled, 4, seed)]

    first = [{s.name for s in fold.test.samples} for fold in folds(data, 4, 1)]
    assert tested(1) == first
    assert tested(2) != first


def test_a_class_too_small_for_so_many_folds_is_named() -> None:
    with pytest.raises(InputError) as refused:
        folds(squares({"a": 4, "b": 30}), 5)
    assert str(refused.value) == (
        "data: class 'a' has 4 independent pictures outside of the test part; 5 folds need at "
        "least 5; take 4 folds, or add some, or leave the class out"
    )


def test_a_single_fold_is_none() -> None:
    with pytest.raises(InputError, match="the number of folds is a whole number between 2 and"):
        folds(squares({"a": 40, "b": 40}), 1)

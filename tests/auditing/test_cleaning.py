from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from diptych import audit, clean, read, split
from diptych.data.dataset import Dataset
from diptych.errors import InputError


def smaller(source: Path, target: Path) -> None:
    """A near-duplicate."""
    with Image.open(source) as image:
        image.resize((48, 48)).save(target)


def grouped(data: Dataset, groups: Mapping[str, str]) -> Dataset:
    """The data set with a group for each file that is named."""
    return data.with_samples(
        s._replace(group=groups.get(Path(s.name).name, "")) for s in data.samples
    )


def together(data: Dataset) -> list[set[str]]:
    """The files of each group of more than one."""
    members: dict[str, set[str]] = {}
    for sample in data.samples:
        members.setdefault(sample.group, set()).add(Path(sample.name).name)
    return sorted((names for names in members.values() if len(names) > 1), key=min)


def cleaned(data: Dataset) -> Dataset:
    return clean(data, audit(data, size=64))


def test_groups_of_the_owner_stay(folder_of: Callable[..., Path]) -> None:
    data = cleaned(grouped(read(folder_of(8)), {"red000.png": "Ann", "blue003.png": "Ann"}))
    assert together(data) == [{"red000.png", "blue003.png"}]
    assert {s.group for s in data.samples if s.name == "red/red000.png"} == {"Ann"}
    for seed in range(8):
        homes = {
            s.part for part in split(data, seed=seed) for s in part.samples if s.group == "Ann"
        }
        assert len(homes) == 1


def test_a_near_duplicate_makes_one_group_of_two(folder_of: Callable[..., Path]) -> None:
    root = folder_of(8)
    smaller(root / "red/red001.png", root / "red/copy.png")
    owner = {"red000.png": "Ann", "red001.png": "Ann", "copy.png": "Bob", "red005.png": "Bob"}
    data = cleaned(grouped(read(root), owner))
    assert together(data) == [{"red000.png", "red001.png", "copy.png", "red005.png"}]
    assert {s.group for s in data.samples if s.name == "red/copy.png"} == {"Ann ∪ Bob"}


def test_a_copy_that_is_left_out_links_groups_all_the_same(folder_of: Callable[..., Path]) -> None:
    root = folder_of(8)
    (root / "red/zz.png").write_bytes((root / "red/red001.png").read_bytes())
    owner = {"red000.png": "Ann", "red001.png": "Ann", "zz.png": "Bob", "red005.png": "Bob"}
    data = cleaned(grouped(read(root), owner))
    assert "red/zz.png" not in {sample.name for sample in data.samples}
    assert together(data) == [{"red000.png", "red001.png", "red005.png"}]


def test_a_second_cleaning_parts_nothing(folder_of: Callable[..., Path]) -> None:
    root = folder_of(8)
    smaller(root / "red/red001.png", root / "red/copy.png")
    data = cleaned(grouped(read(root), {"copy.png": "Bob", "red005.png": "Bob"}))
    again = cleaned(data)
    assert again.samples == data.samples
    # An audit that sees no copies, because these are small, forgets none that were seen.
    blind = audit(data, size=64)
    blind = replace(blind, groups={name: name for name in blind.groups})
    assert together(clean(data, blind)) == together(data)


def test_groups_are_called_by_content_so_that_they_mean_the_same_elsewhere(
    folder_of: Callable[..., Path],
) -> None:
    first = cleaned(read(folder_of(8)))
    other = cleaned(read(folder_of(8, name="other", start=100)))
    assert {s.name for s in first.samples} & {s.name for s in other.samples} == set()
    assert not {s.group for s in first.samples} & {s.group for s in other.samples}
    assert {s.group for s in first.samples} == {s.digest for s in first.samples}


def test_an_audit_of_other_pictures_is_refused(folder_of: Callable[..., Path]) -> None:
    data, other = read(folder_of(4)), read(folder_of(4, name="other", start=100))
    with pytest.raises(InputError, match=r"the audit does not know blue/blue000\.png"):
        clean(data, audit(other, size=64))

"""Ids in the names of files that come again."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from diptych.data.dataset import Dataset, Sample
from diptych.sources import read
from diptych.sources.ids_in_names import note_on_ids


def data(names: Sequence[str], label: Callable[[int], str] = lambda i: "ab"[i // 5 % 2]) -> Dataset:
    samples = tuple(Sample(name, label(i), Path(name)) for i, name in enumerate(names))
    return Dataset(Path("set"), ("a", "b"), samples, ())


VIDEOS = [f"video{i // 5}_frame{i % 5}.jpg" for i in range(30)]


@pytest.mark.parametrize(
    ("names", "option"),
    [
        (VIDEOS, r"--group 'name:(video\d+)'"),
        ([f"x/{name}" for name in VIDEOS], r"--group 'name:(video\d+)'"),
        ([f"frame{i % 5}_Video-{i // 5}.jpg" for i in range(30)], r"--group 'name:(Video-\d+)'"),
        ([f"patient{i // 5}-{i % 5}.dcm.png" for i in range(30)], r"--group 'name:(patient\d+)'"),
        (
            [f"P{i // 2:03}_{'LR'[i % 2]}.png" for i in range(30)],
            "--group name:_ ",
        ),
        ([f"{i // 3:08}_{i % 3:03}.png" for i in range(30)], "--group name:_ "),
        ([f"A{i // 3}.b.{i % 3}.png" for i in range(30)], r"--group 'name:^([^.]+)\..*\.'"),
        ([f"A{i // 3}-{i % 3}.png" for i in range(30)], "--group name:- "),
        ([f"A{i // 3}-{i % 3}-x.png" for i in range(30)], r"--group 'name:^([^-]+)-'"),
    ],
)
def test_they_are_pointed_out_with_the_option_that_groups_by_them(
    names: list[str], option: str
) -> None:
    note = note_on_ids(data(names))
    assert option in note
    assert "come again" in note


@pytest.mark.parametrize(
    "names",
    [
        [f"IMG_{i:04}.jpg" for i in range(30)],
        [f"{i}.jpg" for i in range(30)],
        [f"cat_{i}.jpg" for i in range(30)],
        [f"video{i}.jpg" for i in range(30)],
        [f"{'cd'[i % 2]}/{i // 2}.jpg" for i in range(30)],
        [f"{'cd'[i % 2]}/{i // 4}_{i // 2 % 2}.jpg" for i in range(40)],
        [f"2024010{i // 4 + 1}_{i:04}.jpg" for i in range(30)],
        [f"image{i // 3}_{i % 3}.jpg" for i in range(30)],
        [f"c{i // 5 % 2}_{i}.jpg" for i in range(30)],
        [f"{20 + i * 7 % 13}_{i % 2}_{i % 3}_{i}.jpg" for i in range(60)],
    ],
)
def test_other_names_are_not(names: list[str]) -> None:
    assert note_on_ids(data(names)) == ""


def test_folders_and_tables_are_told_alike_until_a_group_is_said(tmp_path: Path) -> None:
    for i, name in enumerate(VIDEOS):
        folder = tmp_path / "ab"[i // 5 % 2]
        folder.mkdir(exist_ok=True)
        (folder / name).touch()
    rows = [f"{name},{'ab'[i // 5 % 2]}" for i, name in enumerate(VIDEOS)]
    (tmp_path.parent / "l.csv").write_text("\n".join(["file,label", *rows]))
    for place in (tmp_path, tmp_path.parent / "l.csv"):
        assert r"--group 'name:(video\d+)'" in read(place).note
        grouped = read(place, group=r"name:(video\d+)")
        assert {s.group for s in grouped.samples} == {f"video{k}" for k in range(6)}
        assert "--group" not in grouped.note

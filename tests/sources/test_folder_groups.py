"""Folders at a level that are groups: by the way down to them, or by their names alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from diptych.sources import read


def groups(place: Path, **said: Any) -> dict[str, str]:
    return {s.name: s.group for s in read(place, **said).samples}


def laid(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


SITES = [
    f"{site}/{label}/seq{k}/{i}.png"
    for site in ("siteA", "siteB")
    for label in ("cat", "dog")
    for k in range(2)
    for i in range(2)
]


def as_table(root: Path, names: Sequence[str]) -> Path:
    rows = [f"{name},{'cat' if '/cat/' in name else 'dog'}" for name in names]
    (root / "l.csv").write_text("\n".join(["file,label", *rows]))
    return root / "l.csv"


@pytest.mark.parametrize("kind", ["folders", "table"])
def test_sequences_that_restart_at_each_site_are_groups_of_their_own(
    tmp_path: Path, kind: str
) -> None:
    root = laid(tmp_path, *SITES)
    place = as_table(root, SITES) if kind == "table" else root
    said: dict[str, Any] = {} if kind == "table" else {"label": "folder:2"}
    one = groups(place, **said, group="folder:3")
    assert one["siteA/cat/seq0/0.png"] == one["siteA/dog/seq0/0.png"] == "siteA/seq0"
    assert set(one.values()) == {"siteA/seq0", "siteA/seq1", "siteB/seq0", "siteB/seq1"}
    note = read(place, **said, group="folder:3").note
    assert "seq0 in siteA is another group than seq0 in siteB; --group 'folder:*/3' makes" in note
    alone = groups(place, **said, group="folder:*/3")
    assert set(alone.values()) == {"seq0", "seq1"}
    assert "another group" not in read(place, **said, group="folder:*/3").note


def test_a_patient_whose_pictures_an_archive_has_in_two_pieces_is_one(tmp_path: Path) -> None:
    names = [f"set-{k:03}/{'xy'[i % 2]}/p{i}/{k}.png" for k in (1, 2) for i in range(4)]
    data = groups(laid(tmp_path / "set", *names), group="folder:3")
    assert set(data.values()) == {"p0", "p1", "p2", "p3"}


@pytest.mark.parametrize("kind", ["folders", "table"])
def test_a_patient_in_two_classes_and_parts_is_one(tmp_path: Path, kind: str) -> None:
    names = [
        f"{part}/{label}/p{k}/{part}{k}.png"
        for part in ("train", "test")
        for label in ("cat", "dog")
        for k in range(2)
    ]
    root = laid(tmp_path, *names)
    place = as_table(root, names) if kind == "table" else root
    assert set(groups(place, group="folder:3").values()) == {"p0", "p1"}

"""Copies are found once; later only new pictures are compared, and the outcome is the same."""

import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps

from diptych.auditing.copies import duplicates as module
from diptych.auditing.copies import near
from diptych.auditing.copies.duplicates import Duplicates, duplicates
from diptych.auditing.copies.near import near_duplicate_pairs, thumbnails
from diptych.auditing.copies.pairs import Pair
from diptych.data.dataset import Sample
from diptych.images.decoding import pixel_store
from diptych.neighbours import cells
from drawn import photograph

Pictures = dict[str, Image.Image]
ORIGINALS: Pictures = {f"original {i}": photograph(i) for i in range(40)}
COPIES: Pictures = {
    **{f"smaller {i}": photograph(i).resize((160, 120)) for i in range(4)},
    **{f"mirrored {i}": ImageOps.mirror(photograph(i)) for i in range(4, 8)},
    **{f"cut {i}": photograph(i).crop((0, 0, 320, 200)) for i in range(8, 12)},
}


def looked_at(pictures: Pictures) -> Duplicates:
    """The copies among pictures whose pixels are in the cache."""
    store = pixel_store((96, 96, 3))
    for name, picture in pictures.items():
        if name not in store:
            store.add([(name, np.asarray(picture.resize((96, 96))), {})])
    return duplicates([Sample(name, "", Path(name), digest=name) for name in pictures], store)


def names(found: Duplicates) -> set[frozenset[str]]:
    return {frozenset(s.name for s in group) for group in found.groups if len(group) > 1}


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures were new in each comparison."""
    counts: list[int] = []

    def counted(*args: object, new_N: npt.NDArray[np.bool_], **options: object) -> list[Pair]:
        counts.append(int(new_N.sum()))
        return near_duplicate_pairs(*args, new_N=new_N, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "near_duplicate_pairs", counted)
    return counts


def test_only_new_pictures_are_compared_and_all_copies_are_found(
    own_cache: Path, compared: list[int]
) -> None:
    assert names(looked_at(ORIGINALS)) == set()
    # New ones may come first.
    later = looked_at({**COPIES, **ORIGINALS})
    assert compared == [40, 12]
    assert names(later) == {frozenset((name, f"original {name.split()[1]}")) for name in COPIES}
    shutil.rmtree(own_cache / "comparisons")
    anew = looked_at({**COPIES, **ORIGINALS})
    assert (anew.groups, anew.changes) == (later.groups, later.changes)
    assert compared == [40, 12, 52]


def test_what_was_a_copy_of_something_gone_is_compared_again(compared: list[int]) -> None:
    looked_at({**ORIGINALS, **COPIES})
    fewer = {name: ORIGINALS[name] for name in list(ORIGINALS)[4:]}
    assert len(names(looked_at({**fewer, **COPIES}))) == 8
    looked_at({**fewer, **COPIES})
    assert compared == [52, 4, 0]


def test_a_damaged_comparison_is_none(own_cache: Path, compared: list[int]) -> None:
    looked_at(ORIGINALS)
    [kept] = (own_cache / "comparisons").rglob("*.json")
    kept.write_text('{"digests": [1')
    looked_at(ORIGINALS)
    assert compared == [40, 40]


def test_thumbnails_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def counted(images_NHWC: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        made.append(len(images_NHWC))
        return thumbnails(images_NHWC)

    monkeypatch.setattr(module, "thumbnails", counted)
    looked_at(ORIGINALS)
    looked_at({**ORIGINALS, **COPIES})
    assert made == [40, 12]


@pytest.mark.parametrize("few", [10_000, 16])
def test_pairs_with_a_new_picture_are_those_of_all(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "FEW", few)
    pictures = [*ORIGINALS.values(), *COPIES.values()]
    rows = thumbnails(np.stack([np.asarray(p.resize((96, 96))) for p in pictures]))
    every = {pair[:2] for pair in near_duplicate_pairs(rows)}
    assert len(every) == 12
    for new in (range(40, 52), range(3), range(6, 10)):
        new_N = np.isin(np.arange(52), new)
        pairs = {pair[:2] for pair in near_duplicate_pairs(rows, new_N=new_N)}
        assert pairs == {pair for pair in every if new_N[list(pair)].any()}


def test_thumbnails_are_read_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [photograph(i).resize((96, 96)) for i in range(6)] * 6
    rows = Watched(thumbnails(np.stack([np.asarray(p) for p in pictures])))
    for place in ("small_pictures", "near", "augmented"):
        monkeypatch.setattr(f"diptych.auditing.copies.{place}.CHUNK", 8)
    for place in ("near", "candidates"):
        monkeypatch.setattr(f"diptych.auditing.copies.{place}.AT_ONCE", 8)
    monkeypatch.setattr(cells, "FEW", 8)
    monkeypatch.setattr(cells, "BASE_ROWS", 8)
    assert len(near.near_duplicate_pairs(rows)) > 36
    assert rows.most <= 8


class Watched:
    """Rows that know how many of them were asked for at once."""

    def __init__(self, rows: npt.NDArray[np.float32]) -> None:
        self.rows, self.most, self.shape = rows, 0, rows.shape

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, which: slice | npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        some = self.rows[which]
        self.most = max(self.most, len(some))
        return some

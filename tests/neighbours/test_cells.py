"""Rows that are alike are found in cells as by comparing all with all."""

import numpy as np
import numpy.typing as npt
import pytest

from diptych.neighbours import cells
from diptych.neighbours.cells import Alike, Cells

Floats = npt.NDArray[np.float32]
ALIKE = 0.8


def scattered(count: int, seed: int) -> Floats:
    """Directions that scatter in some dimensions more than in others, as descriptors do."""
    spread_D = 1 / np.sqrt(np.arange(1, 65))
    return unit(np.random.default_rng(seed).standard_normal((count, 64)) * spread_D)


def unit(rows_ND: npt.NDArray[np.floating]) -> Floats:
    return np.asarray(rows_ND / np.linalg.norm(rows_ND, axis=1, keepdims=True), np.float32)


def planted(count: int, copies: int) -> Floats:
    """Scattered directions, some of which come again, changed a little."""
    rows_ND = scattered(count, 0)
    noise = 0.35 * scattered(copies, 1)
    return unit(np.concatenate([rows_ND, rows_ND[:copies] + noise]))


def pairs(found: Alike) -> set[tuple[int, int]]:
    return set(zip(found.query_P.tolist(), found.base_P.tolist(), strict=True))


def all_pairs(rows_ND: Floats) -> set[tuple[int, int]]:
    return {(int(i), int(j)) for i, j in np.argwhere(rows_ND @ rows_ND.T >= ALIKE) if j < i}


def looked_for(rows_ND: Floats, most: int = 100) -> Alike:
    return Cells(rows_ND).alike(rows_ND, np.arange(len(rows_ND)), ALIKE, most, later=False)


def test_of_few_rows_none_is_missed() -> None:
    rows_ND = planted(2000, 100)
    assert pairs(looked_for(rows_ND)) == all_pairs(rows_ND)


def test_of_many_rows_hardly_any_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "FEW", 1000)
    rows_ND = planted(6000, 500)
    expected, actual = all_pairs(rows_ND), pairs(looked_for(rows_ND))
    assert len(Cells(rows_ND).centre_CD) == 128
    assert len(expected) > 500
    assert actual <= expected
    assert len(actual) >= 0.99 * len(expected)


def test_the_same_pairs_are_found_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "FEW", 1000)
    rows_ND = planted(3000, 100)
    first, second = looked_for(rows_ND), looked_for(rows_ND)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_closest_before_and_after_are_kept_and_never_a_row_itself() -> None:
    angles = np.linspace(0, 0.5, 21)
    rows_ND = np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)
    found = Cells(rows_ND).alike(rows_ND[[10]], np.array([10]), 0.0, 2, later=True)
    assert found.base_P.tolist() == [8, 9, 11, 12]
    found = Cells(rows_ND).alike(rows_ND[[10]], np.array([10]), 0.0, 2, later=False)
    assert found.base_P.tolist() == [8, 9]


def test_a_thousand_equal_rows_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "PENDING", 20_000)
    rows_ND = np.repeat(scattered(1, 0), 1500, axis=0)
    longest = 0
    joined = cells._joined

    def watched(found: list[Alike]) -> Alike:
        nonlocal longest
        every = joined(found)
        longest = max(longest, len(every.query_P))
        return every

    monkeypatch.setattr(cells, "_joined", watched)
    monkeypatch.setattr(cells, "QUERIES", 64)
    monkeypatch.setattr(cells, "BASE_ROWS", 64)
    found = looked_for(rows_ND, most=3)
    assert len(found.query_P) == 1 + 2 + 3 * 1497
    # Of a million pairs.
    assert longest < 20_000 + 64 * 64 + len(found.query_P)

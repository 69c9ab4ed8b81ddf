"""Rows that point almost the same way, found without comparing each with each.

This is an inverted file (H. Jégou, M. Douze and C. Schmid, "Product Quantization for Nearest
Neighbor Search", PAMI 33, 2011, without the quantisation): rows lie in cells around centres that
k-means finds; a query is compared with the rows of the cells that are nearest to it. All queries of
a cell are compared at once, by a product of two matrices, so NumPy is as fast as anything.

Axes: M rows of the base, N queries, D numbers of each, C cells, P pairs.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from diptych.images.rows import Rows, in_batches
from diptych.neighbours import BASE_ROWS, QUERIES, Floats, Indices, best_of_each

# Up to so many rows all are compared: in one cell nothing is missed.
FEW = 8192
# Cells that a query is looked for in. Of the pairs of 20,000 small pictures that are alike enough
# to be looked at, 99.6 % and more lie in them, and all but 0.1 % of those that are much alike.
PROBES = 32
# The least share of all cells: of planted pairs among a million, 32 cells have 89 %, 128 have 98 %.
PROBED = 0.1
# Rows of a sample from which k-means learns, a cell; and its rounds.
SAMPLE, ROUNDS = 48, 4
# Pairs that are kept until the closest of them are chosen.
PENDING = 2_000_000


class Alike(NamedTuple):
    """Pairs of a query and a row of the base."""

    query_P: Indices  # positions among the queries
    base_P: Indices
    score_P: Floats  # the cosine


class Cells:
    """Rows of length 1, (M, D), each in the cell of the centre that is most like it.

    In memory are D numbers of 16 bits a row, of 32 where there are few.
    """

    def __init__(self, base_MD: Rows) -> None:
        count = len(base_MD)
        self.centre_CD = _centres(base_MD, _cell_count(count))
        parts = [self._nearest(some, 1)[:, 0] for some in in_batches(base_MD, BASE_ROWS)]
        cell_M = np.concatenate([np.empty(0, np.intp), *parts])
        self.row_M = np.argsort(cell_M, kind="stable")  # the rows cell by cell
        self.start_C = np.searchsorted(cell_M[self.row_M], np.arange(len(self.centre_CD) + 1))
        self.place_M = np.empty_like(self.row_M)  # where each row lies
        self.place_M[self.row_M] = np.arange(count)
        dtype = np.float16 if len(self.centre_CD) > 1 else np.float32
        self.sorted_MD = np.empty(base_MD.shape, dtype)
        for first, some in zip(
            range(0, count, BASE_ROWS), in_batches(base_MD, BASE_ROWS), strict=True
        ):
            self.sorted_MD[self.place_M[first : first + len(some)]] = some

    def __len__(self) -> int:
        return len(self.row_M)

    def read(self, rows_P: Indices) -> Floats:
        """Some rows, (P, D)."""
        return np.asarray(self.sorted_MD[self.place_M[rows_P]], np.float32)

    def alike(
        self, query_ND: Floats, at_N: Indices, least: float, most: int, *, later: bool
    ) -> Alike:
        """The closest `most` rows before each query, at least so alike; and of those after it.

        `at_N` is where queries stand among the rows, and is in order. A query is not compared with
        its own row, and with later ones only if asked. In order of queries and rows.
        """
        found, pending = [Alike(*_nothing())], 0
        for pairs in self._compared(query_ND, at_N, least, later):
            found.append(pairs)
            pending += len(pairs.query_P)
            if pending > PENDING:
                found = [_closest(_joined(found), at_N, most, later)]
                pending = len(found[0].query_P)
        return _closest(_joined(found), at_N, most, later)

    def _compared(
        self, query_ND: Floats, at_N: Indices, least: float, later: bool
    ) -> Iterator[Alike]:
        for cell, query_N in self._queries(query_ND):
            start, end = self.start_C[cell : cell + 2].tolist()
            for some_N in in_batches(query_N, QUERIES):
                row_M = self.row_M[start:end]
                if not later:
                    row_M = row_M[: np.searchsorted(row_M, at_N[some_N[-1]])]
                for first in range(0, len(row_M), BASE_ROWS):
                    block_M = row_M[first : first + BASE_ROWS]
                    lie = slice(start + first, start + first + len(block_M))
                    row_MD = np.asarray(self.sorted_MD[lie], np.float32)
                    score_NM = query_ND[some_N] @ row_MD.T
                    query_P, base_P = np.divmod(np.flatnonzero(score_NM >= least), len(block_M))
                    score_P = score_NM[query_P, base_P]
                    yield Alike(some_N[query_P], block_M[base_P], score_P)

    def _queries(self, query_ND: Floats) -> Iterator[tuple[int, Indices]]:
        """The cells, and which queries look into each."""
        cell_NP = self._nearest(query_ND, max(PROBES, round(PROBED * len(self.centre_CD))))
        order = np.argsort(cell_NP, axis=None, kind="stable")
        start_C = np.searchsorted(cell_NP.ravel()[order], np.arange(len(self.centre_CD) + 1))
        for cell in np.flatnonzero(np.diff(start_C)).tolist():
            yield cell, order[start_C[cell] : start_C[cell + 1]] // cell_NP.shape[1]

    def _nearest(self, row_ND: Floats, most: int) -> Indices:
        """The cells whose centres are most like each row, in no order."""
        if most >= len(self.centre_CD):
            return np.tile(np.arange(len(self.centre_CD)), (len(row_ND), 1))
        score_NC = row_ND @ self.centre_CD.T
        if most == 1:
            return np.asarray(score_NC.argmax(1)[:, None])
        return np.asarray(np.argpartition(-score_NC, most - 1, axis=1)[:, :most])


def _cell_count(rows: int) -> int:
    """One for few rows; else a power of two, so that there are a hundred rows and more in each."""
    return 1 if rows <= FEW else int(2 ** np.round(np.log2(2 * np.sqrt(rows))))


def _centres(base_MD: Rows, count: int) -> Floats:
    """Directions around which the rows lie, (C, D): spherical k-means on some of them."""
    if count == 1:
        return np.zeros((1, base_MD.shape[1]), np.float32)
    chosen = np.random.default_rng(0).permutation(len(base_MD))[: count * SAMPLE]
    sample_MD = np.asarray(base_MD[np.sort(chosen)], np.float32)
    centre_CD = sample_MD[np.random.default_rng(1).permutation(len(sample_MD))[:count]]
    for _ in range(ROUNDS):
        nearest = [(some @ centre_CD.T).argmax(1) for some in in_batches(sample_MD, BASE_ROWS)]
        cell_M = np.concatenate(nearest)
        order = np.argsort(cell_M, kind="stable")
        filled, first = np.unique(cell_M[order], return_index=True)
        mean_CD = np.add.reduceat(sample_MD[order], first, axis=0)
        length_C1 = np.linalg.norm(mean_CD, axis=1, keepdims=True)
        # A cell that nothing lies in keeps its centre.
        centre_CD[filled] = mean_CD / np.maximum(length_C1, 1e-6)
    return centre_CD


def _nothing() -> tuple[Indices, Indices, Floats]:
    return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32)


def _joined(found: list[Alike]) -> Alike:
    return Alike(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _closest(pairs: Alike, at_N: Indices, most: int, later: bool) -> Alike:
    """Of each query the closest rows before it, and the closest after it if those are asked for."""
    query_P, base_P, score_P = pairs
    own_P = at_N[query_P]
    other_P = np.flatnonzero((base_P < own_P) | (later & (base_P > own_P)))
    query_P, base_P, score_P = query_P[other_P], base_P[other_P], score_P[other_P]
    order_P = np.lexsort((base_P, query_P))
    query_P, base_P, score_P = query_P[order_P], base_P[order_P], score_P[order_P]
    kept_P = best_of_each(2 * query_P + (base_P > at_N[query_P]), score_P, most)
    return Alike(query_P[kept_P], base_P[kept_P], score_P[kept_P])

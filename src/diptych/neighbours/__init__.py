"""The pictures most like others, in one place: the nearest of few, and all that are alike of many.

Axes: N queries, M rows of the base, D numbers of each, L neighbours.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.images.rows import Rows, in_batches

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]

# Rows of the base, and queries, that are compared at once: 4 million similarities.
BASE_ROWS, QUERIES = 4096, 1024


class Neighbours(NamedTuple):
    """The rows that point most in the same direction, the nearest first; of equals the first."""

    indices_NL: Indices
    similarity_NL: Floats  # the cosine: 1 where they point the same way


def nearest(query_ND: Rows, base_MD: Rows, most: int) -> Neighbours:
    """The `most` nearest rows of a base to each query, by the cosine; fewer where it is smaller.

    Exact: each query is compared with each row, some at a time, so that neither needs to be in
    memory.
    """
    found = [_nearest(queries, base_MD, most) for queries in in_batches(query_ND, QUERIES)]
    if not found:
        none_NL = np.empty((0, min(most, len(base_MD))))
        return Neighbours(none_NL.astype(np.intp), none_NL.astype(np.float32))
    return Neighbours(*(np.concatenate(column) for column in zip(*found, strict=True)))


def directions(features_ND: npt.NDArray[Any]) -> Floats:
    """Features of length 1; those that are all 0 stay so, and are like nothing."""
    length_N1 = np.linalg.norm(features_ND, axis=1, keepdims=True)
    return np.asarray(features_ND / np.where(length_N1 > 0, length_N1, 1), np.float32)


def _nearest(query_ND: npt.NDArray[Any], base_MD: Rows, most: int) -> Neighbours:
    query_DN = directions(query_ND).T
    indices_NL = np.empty((len(query_ND), 0), np.intp)
    similarity_NL = np.empty((len(query_ND), 0), np.float32)
    first = 0
    for base in in_batches(base_MD, BASE_ROWS):
        cosine_NM = (directions(base) @ query_DN).T
        positions_NM = np.broadcast_to(np.arange(first, first + len(base)), cosine_NM.shape)
        both_NL = np.concatenate([similarity_NL, cosine_NM], axis=1)
        order_NL = np.argsort(-both_NL, axis=1, kind="stable")[:, :most]
        indices_NL = np.take_along_axis(np.hstack([indices_NL, positions_NM]), order_NL, 1)
        similarity_NL = np.take_along_axis(both_NL, order_NL, 1)
        first += len(base)
    return Neighbours(indices_NL, similarity_NL)


def best_of_each(owner_P: Indices, score_P: Floats, most: int) -> npt.NDArray[np.bool_]:
    """Which items are among the `most` of their owner with the highest scores, (P,)."""
    order_P = np.lexsort((-score_P, owner_P))
    sorted_P = owner_P[order_P]
    best_P = np.zeros(len(owner_P), np.bool_)
    best_P[order_P] = np.arange(len(owner_P)) - np.searchsorted(sorted_P, sorted_P) < most
    return best_P

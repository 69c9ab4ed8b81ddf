"""The training pictures that look most like others to a network.

Axes: N pictures, D features, M training pictures, L neighbours.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.data.dataset import Sample
from diptych.images.decoding import CHUNK
from diptych.images.rows import in_batches

Indices = npt.NDArray[np.intp]


class Neighbour(NamedTuple):
    """A training picture that looks like another one to the network."""

    name: str
    label: str
    digest: str
    similarity: float  # the cosine of the features


class Neighbours(NamedTuple):
    """The training pictures that look most alike to a network, the nearest first."""

    indices_NL: Indices  # positions among the training pictures
    similarity_NL: npt.NDArray[np.float32]  # the cosine: 1 where the features point the same way


def neighbours(
    test_features_ND: npt.NDArray[Any], train_features_MD: npt.NDArray[Any], most: int = 5
) -> Neighbours:
    """The training pictures nearest to each test picture by the cosine of their features."""
    train_DM = _directions(train_features_MD).T
    kept = min(most, train_DM.shape[1])
    indices, similarity = [], []
    for batch_ND in in_batches(test_features_ND, CHUNK):
        cosine_NM = _directions(batch_ND) @ train_DM
        nearest_NL = np.argpartition(-cosine_NM, kept - 1, axis=1)[:, :kept]
        cosine_NL = np.take_along_axis(cosine_NM, nearest_NL, 1)
        order_NL = np.argsort(-cosine_NL, axis=1)
        indices.append(np.take_along_axis(nearest_NL, order_NL, 1))
        similarity.append(np.take_along_axis(cosine_NL, order_NL, 1))
    return Neighbours(np.concatenate(indices), np.concatenate(similarity))


def nearest_samples(
    test_features_ND: npt.NDArray[Any],
    train_features_MD: npt.NDArray[Any],
    train: Sequence[Sample],
    most: int,
) -> list[list[Neighbour]]:
    """The nearest of some training pictures for each test picture."""
    nearest = neighbours(test_features_ND, train_features_MD, most)
    return [
        [
            Neighbour(train[i].name, train[i].label, train[i].digest, float(similarity))
            for i, similarity in zip(indices_L, similarity_L, strict=True)
        ]
        for indices_L, similarity_L in zip(*nearest, strict=True)
    ]


def _directions(features_ND: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Features of length 1; those that are all 0 stay so, and are like nothing."""
    length_N1 = np.linalg.norm(features_ND, axis=1, keepdims=True)
    return np.asarray(features_ND / np.where(length_N1 > 0, length_N1, 1), np.float32)

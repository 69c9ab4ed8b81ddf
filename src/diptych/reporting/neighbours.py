"""The training pictures that look most like others to a network.

Axes: N pictures, D features, M training pictures.
"""

from collections.abc import Sequence
from typing import NamedTuple

from diptych.data.dataset import Sample
from diptych.images.rows import Rows
from diptych.neighbours import nearest


class Neighbour(NamedTuple):
    """A training picture that looks like another one to the network."""

    name: str
    label: str
    digest: str
    similarity: float  # the cosine of the features


def nearest_samples(
    test_features_ND: Rows, train_features_MD: Rows, train: Sequence[Sample], most: int
) -> list[list[Neighbour]]:
    """The nearest of some training pictures for each test picture."""
    return [
        [
            Neighbour(train[i].name, train[i].label, train[i].digest, float(similarity))
            for i, similarity in zip(indices_L, similarity_L, strict=True)
        ]
        for indices_L, similarity_L in zip(
            *nearest(test_features_ND, train_features_MD, most), strict=True
        )
    ]

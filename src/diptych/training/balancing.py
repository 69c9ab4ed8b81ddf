"""Rare classes that count as much as common ones.

Each picture's target is weighted by how rare its class is, in training and where the best epoch is
chosen. The network then answers as if each class came equally often: a rare one is found, and more
of the common ones are taken for it.

Letters in names: N pictures, K classes.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# A picture counts at most so many times as much as one of the commonest class: of a class with two
# pictures, more than that would be learned by heart.
MOST = 100.0


def class_weights(labels: Sequence[int], classes: int, balance: str) -> Floats | None:
    """What a picture of each class counts, (K,): by inverse frequency, 1 on average over pictures.

    None where `balance` is "none". A class without a picture counts as one with a single one.
    """
    if balance == "none":
        return None
    count_K = np.maximum(np.bincount(labels, minlength=classes), 1)
    weight_K = np.minimum(count_K.max() / count_K, MOST)
    mean = weight_K[np.asarray(labels, np.intp)].mean()
    return np.asarray(weight_K / mean, np.float32)

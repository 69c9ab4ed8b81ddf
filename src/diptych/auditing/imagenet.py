"""What a network trained on ImageNet takes pictures for, among the 1,000 classes of that.

Axes: N pictures, D features, K classes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.auditing.features import BACKBONE
from diptych.images.rows import Rows, map_batches
from diptych.networks.pretrained import imagenet_classes, imagenet_head

Floats = npt.NDArray[np.float32]

BATCH = 256


class Guess(NamedTuple):
    """What a picture may show."""

    name: str  # of a class of ImageNet
    probability: float


def probability(features_ND: Rows, position: int) -> Floats:
    """How probable a class of ImageNet is for each picture, (N,), by the features of BACKBONE."""
    return _of_batches(features_ND, lambda p_NK: p_NK[:, position])


def guesses(features_ND: Rows) -> list[Guess]:
    """The likeliest class of ImageNet for each picture, by the features of BACKBONE."""

    def likeliest(p_NK: Floats) -> Floats:
        return np.stack([p_NK.argmax(1).astype(np.float32), p_NK.max(1)], axis=1)

    names = imagenet_classes()
    found_N2 = _of_batches(features_ND, likeliest)
    return [Guess(names[int(position)], float(p)) for position, p in found_N2]


def _of_batches(features_ND: Rows, wanted: Callable[[Floats], Floats]) -> Floats:
    weights_KD, bias_K = imagenet_head(BACKBONE)

    def of_batch(some_ND: Floats) -> Floats:
        logits_NK = some_ND @ weights_KD.T + bias_K
        powers_NK = np.exp(logits_NK - logits_NK.max(1, keepdims=True))
        return wanted(powers_NK / powers_NK.sum(1, keepdims=True))

    return map_batches(of_batch, features_ND, BATCH)

"""From logits to probabilities. N pictures, K classes."""

from typing import Any

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[np.float32]  # (N, K)
Probabilities = npt.NDArray[np.float32]  # (N, K)


def softmax(logits_NK: npt.NDArray[Any]) -> Probabilities:
    """Probabilities of logits, computed in float64."""
    return np.asarray(np.exp(log_softmax(logits_NK.astype(np.float64))), np.float32)


def log_softmax(logits_NK: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The logarithm of the softmax, without overflow, as precise as the logits are.

    No number (NaN) where a logit of the picture is infinite, as in training that diverged.
    """
    with np.errstate(invalid="ignore"):
        shifted_NK = logits_NK - logits_NK.max(1, keepdims=True)
        return np.asarray(shifted_NK - np.log(np.exp(shifted_NK).sum(1, keepdims=True)))

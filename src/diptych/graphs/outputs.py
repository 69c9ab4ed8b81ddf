"""What every exported file does, whatever runs it: uint8 pixels in, named numbers out."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

NamedOutputs = Mapping[str, npt.NDArray[np.float32]]  # by name, N pictures first
OpenFile = Callable[[npt.NDArray[Any]], NamedOutputs]  # of pixels (N, H, W, C)

PROBABILITIES = "probabilities"  # (N, K)
OOD_SCORE = "ood_score"  # (N,), above 1: none of the classes
# The member of an archive that says what the classes are called and how pixels are made.
FACTS = "diptych.json"


def concatenated(batches: Iterable[NamedOutputs]) -> NamedOutputs:
    """The outputs for all pictures, from those for each batch of them; there is at least one."""
    parts = list(batches)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

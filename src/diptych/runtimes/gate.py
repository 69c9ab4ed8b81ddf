"""The gate: an export answers as its network does on real pictures, or it is not written."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.errors import GateError
from diptych.metrics.probabilities import Probabilities
from diptych.runtimes import Run

# In float32, two ways to sum the same products differ by less than this in probability.
LIMIT = 1e-4
# Batches of these sizes first, then the rest at once: a graph with a fixed batch fails here.
BATCHES = (1, 7)


# OOD score is measured in thresholds; it sums hundreds of products more than a probability does.
OOD_SCORE_LIMIT = 1e-2


class Parity(NamedTuple):
    """How an export compared with its network."""

    pictures: int
    max_difference: float  # the largest difference in probability
    agreement: float  # the share of pictures with the same answer, ties aside


def check(
    run: Run, images_NHWC: npt.NDArray[np.uint8], expected_NK: Probabilities, limit: float = LIMIT
) -> Parity:
    """Compare an export with its network's probabilities on the same pictures.

    Raises GateError when a probability differs by more than `limit` or an answer differs where
    the network's two best probabilities are further apart than that.
    """
    edges = [e for e in np.cumsum(BATCHES) if e < len(images_NHWC)]
    batches = np.split(images_NHWC, edges)
    try:
        found_NK = np.concatenate([run(batch) for batch in batches])
    except Exception as cause:
        # Each runtime raises classes of its own that share no base.
        sizes = ", ".join(str(len(batch)) for batch in batches)
        said = str(cause).strip().splitlines() or [type(cause).__name__]
        raise GateError(
            f"the export cannot be run on batches of {sizes} pictures ({said[0]}); "
            "nothing was written"
        ) from cause
    if found_NK.shape != expected_NK.shape:
        raise GateError(
            f"the export answers with the shape {found_NK.shape}, not {expected_NK.shape}; "
            "nothing was written"
        )
    found = parity(found_NK, expected_NK, limit)
    if not found.max_difference <= limit or found.agreement < 1:
        raise GateError(
            f"the export differs from the trained network by {found.max_difference:.2g} in "
            f"probability (limit {limit:g}; same answer on {found.agreement:.1%} of "
            f"{found.pictures} pictures); nothing was written"
        )
    return found


def parity(found_NK: Probabilities, expected_NK: Probabilities, limit: float = LIMIT) -> Parity:
    """How an export's probabilities compare with its network's, which may differ by the limit."""
    best_N2 = np.sort(expected_NK, axis=1)[:, -2:]
    tie_N = best_N2[:, 1] - best_N2[:, 0] <= 2 * limit
    same_N = (found_NK.argmax(1) == expected_NK.argmax(1)) | tie_N
    difference = float(np.abs(found_NK - expected_NK).max())
    return Parity(len(found_NK), difference, float(same_N.mean()))


def check_ood_score(found_N: npt.NDArray[np.float32], expected_N: npt.NDArray[np.float32]) -> float:
    """Compare a graph's OOD score with that computed apart; returns the largest difference.

    Raises GateError
    where it is more than `STRANGENESS_LIMIT`.
    """
    difference = apart(found_N, expected_N)
    if not difference <= OOD_SCORE_LIMIT:
        raise GateError(
            f"the graph's OOD score differs by {difference:.2g} thresholds from what it should "
            f"be (limit {OOD_SCORE_LIMIT:g}); nothing was written"
        )
    return difference


def apart(found_N: npt.NDArray[np.float32], expected_N: npt.NDArray[np.float32]) -> float:
    """The largest difference in OOD score, relative where pictures are outlier than 1."""
    return float((np.abs(found_N - expected_N) / np.maximum(np.abs(expected_N), 1)).max())

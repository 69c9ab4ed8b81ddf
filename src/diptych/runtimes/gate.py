"""The gate: an export answers as its network does on real pictures, or it is not written.

Letters in names: N pictures, K classes, B pictures in the order in which they are shown.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.errors import GateError, first_line
from diptych.graphs.outputs import PROBABILITIES, NamedOutputs, OpenFile, concatenated
from diptych.images.rows import Rows, in_batches
from diptych.metrics.probabilities import Probabilities
from diptych.runtimes import Predict

# In float32, two ways to sum the same products differ by less than this in probability.
LIMIT = 1e-4
# OOD scores are measured in thresholds; one sums hundreds of products more than a probability does.
OOD_SCORE_LIMIT = 1e-2
# A file with a fixed batch fails at one of these.
BATCHES = (1, 7, 32)

OodScores = npt.NDArray[np.float32]  # (N,)


class Parity(NamedTuple):
    """How an export compared with its network."""

    pictures: int
    max_difference: float  # the largest difference in probability
    agreement: float  # the share of pictures with the same answer, ties aside


class BatchedOutputs(NamedTuple):
    """What an export gave for pictures."""

    order_B: npt.NDArray[np.intp]  # their positions; each picture is there at least once
    outputs: NamedOutputs


def check(predict: Predict, images_NHWC: Rows, expected_NK: Probabilities) -> Parity:
    """Compare an export with its network's probabilities on the same pictures.

    Raises GateError when a probability differs by more than `LIMIT` or an answer differs where
    the network's two best probabilities are further apart than that.
    """
    try:
        batched = run_in_batches(lambda batch: {PROBABILITIES: predict(batch)}, images_NHWC)
        comparison = parity(batched, expected_NK)
    except GateError as error:
        raise GateError(f"the export {error}; nothing was written") from error
    if reason := refusal(comparison):
        raise GateError(f"the export {reason}; nothing was written")
    return comparison


def run_in_batches(file: OpenFile, images_NHWC: Rows) -> BatchedOutputs:
    """Run a file on all pictures: in batches of 1, 7 and 32, then 32 at a time.

    Where there are fewer pictures than that takes, they are shown again. Raises GateError, without
    saying of what, where it cannot be run.
    """
    count, edges = len(images_NHWC), np.cumsum(BATCHES)
    rest = np.arange(edges[-1], count)
    batches = [
        *np.split(np.arange(edges[-1]) % count, edges[:-1]),
        *in_batches(rest, BATCHES[-1]),
    ]
    try:
        outputs = concatenated(file(np.ascontiguousarray(images_NHWC[batch])) for batch in batches)
    except Exception as cause:
        # Each runtime raises classes of its own that share no base.
        sizes = ", ".join(map(str, BATCHES))
        why = f"cannot be run on batches of {sizes} pictures ({first_line(cause)})"
        raise GateError(why) from cause
    return BatchedOutputs(np.concatenate(batches), outputs)


def parity(batched: BatchedOutputs, expected_NK: Probabilities) -> Parity:
    """How an export's probabilities compare with its network's.

    Raises GateError, without saying of what, where they have another shape.
    """
    p_BK, expected_BK = batched.outputs[PROBABILITIES], expected_NK[batched.order_B]
    if p_BK.shape != expected_BK.shape:
        raise GateError(f"answers with the shape {p_BK.shape}, not {expected_BK.shape}")
    best_B2 = np.sort(expected_BK, axis=1)[:, -2:]
    tie_B = best_B2[:, 1] - best_B2[:, 0] <= 2 * LIMIT
    same_B = (p_BK.argmax(1) == expected_BK.argmax(1)) | tie_B
    difference = float(np.abs(p_BK - expected_BK).max())
    return Parity(len(expected_NK), difference, float(same_B.mean()))


def refusal(parity: Parity) -> str:
    """Why an export is not as good as its network, without saying of what; "" where it is."""
    if parity.max_difference <= LIMIT and parity.agreement == 1:
        return ""
    return (
        f"differs from the trained network by {parity.max_difference:.2g} in probability "
        f"(limit {LIMIT:g}; same answer on {parity.agreement:.1%} of {parity.pictures:,} pictures)"
    )


def ood_score_difference(score_N: OodScores, expected_N: OodScores) -> float:
    """The largest difference in thresholds; of scores above 1 it is a share of them."""
    return float((np.abs(score_N - expected_N) / np.maximum(np.abs(expected_N), 1)).max())

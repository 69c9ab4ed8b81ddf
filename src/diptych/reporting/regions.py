"""The regions of a map: where points lie close together, with thin places between them.

Each point climbs the density of all points to the next summit, and belongs to that (mean shift,
Comaniciu and Meer, 2002, on a grid).

Axes: N points, 2 coordinates.
"""

import numpy as np
import numpy.typing as npt

MOST = 9  # more are too many to read
CELLS = 64  # a side of the grid that the density is counted on
NARROWEST, WIDER = 1.5, 1.25  # the first bandwidth, in cells; the next ones are so many times wider


def regions(positions_N2: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """The region of each point, (N,): 0 is the one with the most points. Positions are 0 to 1."""
    cells_N2 = np.minimum((positions_N2 * CELLS).astype(np.intp), CELLS - 1)
    counts = np.zeros((CELLS, CELLS))
    np.add.at(counts, (cells_N2[:, 0], cells_N2[:, 1]), 1)
    bandwidth = NARROWEST
    while True:
        summits = _summits(_blurred(counts, bandwidth))
        _, region_N = np.unique(summits[cells_N2[:, 0], cells_N2[:, 1]], return_inverse=True)
        if region_N.max(initial=0) < MOST:
            break
        bandwidth *= WIDER
    rank = np.argsort(np.argsort(-np.bincount(region_N), kind="stable"), kind="stable")
    return np.asarray(rank[region_N], np.intp)


def _blurred(counts: npt.NDArray[np.float64], bandwidth: float) -> npt.NDArray[np.float64]:
    reach = np.arange(CELLS)
    kernel = np.exp(-0.5 * ((reach[:, None] - reach) / bandwidth) ** 2)
    return np.asarray(kernel @ counts @ kernel.T)


def _summits(density: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """The summit that each cell leads up to, as its number among all cells."""
    n = len(density)
    padded = np.pad(density, 1, constant_values=-1.0)
    around = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
    steps = np.stack(
        [padded[1 + row : n + 1 + row, 1 + column : n + 1 + column] for row, column in around]
    )
    best = steps.argmax(axis=0)
    row_of, column_of = np.indices((n, n))
    moves = np.array(around)[best]
    upward = ((row_of + moves[:, :, 0]) * n + column_of + moves[:, :, 1]).ravel()
    while not np.array_equal(upward, further := upward[upward]):
        upward = further
    return np.asarray(upward.reshape(n, n))

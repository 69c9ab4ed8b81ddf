"""Pictures on a plane: those that look alike to a network lie near each other.

The features are reduced to their first principal components, each picture is tied to its nearest
neighbours among these, and t-SNE (van der Maaten and Hinton, 2008) lays out the graph of the ties.
All ties of a picture weigh alike, which looks the same as weights by perplexity (Böhm, Berens and
Kobak, 2022: "Attraction-repulsion spectrum in neighbor embeddings"). It starts from the first two
components (Kobak and Berens, 2019: "The art of using t-SNE for single-cell transcriptomics"), so
nothing is drawn at random, with the learning rate of Belkina et al. (2019: "Automated optimized
parameters for t-SNE"). That all push each other away is a convolution, which is interpolated on a
grid and computed by the fast Fourier transform (Linderman et al., 2019: "Fast interpolation-based
t-SNE"), so that the time grows with the pictures, not with their pairs.

Axes: N pictures, D features, C principal components, K neighbours, G nodes a side of the grid, 2
coordinates.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.images.rows import Rows, in_batches
from diptych.system.progress import Track, unwatched

Floats = npt.NDArray[np.floating]
Positions = npt.NDArray[np.float64]

COMPONENTS = 50
SPARE, ITERATIONS = 14, 6  # of the iteration that finds them
NEIGHBOURS = 15
BATCH = 1024  # pictures whose features, or distances to all others, are in memory at once
DISTANCES = 2_000_000  # that are in memory at once
# Steps, how often attraction counts in them, and the momentum: first the clusters gather, then they
# unfold. Attraction of 1.5 in the end would keep 39 rather than 61 % of the nearest (CIFAR-10).
STAGES = ((250, 12.0, 0.5), (350, 1.0, 0.8))
LONGEST_STEP = 5.0
SPACING = 0.5  # of the nodes of the grid; 1 is the distance at which the push begins to fade
LEAST_NODES, MOST_NODES = 32, 512
WIDER = 1.05  # times, from one grid to the next


def projected(features_ND: Rows, track: Track = unwatched) -> Positions:
    """Where each picture lies on the plane: (N, 2), from 0 to 1 along the longer side.

    Equal features give equal positions on one machine; in others' arithmetic they may turn out
    otherwise. Below 4 pictures all lie on a line.
    """
    components_NC = principal_components(features_ND, COMPONENTS)
    if len(components_NC) < 4:
        positions_N2 = np.stack([np.arange(len(components_NC)), np.zeros(len(components_NC))], 1)
    else:
        positions_N2 = _unfolded(components_NC, _ties(nearest(components_NC, NEIGHBOURS)), track)
    # Screens are wide: the longest way across lies level.
    around_N2 = positions_N2 - positions_N2.mean(axis=0)
    _, axes_22 = np.linalg.eigh(around_N2.T @ around_N2)
    level_N2 = around_N2 @ axes_22[:, ::-1]
    low_2 = level_N2.min(axis=0)
    return np.asarray((level_N2 - low_2) / ((level_N2 - low_2).max() or 1.0))


def principal_components(features_ND: Rows, most: int) -> npt.NDArray[np.float32]:
    """The features along the directions in which they differ most: (N, C), C at most `most`."""
    n, width = features_ND.shape
    sum_D, squares_DD = np.zeros(width), np.zeros((width, width))
    for batch_ND in in_batches(features_ND, BATCH):
        sum_D += batch_ND.sum(axis=0, dtype=np.float64)
        squares_DD += batch_ND.T @ batch_ND
    mean_D = sum_D / n
    axes_DC = _leading_axes(squares_DD / n - np.outer(mean_D, mean_D), min(most, width))
    # Either way along an axis is as good: the same one every time.
    axes_DC *= np.sign(axes_DC[np.abs(axes_DC).argmax(axis=0), np.arange(axes_DC.shape[1])])
    rows = [(batch_ND - mean_D) @ axes_DC for batch_ND in in_batches(features_ND, BATCH)]
    return np.concatenate(rows).astype(np.float32)


def _leading_axes(covariance_DD: Positions, count: int) -> Positions:
    """The eigenvectors with the largest eigenvalues, (D, C), the largest first.

    By subspace iteration with more columns than asked for (Halko, Martinsson and Tropp, 2011:
    "Finding structure with randomness"), a tenth of the time of all eigenvectors.
    """
    width = len(covariance_DD)
    columns = min(count + SPARE, width)
    axes_DC = np.random.default_rng(0).standard_normal((width, columns))
    for _ in range(ITERATIONS):
        axes_DC, _ = np.linalg.qr(covariance_DD @ axes_DC)
    _, turn_CC = np.linalg.eigh(axes_DC.T @ covariance_DD @ axes_DC)
    return np.asarray((axes_DC @ turn_CC[:, ::-1])[:, :count])


def nearest(points_NC: Floats, most: int) -> npt.NDArray[np.intp]:
    """The nearest others of each point, (N, K), in no order."""
    k = min(most, len(points_NC) - 1)
    squares_N = (points_NC**2).sum(axis=1)
    found = []
    batch = min(BATCH, max(DISTANCES // len(points_NC), 1))
    for start in range(0, len(points_NC), batch):
        batch_BC = points_NC[start : start + batch]
        distances_BN = squares_N - 2 * batch_BC @ points_NC.T
        distances_BN[np.arange(len(batch_BC)), start + np.arange(len(batch_BC))] = np.inf
        # A view would keep all of them.
        found.append(np.argpartition(distances_BN, k - 1, axis=1)[:, :k].copy())
    return np.concatenate(found)


class _Ties(NamedTuple):
    """The graph of neighbours, each tie both ways, sorted by where it starts."""

    ends: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]
    weights: Positions  # they sum up to 1
    starts: npt.NDArray[np.intp]  # the first tie of each point


def _ties(nearest_NK: npt.NDArray[np.intp]) -> _Ties:
    n, k = nearest_NK.shape
    one, other = np.repeat(np.arange(n), k), nearest_NK.ravel()
    both = np.concatenate([one * n + other, other * n + one])
    pairs, times = np.unique(both, return_counts=True)
    first = pairs // n
    return _Ties((first, pairs % n), times / (2.0 * k * n), np.searchsorted(first, np.arange(n)))


def _unfolded(components_NC: Floats, ties: _Ties, track: Track) -> Positions:
    """The layout: gradient descent with momentum and a gain of its own for each coordinate."""
    start_N2 = components_NC[:, :2].astype(np.float64)
    positions_N2 = start_N2 / (start_N2[:, 0].std() or 1.0) * 1e-4
    step_N2, gains_N2 = np.zeros_like(positions_N2), np.ones_like(positions_N2)
    stages = [(pull, momentum) for steps, pull, momentum in STAGES for _ in range(steps)]
    for attraction, momentum in track(stages, "drawing the map", len(stages)):
        rate = len(positions_N2) / attraction
        slope_N2 = attraction * _pull(positions_N2, ties) - _push(positions_N2)
        onward_N2 = np.sign(slope_N2) != np.sign(step_N2)
        gains_N2 = np.where(onward_N2, gains_N2 + 0.2, np.maximum(gains_N2 * 0.8, 0.01))
        step_N2 = momentum * step_N2 - rate * gains_N2 * slope_N2
        length_N1 = np.linalg.norm(step_N2, axis=1, keepdims=True)
        step_N2 *= np.minimum(1.0, LONGEST_STEP / np.maximum(length_N1, 1e-12))
        positions_N2 = positions_N2 + step_N2
        positions_N2 -= positions_N2.mean(axis=0)
    return positions_N2


def _pull(positions_N2: Positions, ties: _Ties) -> Positions:
    """How strongly its neighbours draw each point, as a slope."""
    one, other = ties.ends
    places_2N = np.ascontiguousarray(positions_N2.T)
    x_T, y_T = (place_N[one] - place_N[other] for place_N in places_2N)
    weights_T = ties.weights / (1 + x_T * x_T + y_T * y_T)
    return np.stack([np.add.reduceat(weights_T * a_T, ties.starts) for a_T in (x_T, y_T)], axis=1)


def _push(positions_N2: Positions) -> Positions:
    """How strongly all others push each point away, by Student's t kernel, as a slope."""
    n = len(positions_N2)
    low_2 = positions_N2.min(axis=0)
    span = float((positions_N2 - low_2).max())
    # A little wider than they are, so that many steps share a grid.
    span = WIDER ** np.ceil(np.log(max(span, 1e-9)) / np.log(WIDER))
    wanted = int(np.ceil(span / SPACING)) + 4
    nodes = _fast(2 * min(max(wanted, LEAST_NODES), MOST_NODES)) // 2
    step = float(span / (nodes - 4))
    index_N9, share_N9 = _on_grid((positions_N2 - low_2) / step + 1, nodes)
    charges = (np.ones(n), *positions_N2.T)
    grids_3GG = np.stack(
        [np.bincount(index_N9.ravel(), (share_N9 * q[:, None]).ravel(), nodes**2) for q in charges]
    ).reshape(3, nodes, nodes)
    size = (2 * nodes, 2 * nodes)
    kernels = _kernels(nodes, step)
    spectra = np.fft.rfft2(grids_3GG.astype(np.float32), s=size)
    products = np.stack([spectra[0] * kernels[0], *(spectra * kernels[1])])
    fields_4GG = np.fft.irfft2(products, s=size)[:, :nodes, :nodes].reshape(4, -1)
    kernel_sum_N, mass_N, *moment_2N = (fields_4GG[:, index_N9] * share_N9).sum(axis=2)
    pushes_N2 = positions_N2 * mass_N[:, None] - np.stack(moment_2N, axis=1)
    return np.asarray(pushes_N2 / max(float(kernel_sum_N.sum()) - n, 1e-9))


@lru_cache(maxsize=1)
def _kernels(nodes: int, step: float) -> npt.NDArray[np.complex64]:
    """The spectra of Student's t kernel and of its square, on twice as large a grid.

    The distances wrap around it.
    """
    away = np.minimum(np.arange(2 * nodes), 2 * nodes - np.arange(2 * nodes)) * step
    kernel_GG = 1 / (1 + away[:, None] ** 2 + away**2)
    kernels = np.fft.rfft2(np.stack([kernel_GG, kernel_GG**2]).astype(np.float32))
    return np.asarray(kernels, np.complex64)


def _on_grid(places_N2: Positions, nodes: int) -> tuple[npt.NDArray[np.intp], Positions]:
    """The nine nodes around each place, (N, 9), and its share in each (Lagrange's, of degree 2)."""
    centre_N2 = np.rint(places_N2).astype(np.intp)
    off_N2 = places_N2 - centre_N2
    shares_3N2 = np.stack([off_N2 * (off_N2 - 1) / 2, 1 - off_N2**2, off_N2 * (off_N2 + 1) / 2])
    around = np.arange(-1, 2)
    rows_N3, columns_N3 = (centre_N2[:, [axis]] + around for axis in (0, 1))
    index_N9 = (rows_N3[:, :, None] * nodes + columns_N3[:, None, :]).reshape(-1, 9)
    share_N9 = (shares_3N2[:, :, 0].T[:, :, None] * shares_3N2[:, :, 1].T[:, None, :]).reshape(
        -1, 9
    )
    return index_N9, share_N9


def _fast(least: int) -> int:
    """The next length that a Fourier transform is fast at: it has no factors but 2, 3 and 5."""
    for length in range(least, 2 * least):
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1 and length % 2 == 0:
            return length
    return 2 * least

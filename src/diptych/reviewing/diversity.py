"""Pictures that are unlike each other: those that teach most, and that show what there is.

Axes: N pictures, D features, S numbers of a sketch of them, M pictures among others.
"""

import numpy as np
import numpy.typing as npt

from diptych.images.rows import Rows, in_batches
from diptych.neighbours import directions
from diptych.system.progress import Track

Floats = npt.NDArray[np.float32]
Positions = npt.NDArray[np.intp]

# Distances hold within some percent in so many directions (Johnson & Lindenstrauss 1984): 10,000
# pictures are 5 MB, and another is chosen among them in a millisecond.
SKETCH = 128
CHUNK = 1024


def sketched(rows_ND: Rows, track: Track) -> Floats:
    """The directions of features, projected to a few numbers each, (N, S)."""
    width = rows_ND.shape[1]
    projection_DS = np.random.default_rng(0).standard_normal((width, min(SKETCH, width)))
    projection_DS = (projection_DS / np.sqrt(projection_DS.shape[1])).astype(np.float32)
    chunks = track(in_batches(rows_ND, CHUNK), "comparing pictures", -(-len(rows_ND) // CHUNK))
    return np.concatenate([directions(chunk) @ projection_DS for chunk in chunks])


def spread_out(
    sketch_NS: Floats, known: Positions, count: int, weight_N: npt.ArrayLike | None = None
) -> Positions:
    """The positions of up to `count` pictures far from each other and from those that are known.

    Each is drawn by the square of its distance to the nearest that is chosen already, times its
    weight (k-means++; Arthur & Vassilvitskii 2007): strangers alone do not come first, as with the
    farthest each time.
    """
    rng = np.random.default_rng(0)
    weights_N = np.ones(len(sketch_NS)) if weight_N is None else np.asarray(weight_N, np.float64)
    distance_N = np.full(len(sketch_NS), np.inf)
    for position in known:
        distance_N = np.minimum(distance_N, _squares(sketch_NS, position))
    chosen: list[int] = []
    left_N = np.ones(len(sketch_NS), np.bool_)
    left_N[known] = False
    for _ in range(min(count, int(left_N.sum()))):
        finite = np.isfinite(distance_N[0]) if len(distance_N) else True
        chance_N = weights_N * left_N * (distance_N if finite else 1.0)
        total = chance_N.sum()
        chance_N = chance_N / total if total > 0 else left_N / left_N.sum()
        position = int(rng.choice(len(sketch_NS), p=chance_N))
        chosen.append(position)
        left_N[position] = False
        distance_N = np.minimum(distance_N, _squares(sketch_NS, position))
    return np.array(chosen, np.intp)


def _squares(sketch_NS: Floats, position: int) -> npt.NDArray[np.float64]:
    off_NS = sketch_NS - sketch_NS[position]
    return np.asarray(np.einsum("ns,ns->n", off_NS, off_NS), np.float64)

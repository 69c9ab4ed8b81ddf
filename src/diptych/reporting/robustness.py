"""How accuracy falls as pictures get worse.

Axes: N pictures, H their height, W their width, C colours (1 or 3), K classes.
"""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.images.rows import Rows, in_batches, map_batches
from diptych.metrics import Score, share
from diptych.reporting.corruptions import KINDS, STRENGTHS, corrupted
from diptych.runtimes import Predict
from diptych.system.progress import Track, unwatched

Indices = npt.NDArray[np.intp]

# All strengths look at as many pictures as have this many pixels, 200 photographs at 288 × 288, or
# at fewer where a machine would take longer than so many seconds.
PIXELS = 200 * 288 * 288
SECONDS = 55.0
FEWEST = 40
WORSE = 1.4  # a pass with making pictures worse, in passes of the network alone
BATCH = 16


class Curve(NamedTuple):
    """Accuracy under one kind of corruption: untouched first, then from weak to strong."""

    kind: str  # one of KINDS
    scores: tuple[Score, ...]
    n: int  # pictures


def robustness(
    run: Predict,
    pixels_NHWC: Rows,
    labels: Sequence[int],
    *,
    most: int = 1000,
    seed: int = 0,
    track: Track = unwatched,
) -> tuple[Curve, ...]:
    """The accuracy under each kind of corruption, with Wilson's intervals.

    `run` maps uint8 pixels (N, H, W, C) to probabilities (N, K). All scores are those of the same
    pictures: `most` of them at most, and fewer of large ones (200 of 288 × 288 pixels), or where
    `run` is so slow that it would take more than a minute.
    """
    height, width = pixels_NHWC[np.arange(1)].shape[1:3]
    affordable = max(PIXELS // (height * width), FEWEST)
    sampled_N = stratified(labels, min(most, affordable), seed)
    images_NHWC, labels_N = pixels_NHWC[sampled_N], np.asarray(labels)[sampled_N]
    started = time.monotonic()
    right_N = map_batches(run, images_NHWC, BATCH).argmax(1) == labels_N
    # A clock may stand still for so quick a network.
    each = max(time.monotonic() - started, 1e-3) / len(labels_N)
    in_time = int(SECONDS / (len(KINDS) * STRENGTHS * WORSE * each))
    kept_N = stratified(labels_N.tolist(), max(in_time, FEWEST), seed)
    images_NHWC, labels_N, right_N = images_NHWC[kept_N], labels_N[kept_N], right_N[kept_N]

    def accuracy(kind: str, strength: int) -> Score:
        # Seeded by the place of the batch: its noise is not that of the one before.
        p_NK = np.concatenate(
            [
                run(corrupted(batch_NHWC, kind, strength, seed + BATCH * i))
                for i, batch_NHWC in enumerate(in_batches(images_NHWC, BATCH))
            ]
        )
        return share(int((p_NK.argmax(1) == labels_N).sum()), len(labels_N))

    untouched = share(int(right_N.sum()), len(right_N))
    steps = [(kind, strength) for kind in KINDS for strength in range(1, STRENGTHS + 1)]
    scores = [accuracy(*step) for step in track(steps, "making pictures worse", len(steps))]
    return tuple(
        Curve(kind, (untouched, *scores[STRENGTHS * i : STRENGTHS * (i + 1)]), len(labels_N))
        for i, kind in enumerate(KINDS)
    )


def stratified(labels: Sequence[int], most: int, seed: int = 0) -> Indices:
    """At most so many positions, in order, with the shares that the labels have among all."""
    order_N = np.random.default_rng(seed).permutation(len(labels))
    labels_N = np.asarray(labels)[order_N]
    rank_N = np.empty(len(labels))
    for label in np.unique(labels_N):
        of_class = labels_N == label
        rank_N[of_class] = (np.arange(of_class.sum()) + 0.5) / of_class.sum()
    return np.sort(order_N[np.argsort(rank_N, kind="stable")[:most]])

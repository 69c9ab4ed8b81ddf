"""A training that came to nothing: a rate that is far too high need not give losses without end."""

import logging
from collections.abc import Sequence

import numpy as np

from diptych.data.dataset import Dataset
from diptych.training.progress import EpochResult


def warn_of_guessing(history: Sequence[EpochResult], valid: Dataset, rate: float) -> None:
    """A word where no epoch answered better than one who knows how common each class is."""
    shares = np.array(list(valid.counts().values())) / len(valid)
    guessing = -float((shares[shares > 0] * np.log(shares[shares > 0])).sum())
    best = min(epoch.valid_loss for epoch in history)
    if best >= guessing:
        logging.getLogger(__name__).warning(
            "the network has learned nothing: its loss on validation pictures, %.3g, is not below "
            "that of guessing, %.3g; try a lower learning_rate (now %g)",
            best,
            guessing,
            rate,
        )

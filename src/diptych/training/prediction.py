"""A graph's outputs for the pictures of a data set: what scores are made of."""

import numpy as np

from diptych.data.dataset import Dataset
from diptych.images.rows import StoredRows, in_batches
from diptych.images.store import Store
from diptych.metrics.predictions import Predictions
from diptych.runtimes import PredictAll
from diptych.system.progress import Track, unwatched

BATCH = 16


def predict_dataset(
    run: PredictAll,
    dataset: Dataset,
    store: Store,
    track: Track = unwatched,
    doing: str = "testing",
) -> Predictions:
    """The probabilities and OOD scores of pictures whose pixels are in the store.

    `run` gives these two first, from uint8 pixels (N, H, W, C). There is at least one picture.
    """
    rows = StoredRows(store, [sample.digest for sample in dataset.samples])
    batches = track(in_batches(rows, BATCH), doing, -(-len(rows) // BATCH))
    outputs = zip(*(run(batch)[:2] for batch in batches), strict=True)
    return Predictions(dataset, *map(np.concatenate, outputs))

"""A graph's outputs for the pictures of a data set: what scores are made of."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

import numpy as np
import numpy.typing as npt

from diptych.data.dataset import Dataset
from diptych.errors import InputError
from diptych.images.preprocess import Pixels
from diptych.images.rows import Rows, StoredRows, in_batches
from diptych.images.store import Store
from diptych.metrics.predictions import Predictions
from diptych.runtimes import PredictAll
from diptych.system.progress import Track, unwatched
from diptych.system.workplace import elsewhere

BATCH = 16


def predict_dataset(
    open_run: Callable[[], PredictAll],
    dataset: Dataset,
    store: Store,
    track: Track = unwatched,
    doing: str = "testing",
) -> Predictions:
    """The probabilities and OOD scores of pictures whose pixels are in the store.

    What `open_run` opens gives these two first, from uint8 pixels (N, H, W, C). There is at least
    one picture.
    """
    rows = StoredRows(store, [sample.digest for sample in dataset.samples])
    answers = track(_answers(open_run, rows), doing, -(-len(rows) // BATCH))
    return Predictions(dataset, *map(np.concatenate, zip(*answers, strict=True)))


def _answers(
    open_run: Callable[[], PredictAll], rows: Rows
) -> Iterator[tuple[npt.NDArray[np.float32], ...]]:
    """Probabilities (N, K) and OOD scores (N,), batch by batch."""
    if place := elsewhere():
        batches = (list(batch) for batch in in_batches(rows, BATCH))
        answers = place.map(partial(_by_row, open_run), batches, _lost)
        for start in range(0, len(rows), BATCH):
            some = islice(answers, min(BATCH, len(rows) - start))
            yield tuple(np.stack(part) for part in zip(*some, strict=True))
        return
    run = open_run()
    for batch in in_batches(rows, BATCH):
        yield run(batch)[:2]


_Answer = tuple[npt.NDArray[np.float32], np.float32]  # probabilities (K,) and the OOD score


def _by_row(open_run: Callable[[], PredictAll]) -> Callable[[Sequence[Pixels]], list[_Answer]]:
    """What answers where a worker is."""
    run = open_run()
    return lambda images: list(zip(*run(np.stack(images))[:2], strict=True))


def _lost(image_HWC: Pixels, reason: str) -> _Answer:
    raise InputError(f"a picture cannot be answered for: {reason}")

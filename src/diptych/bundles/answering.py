"""Pictures through a network: the next are decoded while it looks at these."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from diptych.data.dataset import Shape
from diptych.data.places import Member
from diptych.errors import ImageError
from diptych.images.elsewhere import Unread, batches, lost_picture, parcel, same_here, unpacked
from diptych.images.preprocess import Pixels
from diptych.sources.inputs import InputPicture
from diptych.system.ahead import mapped_ahead
from diptych.system.workplace import Workplace

T = TypeVar("T")

BATCH = 16


def answers(
    pictures: Iterable[InputPicture],
    shape: Shape,
    bits: int,
    answer: Callable[[Pixels], Iterable[T]],
) -> Iterator[tuple[str, T | ImageError]]:
    """The name of each picture with what `answer` gives for its pixels, or an ImageError.

    `answer` takes pixels (N, *shape) and gives something for each of the N. Pictures of more than 8
    bits are decoded at a depth of `bits`.
    """

    def read(picture: InputPicture) -> tuple[str, Pixels | ImageError]:
        try:
            return picture.name, picture.pixels(shape, bits)
        except ImageError as error:
            return picture.name, error

    with closing(mapped_ahead(read, pictures, BATCH)) as batches:
        for batch in batches:
            good = [pixels for _, pixels in batch if not isinstance(pixels, ImageError)]
            given = iter(answer(np.stack(good)) if good else ())
            for name, pixels in batch:
                yield name, pixels if isinstance(pixels, ImageError) else next(given)


def answers_elsewhere(
    place: Workplace,
    pictures: Iterable[InputPicture],
    shape: Shape,
    bits: int,
    open_answer: Callable[[], Callable[[Pixels], Iterable[T]]],
) -> Iterator[tuple[str, T | ImageError]]:
    """The same by the processes of a workplace; each calls `open_answer` once.

    The same pictures meet in a batch as here. Raises InputError for a file that is here and not
    there.
    """
    own: deque[InputPicture] = deque()

    def parcels() -> Iterator[InputPicture]:
        for picture in pictures:
            own.append(picture)
            yield _parcel(picture)

    make = partial(_answerer, shape, bits, open_answer)
    with closing(place.map(make, batches(parcels()), _lost)) as rows:
        for row in rows:
            picture = own.popleft()
            yield picture.name, same_here(picture.content, row) if isinstance(row, Unread) else row


def _parcel(picture: InputPicture) -> InputPicture:
    if isinstance(picture.content, Path | Member):
        return picture._replace(content=parcel(picture.content))
    return picture


def _answerer(
    shape: Shape, bits: int, open_answer: Callable[[], Callable[[Pixels], Iterable[T]]]
) -> Callable[[Sequence[InputPicture]], list[T | ImageError | Unread]]:
    """What answers for pictures, where a worker is."""
    answer = open_answer()

    def pixels(picture: InputPicture) -> Pixels | ImageError | Unread:
        if isinstance(picture.content, Path):
            sent = unpacked(picture.content)
            if not isinstance(sent, bytes):
                return sent
            picture = picture._replace(content=sent)
        try:
            return picture.pixels(shape, bits)
        except ImageError as error:
            return error

    def answered(chunk: Sequence[InputPicture]) -> list[T | ImageError | Unread]:
        rows = [pixels(picture) for picture in chunk]
        good = [row for row in rows if isinstance(row, np.ndarray)]
        given = iter(answer(np.stack(good)) if good else ())
        return [next(given) if isinstance(row, np.ndarray) else row for row in rows]

    return answered


def _lost(picture: InputPicture, reason: str) -> ImageError:
    return lost_picture(reason)

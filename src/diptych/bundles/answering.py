"""Pictures through a network: many of them decoded and answered side by side, one on each core.

A network that runs on one core waits for no other, and what is decoded beside it takes nothing from
it. Few pictures are decoded side by side and answered together, on all cores.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from diptych.data.dataset import Shape
from diptych.data.places import Member
from diptych.errors import ImageError
from diptych.images.elsewhere import Unread, batches, lost_picture, parcel, same_here, unpacked
from diptych.images.preprocess import Pixels
from diptych.images.rows import in_batches
from diptych.sources.inputs import InputPicture
from diptych.system.ahead import mapped_ahead
from diptych.system.workplace import Workplace

T = TypeVar("T")
Answer = Callable[[Pixels], Iterable[T]]  # of pixels (N, *shape), something for each of the N

# Up to so many pictures are few.
FEW = 16
# Pixels that one core answers at a time: large pictures are best alone, small ones some together.
TOGETHER = 256**2
# Lists of pictures that are taken ahead.
AHEAD = 16


def answers(
    pictures: Iterable[InputPicture],
    shape: Shape,
    bits: int,
    on_all_cores: Answer[T],
    on_one_core: Callable[[], Answer[T]],
) -> Iterator[tuple[str, T | ImageError]]:
    """The name of each picture with what is answered for its pixels, or an ImageError.

    `on_one_core` gives what answers on one core, for as many threads at a time as there are.
    Pictures of more than 8 bits are decoded at a depth of `bits`.
    """

    def read(picture: InputPicture) -> tuple[str, Pixels | ImageError]:
        try:
            return picture.name, picture.pixels(shape, bits)
        except ImageError as error:
            return picture.name, error

    waiting = iter(pictures)
    first = list(islice(waiting, FEW + 1))
    if len(first) <= FEW:
        with closing(mapped_ahead(read, first, FEW)) as lists:
            for some in lists:
                yield from _answered(some, on_all_cores)
        return
    answer = on_one_core()

    def read_and_answer(some: Sequence[InputPicture]) -> list[tuple[str, T | ImageError]]:
        return list(_answered(list(map(read, some)), answer))

    groups = batches(chain(first, waiting), _together(shape))
    with closing(mapped_ahead(read_and_answer, groups, AHEAD)) as several:
        for answered in chain.from_iterable(several):
            yield from answered


def _answered(
    pictures: Sequence[tuple[str, Pixels | ImageError]], answer: Answer[T]
) -> Iterator[tuple[str, T | ImageError]]:
    """The names of pictures with what is answered for the pixels of those that could be read."""
    good = [pixels for _, pixels in pictures if not isinstance(pixels, ImageError)]
    given = iter(answer(np.stack(good)) if good else ())
    for name, pixels in pictures:
        yield name, pixels if isinstance(pixels, ImageError) else next(given)


def _together(shape: Shape) -> int:
    """How many pictures one core answers at a time."""
    return max(1, min(FEW, TOGETHER // (shape[0] * shape[1])))


def answers_elsewhere(
    place: Workplace,
    pictures: Iterable[InputPicture],
    shape: Shape,
    bits: int,
    open_answer: Callable[[], Answer[T]],
) -> Iterator[tuple[str, T | ImageError]]:
    """The same by the processes of a workplace; each calls `open_answer` once.

    The same pictures meet in a batch as here. Raises InputError for a file that is here and not
    there.
    """
    own: deque[InputPicture] = deque()
    waiting = iter(pictures)
    first = list(islice(waiting, FEW + 1))
    together = FEW if len(first) <= FEW else _together(shape)

    def parcels() -> Iterator[InputPicture]:
        for picture in chain(first, waiting):
            own.append(picture)
            yield _parcel(picture)

    make = partial(_answerer, shape, bits, together, open_answer)
    with closing(place.map(make, batches(parcels()), _lost)) as rows:
        for row in rows:
            picture = own.popleft()
            yield picture.name, same_here(picture.content, row) if isinstance(row, Unread) else row


def _parcel(picture: InputPicture) -> InputPicture:
    if isinstance(picture.content, Path | Member):
        return picture._replace(content=parcel(picture.content))
    return picture


def _answerer(
    shape: Shape, bits: int, together: int, open_answer: Callable[[], Answer[T]]
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
        given = chain.from_iterable(answer(np.stack(some)) for some in in_batches(good, together))
        return [next(given) if isinstance(row, np.ndarray) else row for row in rows]

    return answered


def _lost(picture: InputPicture, reason: str) -> ImageError:
    return lost_picture(reason)

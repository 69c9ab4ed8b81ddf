"""Pictures through a network: many of them decoded and answered side by side, one on each core.

A network that runs on one core waits for no other, and what is decoded beside it takes nothing from
it. Few pictures are decoded side by side and answered together, on all cores.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import TypeVar

import numpy as np

from diptych.data.dataset import Shape
from diptych.errors import ImageError
from diptych.images.preprocess import Pixels
from diptych.sources.inputs import InputPicture
from diptych.system.ahead import mapped_ahead

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

    size = max(1, min(FEW, TOGETHER // (shape[0] * shape[1])))
    groups = _lists_of(size, chain(first, waiting))
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


def _lists_of(size: int, pictures: Iterator[InputPicture]) -> Iterator[list[InputPicture]]:
    while some := list(islice(pictures, size)):
        yield some

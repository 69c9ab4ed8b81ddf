"""Pictures through a network: the next are decoded while it looks at these."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import TypeVar

import numpy as np

from diptych.data.dataset import Shape
from diptych.errors import ImageError
from diptych.images.preprocess import Pixels
from diptych.sources.inputs import InputPicture
from diptych.system.ahead import mapped_ahead

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

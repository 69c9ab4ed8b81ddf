"""New pictures are compared with all; those that were compared before are not compared again.

Axes: N pictures, M those of a base, D the numbers of a descriptor.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.auditing.copies.gradients import Floats
from diptych.auditing.copies.small_pictures import Descriptors, Indices
from diptych.neighbours.cells import Alike, Cells

# Pictures that are compared with all others at once: each cell is looked into by many.
AT_ONCE = 2048
# Of all pictures, from which share of new ones on it is as well to begin anew.
MANY = 0.5


class Comparison(NamedTuple):
    """Pictures that are compared with those in cells."""

    cells: Cells
    row_M: Indices  # the pictures in the cells
    query_N: Indices
    later: bool  # also with pictures that come after them

    def alike(self, query_ND: Floats, some_N: Indices, least: float, most: int) -> Alike:
        """Pairs of pictures that are alike, where the queries are of some pictures."""
        # Between two rows stands what is none of them.
        at_N: npt.NDArray[Any] = np.searchsorted(self.row_M, some_N)
        own_N = self.row_M[np.minimum(at_N, len(self.row_M) - 1)] == some_N
        found = self.cells.alike(
            query_ND, np.where(own_N, at_N, at_N - 0.5), least, most, later=self.later
        )
        return Alike(some_N[found.query_P], self.row_M[found.base_P], found.score_P)


def comparisons(
    base: Descriptors, new_N: npt.NDArray[np.bool_], *, one_sided: bool
) -> Iterator[Comparison]:
    """Who is compared with whom, so that each pair with a new picture in it is looked at.

    Where it matters which of two pictures is described as the base is, that is `one_sided`.
    """
    every, new = base.pictures.which, np.flatnonzero(new_N)
    if len(new) > MANY * len(every):
        yield Comparison(Cells(base), every, every, later=one_sided)
    elif len(new):
        yield Comparison(Cells(base), every, new, later=True)
        if one_sided:
            yield Comparison(Cells(base.among(new)), new, np.flatnonzero(~new_N), later=True)

"""Which of some ordered values new ones stay below, as often as is asked for.

Shares are taken as they are written, 0.9 as nine tenths: as a binary number it is a little more or
less, and (9 + 1) · 0.9 then is not 9.
"""

import math
from fractions import Fraction


def conformal_rank(count: int, share: float) -> int:
    """The rank, counted from 1, of the value that a new one stays below in such a share of cases.

    The new one is as likely to fall between any two of the `count` values (split conformal
    prediction): ⌈(count + 1) · share⌉. One more than there are where so few cannot promise that.
    """
    return math.ceil((count + 1) * _as_written(share))


def fewest(share: float) -> int:
    """How many values it takes to promise such a share."""
    exact = _as_written(share)
    return math.ceil(exact / (1 - exact))


def _as_written(share: float) -> Fraction:
    return Fraction(str(float(share)))

"""Quantiles of Student's t: all scores need them, and SciPy would take a second to import."""

import math
from statistics import NormalDist


def student_quantile(share: float, freedom: int) -> float:
    """What t stays below in such a share of cases, with so many degrees of freedom, 1 or more.

    Exact with one and two; with three 0.3 % below it at 0.95 and 2 % at 0.99, with more less.
    """
    if freedom == 1:
        return math.tan(math.pi * (share - 0.5))
    if freedom == 2:
        twice = 2 * share - 1
        return twice * math.sqrt(2 / (1 - twice**2))
    return expanded(NormalDist().inv_cdf(share), freedom)


def expanded(z: float, freedom: float) -> float:
    """The quantile where that of the normal distribution is z (Abramowitz & Stegun 26.7.5)."""
    v = freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )

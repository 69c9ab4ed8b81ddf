"""Pictures on which there is nothing, too little light, or too much.

Limits were chosen on 1,200 photographs of food and on faults planted in them: see
benchmarks/bench_quality.py. Axes: N pictures.
"""

from collections.abc import Iterator

import numpy as np

from diptych.auditing.checks.unusual import findings, sureness, unusual
from diptych.auditing.material import Material
from diptych.auditing.measures import PAINTED
from diptych.auditing.report import Finding

# Pixels a side. Smaller ones that came as numbers are seldom photographs: a digit on black is not
# dark.
LEAST_SIDE = 64
# The 99 % quantile of the brightness: 90 in the darkest photograph, 44 at most in those that got
# less than a fifth of their light.
DARK = 60
# The 1 % quantile of the brightness: 101 in the palest photograph.
PALE = 180
# Shares of pixels with a channel that light has filled: of all, and of those that are not white.
# The background of things that were cut out is white, and what is on it seldom clipped.
CLIPPED, BURNT = 0.4, 0.2


def blank(material: Material) -> Iterator[Finding]:
    """Pictures of one colour, or of one that turns into another; or, where most are, that."""
    found_N = material.measures.plain
    count, n = int(found_N.sum()), len(found_N)
    if n > 1 and 2 * count > n:
        detail = (
            f"{count:,} of {n:,} pictures are of one colour and show nothing; see whether "
            "they were written, exported or decoded as they should have been"
        )
        yield Finding("/", "blank", detail, False)
        return

    def detail_of(i: int) -> str:
        return (
            f"one colour, or one that turns into another ({_hex(material, i)}), and nothing on it; "
            "drop it"
        )

    yield from findings(material, found_N, "blank", np.ones(n), detail_of)


def dark(material: Material) -> Iterator[Finding]:
    """Pictures with hardly any light, beside others that have it."""
    if _small_numbers(material):
        return
    bright_N = material.measures.level(0.99)
    found_N = (bright_N <= DARK) & (2 * bright_N <= np.median(bright_N))
    found_N = unusual(material, found_N & ~material.measures.plain)

    def detail(i: int) -> str:
        return (
            f"99 % of it is darker than {bright_N[i] / 255:.0%} of white; "
            "make it brighter or drop it, unless such pictures will be asked about"
        )

    yield from findings(material, found_N, "dark", sureness(-bright_N, -DARK, -20), detail)


def over_exposed(material: Material) -> Iterator[Finding]:
    """Pictures of which light has washed much away; not things on a white background."""
    if _small_numbers(material):
        return
    m = material.measures
    pale_N = (m.level(0.01) >= PALE) & (m.two_N < PAINTED)
    burnt_N = (m.clipped_N >= CLIPPED) & (m.burnt_N >= BURNT) & ~m.graphic
    found_N = unusual(material, (pale_N | burnt_N) & ~m.plain)
    score_N = np.where(pale_N, 1, sureness(m.clipped_N, CLIPPED, 0.7))

    def detail(i: int) -> str:
        if pale_N[i]:
            what = f"99 % of it is brighter than {m.level(0.01)[i] / 255:.0%} of white"
        else:
            what = f"light has wiped out the detail of {m.clipped_N[i]:.0%} of it"
        return f"{what}; drop it, unless such pictures will be asked about"

    yield from findings(material, found_N, "over-exposed", score_N, detail)


def _small_numbers(material: Material) -> bool:
    return bool(material.dataset.shape) and material.measures.side < LEAST_SIDE


def _hex(material: Material, i: int) -> str:
    """The colour of its edges, as it is written."""
    return "#" + "".join(f"{round(c):02x}" for c in material.measures.edge_NEC[i].mean(0).tolist())

"""Grey pictures among ones in colour."""

from collections.abc import Iterator

import numpy as np

from diptych.auditing.checks.unusual import findings, unusual
from diptych.auditing.material import Material
from diptych.auditing.report import Finding

# Levels between the channels of a pixel, which compression leaves of grey; the palest of 1,200
# photographs had 46.
GREY = 6
# A picture that is as dark or as flat may be in colour, and show none.
BRIGHT = 60


def grey_among_colour(material: Material) -> Iterator[Finding]:
    """Grey pictures, where most are in colour."""
    m = material.measures
    found_N = (m.chroma_N <= GREY) & (m.level(0.99) > BRIGHT)
    found_N = unusual(material, found_N) & ~m.plain & ~m.graphic
    share = float(np.mean(m.chroma_N > GREY))

    def detail(_: int) -> str:
        return (
            f"grey, where {share:.0%} of the pictures are in colour; keep it if such pictures will "
            "be asked about, and see that no class has more of them than others"
        )

    yield from findings(material, found_N, "grey among colour", np.ones(len(found_N)), detail)

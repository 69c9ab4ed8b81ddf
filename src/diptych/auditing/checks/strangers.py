"""Pictures that do not belong among the others."""

from collections.abc import Iterator

import numpy as np

from diptych.auditing.material import Material
from diptych.auditing.report import Finding
from diptych.auditing.strangeness import strangeness

# With fewer pictures nothing is usual.
LEAST = 50
IRRELEVANT = 1.75


def irrelevant(material: Material) -> Iterator[Finding]:
    """Pictures far from what is usual in the data set; the score grows with the distance.

    Not among pictures that came as numbers: to a network that knows photographs one digit in fifty
    is strange.
    """
    if material.features_ND is None or material.dataset.shape or len(material.dataset) < LEAST:
        return
    strange_N = strangeness(material.features_ND)
    for i in np.flatnonzero(strange_N > IRRELEVANT):
        detail = (
            f"{strange_N[i]:.1f} times as far from the others as 95 % of them are; "
            "see whether it belongs here"
        )
        score = float(1 - 1 / strange_N[i])
        yield Finding(material.dataset.samples[i].name, "irrelevant", detail, False, "", score)

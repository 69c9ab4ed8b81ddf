"""Pictures that do not belong among the others."""

from collections.abc import Iterator

import numpy as np

from diptych.auditing.imagenet import Guess, guesses
from diptych.auditing.material import Material
from diptych.auditing.report import Finding
from diptych.auditing.strangeness import FAR, strangeness

# With fewer pictures nothing is usual.
LEAST = 50
# A network that learned with smoothed labels is not sure among a thousand classes: of photographs
# of pizza it is to 8 to 85 %. With less than a tenth it mostly names what is near.
LIKELY = 0.1


def irrelevant(material: Material) -> Iterator[Finding]:
    """Pictures far from what is usual in the data set, and those that are like them.

    Not among pictures that came as numbers: to a network that knows photographs one digit in fifty
    is strange.
    """
    if material.features_ND is None or material.dataset.shape or len(material.dataset) < LEAST:
        return
    found = strangeness(material.features_ND)
    strangers = np.flatnonzero(found.strange)
    seen = guesses(material.features_ND[strangers]) if len(strangers) else []
    for i, guess in zip(strangers, seen, strict=True):
        far = f"{found.distance_N[i]:.1f} times as far from the others as 95 % of them are"
        kin = ", and like some that are farther" if found.distance_N[i] <= FAR else ""
        score = float(1 - 1 / found.score[i])
        detail = f"{far}{kin}{_looks_like(guess)}; see whether it belongs here"
        yield Finding(material.dataset.samples[i].name, "irrelevant", detail, False, "", score)


def _looks_like(guess: Guess) -> str:
    """What a network that knows a thousand classes of things takes a picture for, if anything."""
    if guess.probability < LIKELY:
        return ""
    return f"; looks like: {guess.name} ({guess.probability:.0%})"

"""What a network makes of the pictures: a bundle, or a head on what has been labelled so far.

Axes: N pictures, K classes.
"""

from collections.abc import Collection as Members
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics.probabilities import Probabilities
from diptych.reviewing.diversity import Floats, Positions, spread_out

# So many of the most uncertain pictures are looked at for each that is to be shown next.
WIDER = 5
# Pictures that are put in order by what they would teach; the others follow by doubt alone.
TEACHING = 200


class Opinion(NamedTuple):
    """Probabilities for the pictures that can be used."""

    by: str  # who holds it
    classes: tuple[str, ...]
    numbers: Positions  # of the pictures, (N,)
    p_NK: Probabilities

    def guesses(self) -> tuple[list[str], npt.NDArray[np.float32]]:
        """The likeliest class of each picture, and its probability."""
        likely_N = self.p_NK.argmax(1)
        return [self.classes[k] for k in likely_N], self.p_NK.max(1)

    def margins(self) -> npt.NDArray[np.float32]:
        """How much likelier the first class is than the second; 0: it is anyone's guess."""
        if len(self.classes) < 2:
            return np.ones(len(self.p_NK), np.float32)
        top_N2 = np.partition(self.p_NK, -2, axis=1)[:, -2:]
        return np.asarray(top_N2[:, 1] - top_N2[:, 0], np.float32)

    def of_labels(self, labels: dict[int, str]) -> npt.NDArray[np.float32]:
        """The probability of the label that each picture has; 1 where that is no class, or none."""
        position = {label: k for k, label in enumerate(self.classes)}
        own = [position.get(labels.get(int(number), ""), -1) for number in self.numbers]
        own_N = np.array(own, np.intp)
        p_N = self.p_NK[np.arange(len(own_N)), own_N]
        return np.asarray(np.where(own_N < 0, 1.0, p_N), np.float32)


def by_teaching(
    opinion: Opinion, sketch_NS: Floats | None, row_of: dict[int, int], open_ones: Members[int]
) -> list[int]:
    """The numbers of open pictures, first those whose label would teach most.

    Of the most uncertain by the margin (Scheffer et al. 2001), such that are unlike each other;
    without features by the margin alone.
    """
    margin_N = opinion.margins()
    wanted = [i for i, number in enumerate(opinion.numbers) if int(number) in open_ones]
    order = sorted(wanted, key=lambda i: margin_N[i])
    if sketch_NS is None:
        return [int(opinion.numbers[i]) for i in order]
    first = [i for i in order[: WIDER * TEACHING] if int(opinion.numbers[i]) in row_of]
    rows = np.array([row_of[int(opinion.numbers[i])] for i in first], np.intp)
    doubt = 1.0 - margin_N[np.array(first, np.intp)] + 1e-3
    chosen = [first[i] for i in spread_out(sketch_NS[rows], _none(), TEACHING, doubt)]
    shown = set(chosen)
    return [int(opinion.numbers[i]) for i in (*chosen, *(i for i in order if i not in shown))]


def _none() -> Positions:
    return np.zeros(0, np.intp)

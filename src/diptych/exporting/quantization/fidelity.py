"""What a file in fewer bits loses against the float file, on the same pictures.

Letters in names: N pictures, K classes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from diptych.metrics.intervals import paired_difference
from diptych.metrics.probabilities import Probabilities

MAX_DROP = 0.5  # percentage points

Which = npt.NDArray[np.bool_]


class Outputs(NamedTuple):
    """What a file says of some pictures."""

    p_NK: Probabilities
    ood_score_N: npt.NDArray[np.float32]


class Drop(NamedTuple):
    """How much less often something holds, between −1 and 1, with a 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        value, low, high = (f"{100 * part:.1f}".replace("-", "−") for part in self)
        return f"{value} points ({low} to {high})"


class Fidelity(NamedTuple):
    """How a file in fewer bits compares with the float file."""

    pictures: int
    accuracy: float
    drop: Drop  # of accuracy
    acceptance: float  # the share of known pictures that are not taken for outliers
    acceptance_drop: Drop
    agreement: float  # the share of pictures with the same answer
    max_difference: float  # the largest difference in probability

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Fidelity":
        """The same from what `_asdict` and JSON made of it."""
        drops = {name: Drop(*plain[name]) for name in ("drop", "acceptance_drop")}
        return cls(**{**plain, **drops})

    @property
    def net_lost(self) -> int:
        """The pictures that only the float file gets right, less those that only this one does."""
        return round(self.drop.value * self.pictures)

    def __str__(self) -> str:
        return (
            f"accuracy {100 * self.accuracy:.1f} %, drop {self.drop}; "
            f"{100 * self.acceptance:.1f} % of known pictures accepted; "
            f"same answer on {100 * self.agreement:.1f} %"
        )

    def refusal(self, max_drop: float) -> str | None:
        """Why the file is not good enough, or None where it is; `max_drop` in percentage points.

        The measured drop counts, but one picture is never too many unless none may be lost: it
        can happen to any rounding, and with fewer than 200 pictures is more than half a point. As
        the threshold for outliers lies amid these very pictures, a few go either way; they are
        too many where the interval says that the true drop is above the limit.
        """
        allowed = max(max_drop / 100 * self.pictures, 1.0 if max_drop > 0 else 0.0)
        if self.net_lost > allowed + 1e-9:
            return f"accuracy drops by {self.drop}, and {max_drop:g} are allowed"
        if self.acceptance_drop.low > max_drop / 100:
            return (
                f"known pictures are taken for outliers more often by {self.acceptance_drop}, "
                f"and {max_drop:g} are allowed"
            )
        return None


def compare(
    float_file: Outputs, lighter: Outputs, targets_N: npt.NDArray[np.intp], groups: Sequence[str]
) -> Fidelity:
    """Compare what both say of the same pictures; `groups` names each one's near-duplicates.

    What is no number is wrong.
    """
    right_N, still_N = (_right(outputs.p_NK, targets_N) for outputs in (float_file, lighter))
    kept_N, kept_still_N = (outputs.ood_score_N <= 1 for outputs in (float_file, lighter))
    same_N = float_file.p_NK.argmax(1) == lighter.p_NK.argmax(1)
    difference = np.abs(float_file.p_NK - lighter.p_NK).max()
    return Fidelity(
        len(targets_N),
        float(still_N.mean()),
        drop(right_N, still_N, groups),
        float(kept_still_N.mean()),
        drop(kept_N, kept_still_N, groups),
        float((same_N & np.isfinite(lighter.p_NK).all(1)).mean()),
        float(np.nan_to_num(difference, nan=1.0)),
    )


def drop(before_N: Which, after_N: Which, groups: Sequence[str]) -> Drop:
    """How much less often it holds after than before, pictures being paired (Tango's interval).

    Near-duplicates count as one picture: the counts are scaled to as many as there are groups.
    """
    n = len(set(groups))
    share = n / len(before_N)
    lost = float((before_N & ~after_N).sum()) * share
    won = float((after_N & ~before_N).sum()) * share
    return Drop(*paired_difference(lost, won, n))


def _right(p_NK: Probabilities, targets_N: npt.NDArray[np.intp]) -> Which:
    return np.asarray(np.isfinite(p_NK).all(1) & (p_NK.argmax(1) == targets_N), np.bool_)

"""Shares as people read them."""

from collections.abc import Sequence

from diptych.metrics import Score


def percent(share: float) -> str:
    """A share with one decimal: 0.956 is "95.6 %"."""
    return f"{100 * share:.1f} %"


def percents(scores: Sequence[Score]) -> tuple[list[float], list[tuple[float, float]]]:
    """The values of shares for a plot, and their intervals."""
    values = [100 * score.value for score in scores]
    return values, [(100 * score.low, 100 * score.high) for score in scores]

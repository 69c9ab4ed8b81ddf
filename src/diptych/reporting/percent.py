"""Shares for a plot, in percent."""

from collections.abc import Sequence

from diptych.metrics import Score


def percents(scores: Sequence[Score]) -> tuple[list[float], list[tuple[float, float]]]:
    """The values of shares for a plot, and their intervals."""
    values = [100 * score.value for score in scores]
    return values, [(100 * score.low, 100 * score.high) for score in scores]

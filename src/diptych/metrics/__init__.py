"""How good a classifier is, with intervals: a number without one misleads."""

from diptych.metrics.intervals import Loss, Score, percent, share
from diptych.metrics.scores import METHOD, ClassScores, Scores, score

__all__ = ["METHOD", "ClassScores", "Loss", "Score", "Scores", "percent", "score", "share"]

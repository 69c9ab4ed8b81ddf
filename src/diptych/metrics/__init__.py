"""How good a classifier is, with intervals: a number without one misleads."""

from diptych.metrics.intervals import Loss, Score, share
from diptych.metrics.scores import METHOD, ClassScores, Scores, score

__all__ = ["METHOD", "ClassScores", "Loss", "Score", "Scores", "score", "share"]

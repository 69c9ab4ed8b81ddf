"""Is the winner of a search better than the default, or did it win by chance?

Of many trials the best one was lucky too. So both are judged again, in folds of two seeds that no
trial had, on the same pictures. Letters in names: S seeds, N pictures.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from diptych.metrics.intervals import percent
from diptych.metrics.paired import Difference, Test, difference, is_noise, mcnemar, mean_difference
from diptych.tuning.judgement import Judgement

SEEDS = 2


class Verdict(NamedTuple):
    """What the winner of a search came to beside the default, where neither was chosen by."""

    winner: int  # the number of its trial
    seeds: tuple[int, ...]
    log_losses: tuple[float, float]  # of the winner and the default, over all seeds
    accuracies: tuple[float, float]
    log_loss_difference: Difference  # the winner's less the default's
    accuracy_difference: Difference
    mcnemar: tuple[Test, ...]  # for each seed; the winner is the first
    better_each_time: bool  # by the log loss, with every seed

    @property
    def is_better(self) -> bool:
        """Whether the log loss is lower beyond noise, and no more is wrong beyond noise."""
        return (
            self.log_loss_difference.high < 0
            and self.better_each_time
            and self.accuracy_difference.high >= 0
        )

    def __str__(self) -> str:
        loss, gap = self.log_loss_difference, self.accuracy_difference
        better = "better than" if self.is_better else "no better that noise can tell than"
        within = ", within noise" if is_noise(gap, self.mcnemar) else ", beyond noise"
        text = (
            f"Trial {self.winner} is {better} the default, in folds of {len(self.seeds)} seeds "
            f"that no trial had: log loss {self.log_losses[0]:.4f} against "
            f"{self.log_losses[1]:.4f} ({loss.value:+.4f}, 95 % interval {loss.low:+.4f} to "
            f"{loss.high:+.4f}), {percent(self.accuracies[0])} right against "
            f"{percent(self.accuracies[1])} ({100 * gap.value:+.2f} points, {gap.reach}{within})."
        )
        return text.replace("-", "−")

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        return {
            "text": str(self),
            "better": self.is_better,
            "winner": self.winner,
            "seeds": list(self.seeds),
            "log_loss": dict(zip(("winner", "default"), self.log_losses, strict=True)),
            "accuracy": dict(zip(("winner", "default"), self.accuracies, strict=True)),
            "log_loss_difference": self.log_loss_difference._asdict(),
            "accuracy_difference": self.accuracy_difference._asdict(),
            "mcnemar": [test._asdict() for test in self.mcnemar],
            "better_each_time": self.better_each_time,
        }

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> "Verdict":
        """What `to_json` gave."""
        log_loss, accuracy = facts["log_loss"], facts["accuracy"]
        return cls(
            facts["winner"],
            tuple(facts["seeds"]),
            (log_loss["winner"], log_loss["default"]),
            (accuracy["winner"], accuracy["default"]),
            Difference(**facts["log_loss_difference"]),
            Difference(**facts["accuracy_difference"]),
            tuple(Test(**test) for test in facts["mcnemar"]),
            facts["better_each_time"],
        )


def verdict(
    winner: int,
    seeds: Sequence[int],
    of_winner: Sequence[Judgement],
    of_default: Sequence[Judgement],
    groups: Sequence[str],
) -> Verdict:
    """Compare a winner with the default by their judgements, one for each seed."""
    losses, others = (np.stack([j.loss_N for j in some]) for some in (of_winner, of_default))
    right, right_other = (np.stack([j.right_N for j in some]) for some in (of_winner, of_default))
    return Verdict(
        winner,
        tuple(seeds),
        (float(losses.mean()), float(others.mean())),
        (float(right.mean()), float(right_other.mean())),
        mean_difference(losses, others, groups),
        difference(right, right_other, groups),
        tuple(mcnemar(one, two) for one, two in zip(right, right_other, strict=True)),
        bool((losses.mean(1) < others.mean(1)).all()),
    )


def unseen_seeds(seed: int, trials: int) -> tuple[int, ...]:
    """Seeds that no trial has had, nor the verdict of a search with fewer trials."""
    drawn = np.random.default_rng((seed, trials, 0xFA1)).integers(2**30, 2**31, SEEDS)
    return tuple(int(one) for one in drawn)

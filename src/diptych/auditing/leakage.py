"""What a test score rests on, where copies of test pictures are among those that one trains with.

Axes: N pictures, K classes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from diptych.auditing.ridge import feature_batches, fit_ridge
from diptych.data.dataset import PARTS, Dataset, Sample
from diptych.errors import shortened
from diptych.metrics import intervals
from diptych.metrics.intervals import Score
from diptych.runtimes.features import FeatureRows


class Leakage(NamedTuple):
    """The pairs of copies that straddle the parts of a data set, and what they are worth."""

    pairs: tuple[tuple[str, str], ...]  # an earlier part's picture, a later part's; by name
    tested: int  # pictures of the test part
    leaked: int  # of them with a copy in an earlier part
    all_tested: Score | None  # the accuracy on all test pictures
    without_copies: Score | None  # on those of which no copy is in an earlier part
    copies_alone: Score | None  # on the others

    def __str__(self) -> str:
        if not self.pairs:
            return "no picture of one part has a copy in another"
        some = shortened([f"{first} = {second}" for first, second in self.pairs])
        said = f"{len(self.pairs):,} pairs of copies straddle the parts: {some}"
        if not self.leaked:
            return said
        said += f"\n{self.leaked:,} of {self.tested:,} test pictures have a copy to learn from"
        if self.all_tested and self.without_copies and self.copies_alone:
            said += (
                f"; a plain classifier on features is right on {self.all_tested} of all, on "
                f"{self.without_copies} of those without a copy, on {self.copies_alone} of those "
                "with one"
            )
        return said

    def to_json(self) -> dict[str, Any]:
        """As `audit --json` has it."""
        scores = {
            "all_tested": self.all_tested,
            "without_copies": self.without_copies,
            "copies_alone": self.copies_alone,
        }
        return {
            "pairs": [list(pair) for pair in self.pairs],
            "tested": self.tested,
            "leaked": self.leaked,
            **{name: score and score._asdict() for name, score in scores.items()},
        }


def leakage(
    dataset: Dataset, groups: Sequence[Sequence[Sample]], features_ND: FeatureRows | None
) -> Leakage | None:
    """What straddles the parts of a data set that came split; None where it did not.

    The samples have digests, none is left out but what is no picture, and the features are
    theirs, in their order. `groups` are of copies. The score is that of ridge regression on what is
    in the training part, so that it says how easy a test became, not how good a network is.
    """
    if len(dataset.parts()) < 2:
        return None
    pairs = tuple(pair for members in groups for pair in _straddling(members))
    later = {second for _, second in pairs}
    tested_N = np.array([sample.part == "test" for sample in dataset.samples], bool)
    leaked_N = np.array([sample.name in later for sample in dataset.samples], bool) & tested_N
    scores: tuple[Score | None, ...] = (None, None, None)
    learned_N = np.array([sample.part in ("", "train") for sample in dataset.samples], bool)
    if features_ND is not None and leaked_N.any() and learned_N.any():
        right_N = _right(dataset, features_ND, learned_N)
        parts = (tested_N, tested_N & ~leaked_N, leaked_N)
        scores = tuple(
            intervals.share(int(right_N[part_N].sum()), int(part_N.sum())) if part_N.any() else None
            for part_N in parts
        )
    return Leakage(pairs, int(tested_N.sum()), int(leaked_N.sum()), *scores)


def _straddling(members: Sequence[Sample]) -> list[tuple[str, str]]:
    """Of each picture of a later part the first copy in an earlier one."""
    rank = {sample.name: PARTS.index(sample.part or "train") for sample in members}
    pairs = []
    for sample in members:
        earlier = [other for other in members if rank[other.name] < rank[sample.name]]
        if earlier:
            pairs.append((earlier[0].name, sample.name))
    return pairs


def _right(
    dataset: Dataset, features_ND: FeatureRows, learned_N: np.ndarray[Any, np.dtype[np.bool_]]
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether each picture is taken for what it is, by what was learned from some of them."""
    labels_N = np.array(dataset.targets(), np.intp)
    ridge = fit_ridge(features_ND, labels_N, len(dataset.classes), learned_N)
    answers = [ridge.scores(root_BD).argmax(1) for _, root_BD in feature_batches(features_ND)]
    return np.asarray(np.concatenate(answers) == labels_N)

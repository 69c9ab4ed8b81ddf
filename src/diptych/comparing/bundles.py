"""Two bundles on the same pictures: which is better, or is it noise?"""

import csv
import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from diptych.errors import InputError
from diptych.metrics.paired import Difference, Test, difference, is_noise, mcnemar
from diptych.metrics.predictions import Predictions


class Disagreement(NamedTuple):
    """A picture that the two answer differently."""

    path: str
    label: str
    first: str
    second: str


class BundleComparison(NamedTuple):
    """Two bundles' answers for the same pictures, in the same order."""

    names: tuple[str, str]
    first: Predictions
    second: Predictions
    difference: Difference  # of accuracy, first minus second
    test: Test

    def verdict(self) -> str:
        """What follows, in words."""
        one, two = self.names
        size = self.difference.of_better
        gap = f"{100 * size.value:.1f} points"
        reach = f"95 % interval of the difference {size.reach} points"
        n = len(self.first.dataset)
        on = f"on {n:,} picture{'s'[: n != 1]}"
        if is_noise(self.difference, [self.test]):
            return f"{one} and {two} differ by {gap} {on}, within noise ({reach})."
        better, worse = (one, two) if self.difference.value > 0 else (two, one)
        return f"{better} is better than {worse} by {gap} {on} ({reach})."

    def disagreements(self) -> Iterator[Disagreement]:
        """The pictures that they answer differently."""
        for sample, one, two in zip(
            self.first.dataset.samples, self.first.answers(), self.second.answers(), strict=True
        ):
            if one != two:
                yield Disagreement(sample.name, sample.label, one, two)

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain data."""
        both = zip(self.names, (self.first, self.second), strict=True)
        return {
            "verdict": self.verdict(),
            "difference": self.difference._asdict(),
            "mcnemar": self.test._asdict(),
            "disagreements": [picture._asdict() for picture in self.disagreements()],
            "bundles": [{"bundle": name, **answers.scores().to_json()} for name, answers in both],
        }

    def to_csv(self) -> str:
        """A row for each picture that they answer differently: path, label, and both answers."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["path", "label", *self.names])
        rows.writerows(self.disagreements())
        return text.getvalue()


def compare_bundles(
    names: tuple[str, str], first: Predictions, second: Predictions
) -> BundleComparison:
    """Compare two bundles by the pictures that both answered, whatever their order.

    Raises InputError where their classes or the labels of a picture differ, or no picture is left.
    """
    if set(first.dataset.classes) != set(second.dataset.classes):
        only = sorted(set(first.dataset.classes) ^ set(second.dataset.classes))
        raise InputError(f"{names[0]} and {names[1]} differ: only one has {', '.join(only)}")
    in_second = {sample.name: sample for sample in second.dataset.samples}
    in_both = [sample for sample in first.dataset.samples if sample.name in in_second]
    if not in_both:
        raise InputError(f"no picture is new to both {names[0]} and {names[1]}")
    for sample in in_both:
        if sample.label != (other := in_second[sample.name]).label:
            raise InputError(
                f"{sample.name} is {sample.label} to {names[0]} and {other.label} to {names[1]}; "
                "ask both about the same pictures"
            )
    first, second = (one.only([s.name for s in in_both]) for one in (first, second))
    groups = [sample.group or sample.name for sample in first.dataset.samples]
    right_one, right_two = first.right(), second.right()
    gap = difference(right_one[None], right_two[None], groups)
    return BundleComparison(names, first, second, gap, mcnemar(right_one, right_two))

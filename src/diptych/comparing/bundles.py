"""Two bundles on the same pictures: which is better, or is it noise?"""

import csv
import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from diptych.errors import InputError
from diptych.metrics.paired import Difference, Test, difference, is_noise, mcnemar
from diptych.metrics.predictions import Predictions


class Changed(NamedTuple):
    """A picture that the two answer differently."""

    name: str
    label: str
    first: str
    second: str


class Versus(NamedTuple):
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

    def changed(self) -> Iterator[Changed]:
        """The pictures that they answer differently."""
        for sample, one, two in zip(
            self.first.dataset.samples, self.first.answers(), self.second.answers(), strict=True
        ):
            if one != two:
                yield Changed(sample.name, sample.label, one, two)

    def to_json(self) -> dict[str, Any]:
        """The comparison as plain data."""
        both = zip(self.names, (self.first, self.second), strict=True)
        return {
            "verdict": self.verdict(),
            "difference": self.difference._asdict(),
            "mcnemar": self.test._asdict(),
            "changed": [one._asdict() for one in self.changed()],
            "bundles": [{"bundle": name, **found.scores().to_json()} for name, found in both],
        }

    def to_csv(self) -> str:
        """A row a picture that changed: path, label, and the answer of each."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["path", "label", *self.names])
        rows.writerows(self.changed())
        return text.getvalue()


def versus(names: tuple[str, str], first: Predictions, second: Predictions) -> Versus:
    """Compare two bundles by the pictures that both answered.

    Raises InputError where their classes differ, or no picture is left.
    """
    if set(first.dataset.classes) != set(second.dataset.classes):
        only = sorted(set(first.dataset.classes) ^ set(second.dataset.classes))
        raise InputError(f"{names[0]} and {names[1]} differ: only one has {', '.join(only)}")
    in_second = {sample.name for sample in second.dataset.samples}
    both = {sample.name for sample in first.dataset.samples} & in_second
    first, second = (found.only(both) for found in (first, second))
    if not both:
        raise InputError(f"no picture is new to both {names[0]} and {names[1]}")
    groups = [sample.group or sample.name for sample in first.dataset.samples]
    right_one, right_two = first.right(), second.right()
    gap = difference(right_one[None], right_two[None], groups)
    return Versus(names, first, second, gap, mcnemar(right_one, right_two))

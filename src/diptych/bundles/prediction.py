"""The answer for a picture, and the answers for many; how they are said and shown."""

from pathlib import Path
from typing import NamedTuple

from diptych.images.thumbnails import thumbnail_html
from diptych.system.html import Html, bar, block, table

# So many answers, and so many classes of one, are shown; the others are counted.
SHOWN, CLASSES = 20, 5


class Prediction(NamedTuple):
    """The answer for one picture; with an `error` there is no answer.

    The label of an outlier is "none of these" and has no probability; `probabilities` are those
    that the classes would have if it had to be one of them.
    """

    path: str
    label: str | None = None
    probability: float | None = None
    probabilities: dict[str, float] | None = None
    ood_score: float | None = None  # above 1: none of these
    prediction_set: list[str] | None = None  # the likely labels, the likeliest first
    error: str | None = None

    def __str__(self) -> str:
        return f"{self.path}  {self.answer}"

    @property
    def answer(self) -> str:
        """What is said of the picture, in a few words."""
        if self.error:
            return f"cannot be read: {self.error}"
        if self.probability is not None:
            return f"{self.label}  {100 * self.probability:.1f} %"
        return f"{self.label}  (the nearest is {self.nearest})"

    @property
    def nearest(self) -> str | None:
        """The likeliest class, of an outlier too; None where there is no answer."""
        by_class = self.probabilities or {}
        return max(by_class, key=by_class.__getitem__, default=None)

    def __repr__(self) -> str:
        return f"<Prediction {self}>"

    def _repr_html_(self) -> str:
        ranked = sorted((self.probabilities or {}).items(), key=lambda item: -item[1])
        rows = [(label, bar(p), f"{100 * p:.1f} %") for label, p in ranked[:CLASSES]]
        shares = table(("class", "", "probability"), rows) if rows else Html()
        return block(f"{self.path}: {self.answer}", thumbnail_html(Path(self.path)), shares)


class Answers(list[Prediction]):
    """Predictions in the order of the pictures: a list."""

    def _repr_html_(self) -> str:
        bad = sum(1 for one in self if one.error)
        title = f"{len(self):,} picture{'s'[: len(self) != 1]}"
        title += f", {bad:,} of which cannot be read" if bad else ""
        rows = [
            (thumbnail_html(Path(one.path)), one.path, one.answer, _sure(one.probability))
            for one in self[:SHOWN]
        ]
        more = f"… and {len(self) - SHOWN:,} more" if len(self) > SHOWN else ""
        return block(title, table(("", "path", "answer", ""), rows), Html(more))


def _sure(probability: float | None) -> Html:
    return Html() if probability is None else bar(probability)

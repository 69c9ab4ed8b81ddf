"""A review at work: what was decided leads to what is learned, and at the end to a bundle."""

from pathlib import Path
from typing import Any

from diptych.reviewing.background import Background, answers_of
from diptych.reviewing.child_training import ChildTraining
from diptych.reviewing.lessons import Lessons, give
from diptych.reviewing.opinions import Opinion
from diptych.reviewing.review import Review, Wish


class Session:
    """A review with what goes on beside it, on threads and in a child process."""

    def __init__(self, review: Review, training: ChildTraining, bundle: Path | None) -> None:
        self.review = review
        self.lessons = Lessons(review)
        self.training = training
        self._bundle = bundle
        self._before = dict(review.decisions.rows)

    def looked(self, background: Background) -> None:
        """Go on where the pictures have been looked at; raises BundleError, Stopped."""
        if self._bundle:
            classes, numbers, p_NK = answers_of(background, self._bundle)
            give(self.review, Opinion(self._bundle.name, classes, numbers, p_NK))
        self.lessons.first_order()
        self.lessons.after_decision()

    def overview(self) -> dict[str, Any]:
        """What stands around the pictures."""
        return {**self.review.overview(), **self._beside()}

    def changes(self, window: str, since: int) -> dict[str, Any]:
        """What has changed since a version."""
        return {**self.review.changes(window, since), **self._beside()}

    def decide(self, **wish: Any) -> dict[str, Any]:
        """Do what somebody wants; raises InputError as `Review.decide`."""
        answer = self.review.decide(Wish(**wish))
        self.lessons.after_decision()
        return answer

    def undo(self, window: str) -> dict[str, Any]:
        """Take back; raises InputError as `Review.undo`."""
        return self.review.undo(window)

    def redo(self, window: str) -> dict[str, Any]:
        """Do again; raises InputError as `Review.redo`."""
        return self.review.redo(window)

    def learn(self) -> dict[str, Any]:
        """Have a head learn from what is labelled."""
        return {"missing": self.lessons.start(), **self._beside()}

    def train(self) -> dict[str, Any]:
        """Train a bundle in a child process."""
        self.training.start()
        return self._beside()

    def close(self) -> None:
        """Stop what goes on beside it."""
        self.review.background.stop()
        self.training.stop()

    def summary(self) -> str:
        """What came of it, in a line."""
        rows = self.review.decisions.rows
        changed = sum(self._before.get(n) != rows.get(n) and _by(rows, n) for n in rows)
        return (
            f"{changed:,} decided now; {self.review.decisions.path}: {self.review.decisions.plan()}"
        )

    def _beside(self) -> dict[str, Any]:
        opinion = self.review.opinion
        return {
            "learning": self.lessons.to_json(),
            "training": self.training.to_json(),
            "opinion": opinion.by if opinion else "",
        }


def _by(rows: dict[str, Any], name: str) -> bool:
    return bool(rows[name].decision)

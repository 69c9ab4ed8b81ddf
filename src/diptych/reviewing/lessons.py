"""From a pile to labels: what to label first, a head that learns meanwhile, its proposals."""

import threading
from typing import Any

import numpy as np

from diptych.data.plan import Row
from diptych.errors import DiptychError
from diptych.reviewing.diversity import spread_out
from diptych.reviewing.galleries import Rankings, is_open, label_now
from diptych.reviewing.learning import Labelled, Lesson, enough, learn
from diptych.reviewing.opinions import TEACHING, Opinion, by_teaching
from diptych.reviewing.review import AT_ONCE, Review

# New labels after which a head learns by itself: so many, and such a share of those before.
FEWEST, SHARE = 10, 0.2
BY_LABELS = "what you have labelled"


class Lessons:
    """A head that learns from what is labelled, now and then, on a thread of its own."""

    def __init__(self, review: Review) -> None:
        self._review = review
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._lesson: Lesson | None = None
        self._learned_from = 0
        self.trouble = ""

    def first_order(self) -> None:
        """Before anything is learned, those first that are unlike each other."""
        review, features = self._review, self._review.background.features
        if features is None or not review.collection.unlabelled or review.opinion:
            return
        known = [one.row for one in self._labelled()]
        first = spread_out(features.sketch_NS, np.array(known, np.intp), TEACHING)
        open_ones = self._open_ones()
        order = [n for n in (int(features.numbers[row]) for row in first) if n in open_ones]
        shown = set(order)
        order += [n for n in sorted(open_ones) if n not in shown]
        review.rankings = Rankings(order, (), "")

    def to_json(self) -> dict[str, Any] | None:
        """What it has learned, and whether it could learn; None where nothing is unlabelled."""
        if not self._review.collection.unlabelled:
            return None
        labelled = [label for _, label in self._labels()]
        answer: dict[str, Any] = {
            "labelled": len(labelled),
            "running": self._is_running(),
            "missing": self._missing(labelled),
            "trouble": self.trouble,
            "lesson": None,
        }
        if lesson := self._lesson:
            score = lesson.accuracy
            answer["lesson"] = {
                "pictures": lesson.pictures,
                "tested": lesson.tested,
                "accuracy": score._asdict() if score else None,
                "seconds": round(lesson.seconds, 2),
            }
        return answer

    def after_decision(self) -> None:
        """Learn again where there are enough new labels."""
        if not self._review.collection.unlabelled or self._review.background.features is None:
            return
        count = sum(1 for _ in self._labels())
        new = abs(count - self._learned_from)
        if new >= max(FEWEST, SHARE * self._learned_from):
            self.start()

    def start(self) -> str:
        """Begin to learn, unless it does so already; what is missing, in a sentence, or ""."""
        with self._lock:
            if self._is_running():
                return ""
            if missing := self._missing([label for _, label in self._labels()]):
                return missing
            self._thread = threading.Thread(target=self._learn, name="lesson", daemon=True)
            self._thread.start()
        return ""

    def wait(self) -> None:
        """Wait until it has learned what it is learning."""
        if self._thread:
            self._thread.join()

    def _missing(self, labelled: list[str]) -> str:
        background = self._review.background
        if background.features is None:
            return (
                "the pictures are still being looked at"
                if not background.finished
                else (background.trouble or "no picture can be used")
            )
        return enough(labelled)

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _learn(self) -> None:
        review, features = self._review, self._review.background.features
        assert features is not None
        self.trouble = ""
        labelled = self._labelled()
        self._learned_from = sum(1 for _ in self._labels())
        try:
            lesson = learn(features.rows_ND, labelled, review.background.group_of)
            opinion = Opinion(BY_LABELS, lesson.classes, features.numbers, lesson.p_NK)
            self._lesson = lesson
            give(review, opinion)
        except DiptychError as error:
            self.trouble = str(error)

    def _labels(self) -> list[tuple[int, str]]:
        """The pictures that have a label as things stand, and are not dropped."""
        rows = self._review.decisions.rows
        own = []
        for number, item in enumerate(self._review.collection.items):
            row = rows.get(item.name)
            label = label_now(item, row)
            if label and not (row and row.decision == "drop"):
                own.append((number, label))
        return own

    def _labelled(self) -> list[Labelled]:
        features, rows = self._review.background.features, self._review.decisions.rows
        assert features is not None
        items = self._review.collection.items
        return [
            Labelled(
                items[n].name, features.row_of[n], label, self._was_looked_at(rows, items[n].name)
            )
            for n, label in self._labels()
            if n in features.row_of
        ]

    def _was_looked_at(self, rows: dict[str, Row], name: str) -> bool:
        row = rows.get(name)
        return row is None or not row.decided_by.endswith(AT_ONCE)

    def _open_ones(self) -> set[int]:
        rows = self._review.decisions.rows
        items = enumerate(self._review.collection.items)
        return {n for n, item in items if not item.label and is_open(item, rows.get(item.name))}


def give(review: Review, opinion: Opinion) -> None:
    """Tell a review what a network thinks: orders, guesses, and proposals for what has no label.

    Raises InputError where the proposals could not be saved.
    """
    rows, items = review.decisions.rows, review.collection.items
    open_ones = {
        n for n, item in enumerate(items) if not item.label and is_open(item, rows.get(item.name))
    }
    features = review.background.features
    sketch_NS, row_of = (features.sketch_NS, features.row_of) if features else (None, {})
    teaching = by_teaching(opinion, sketch_NS, row_of, open_ones)
    labels = {n: label_now(item, rows.get(item.name)) for n, item in enumerate(items)}
    own_N, (guesses, p_N) = opinion.of_labels(labels), opinion.guesses()
    doubted = [
        (float(own), int(number))
        for number, own, guess in zip(opinion.numbers, own_N, guesses, strict=True)
        if labels[int(number)] in opinion.classes
        and labels[int(number)] != guess
        and not (rows.get(items[int(number)].name) or Row("")).decision
    ]
    review.hold(opinion, Rankings(teaching, [n for _, n in sorted(doubted)], opinion.by))
    proposals = [
        (rows.get(items[n].name) or Row(items[n].name, reason=items[n].reason))._replace(
            proposal="relabel", label=guess, score=round(float(p), 4)
        )
        for n, guess, p in zip(map(int, opinion.numbers), guesses, p_N, strict=True)
        if n in open_ones
    ]
    review.decisions.propose(proposals)

"""A data set under review: its pictures, what was found, what was decided, what a network thinks.

Everything that a window asks for is answered here in plain data; nothing here knows of HTTP.
"""

import hashlib
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from diptych import neighbours
from diptych.auditing.planned import KEEPABLE
from diptych.data.class_order import in_order
from diptych.data.dataset import NONE
from diptych.data.plan import AUDIT, Row
from diptych.errors import ImageError, InputError, nearest
from diptych.images.decoding import read_file
from diptych.images.rows import Chosen
from diptych.reviewing import galleries
from diptych.reviewing.background import Background
from diptych.reviewing.collection import Collection, Item
from diptych.reviewing.decisions import Decisions, Saved, decided_counts
from diptych.reviewing.findings import Findings
from diptych.reviewing.galleries import Rankings, label_now
from diptych.reviewing.opinions import Opinion
from diptych.reviewing.pictures import Pictures

# Behind the name of who accepted many proposals at once: nobody looked at each by itself.
AT_ONCE = ", many at once"
# Neighbours of each class, and pictures that are told about at once.
NEIGHBOURS, MOST = 6, 1000


class Wish(NamedTuple):
    """What somebody wants done about pictures."""

    window: str  # a name of it that it gave itself
    seen: int  # the version that it knew of
    numbers: Sequence[int]
    decision: str  # keep, drop, relabel, accept (what is proposed), open (as if nobody had decided)
    label: str = ""
    new: bool = False  # the label may be a new class


class Review:
    """What there is to decide about a data set, and what was decided."""

    def __init__(
        self,
        collection: Collection,
        findings: Findings,
        decisions: Decisions,
        background: Background,
        name: str,
    ) -> None:
        self.collection = collection
        self.findings = findings
        self.decisions = decisions
        self.background = background
        self.pictures = Pictures(collection, background)
        self.name = name
        self.rankings = Rankings()
        self.opinion: Opinion | None = None
        self._guess_of: dict[int, tuple[str, float]] = {}
        self._classes = list(collection.dataset.classes)
        self._classes_lock = threading.Lock()

    @property
    def classes(self) -> list[str]:
        """Those of the data, then those that somebody, or a bundle, gave; each keeps its place."""
        rows = self.decisions.rows.values()
        given = {row.label for row in rows if row.decision == "relabel"}
        with self._classes_lock:
            self._classes += in_order(given.difference(self._classes))
            return list(self._classes)

    def overview(self) -> dict[str, Any]:
        """What stands around the pictures."""
        state = self.state()  # first: the rest is at least as new as its version says
        rows = self.decisions.rows
        listed = galleries.listed(self.collection, rows, self.findings, self.rankings)
        return {
            "data": str(self.collection.dataset.root),
            "plan": str(self.decisions.path),
            "name": self.name,
            "pictures": len(self.collection),
            "unlabelled": self.collection.unlabelled,
            "galleries": [one._asdict() for one in listed],
            **state,
        }

    def state(self) -> dict[str, Any]:
        """What changes all the time."""
        return {
            "version": self.decisions.version,  # first: the rest is at least as new
            "classes": self.classes,
            "progress": decided_counts(self.decisions.rows),
            "background": self.background.to_json(),
        }

    def gallery(self, name: str) -> list[int]:
        """The numbers of the pictures of a gallery, in its order."""
        rows = self.decisions.rows
        return galleries.numbers_of(name, self.collection, rows, self.findings, self.rankings)

    def details(self, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """What is known of some pictures, at most MOST of them."""
        return [self._details(number) for number in numbers[:MOST] if self.has(number)]

    def has(self, number: int) -> bool:
        """Whether there is a picture with the number."""
        return 0 <= number < len(self.collection)

    def decide(self, wish: Wish) -> dict[str, Any]:
        """Do what somebody wants, and save it.

        Raises InputError where it makes no sense, or could not be saved: then nothing has changed.
        """
        if wish.decision == "relabel":
            self._refuse_label(wish)
        number_of = self.collection.number_of
        names = [self.collection.items[n].name for n in wish.numbers if self.has(n)]
        made = partial(self._decided, wish, len(names) > 1)
        saved = self.decisions.decide(
            wish.window, wish.seen, names, lambda name, row: made(number_of[name], row)
        )
        return self.answer(wish.window, saved)

    def undo(self, window: str) -> dict[str, Any]:
        """Take back what a window did last; raises InputError where that could not be saved."""
        return self.answer(window, self.decisions.undo(window))

    def redo(self, window: str) -> dict[str, Any]:
        """Do again what a window took back; raises InputError where that could not be saved."""
        return self.answer(window, self.decisions.redo(window))

    def changes(self, window: str, since: int) -> dict[str, Any]:
        """What has changed since a version, whoever changed it."""
        trouble = ""
        try:
            self.decisions.look()
        except InputError as error:
            trouble = str(error)
        state = self.state()  # first: what changes meanwhile is told the next time
        names = self.decisions.since(since)
        return {**self.answer(window, Saved(tuple(names))), **state, "trouble": trouble}

    def answer(self, window: str, saved: Saved) -> dict[str, Any]:
        """What a window is told of a change."""
        state = self.state()
        numbers = [self._number(name) for name in saved.changed]
        refused = [self._number(name) for name in saved.refused]
        own = [number for number in (*refused, *numbers) if number is not None]
        return {
            "changed": self.details(own),
            # Of more it asks for those that it shows.
            "further": len(own) > MOST,
            "refused": [number for number in refused if number is not None],
            **self.decisions.steps(window),
            **state,
        }

    def neighbours(self, number: int) -> dict[str, Any]:
        """The pictures most like one, of the class that is proposed for it and of its own."""
        features = self.background.features
        if features is None:
            return {"classes": [], "waits": not self.background.finished}
        if number not in features.row_of:
            return {"classes": [], "waits": False}
        item = self.collection.items[number]
        row = self.decisions.rows.get(item.name)
        own, proposed = label_now(item, row), self._proposed(number, row)
        labels = [label for label in dict.fromkeys((proposed, own)) if label]
        return {
            "classes": [
                {"label": label, "pictures": self._nearest_of(number, label)} for label in labels
            ],
            "waits": False,
        }

    def hold(self, opinion: Opinion, rankings: Rankings) -> None:
        """Take over what a network makes of the pictures."""
        labels, p_N = opinion.guesses()
        guesses = zip(opinion.numbers, labels, p_N, strict=True)
        self._guess_of = {int(number): (label, float(p)) for number, label, p in guesses}
        self.opinion, self.rankings = opinion, rankings
        with self._classes_lock:
            known = self._classes
            known += [label for label in opinion.classes if label not in known]

    def _details(self, number: int) -> dict[str, Any]:
        item = self.collection.items[number]
        row = self.decisions.rows.get(item.name)
        known = self.background.pictures[number]
        found = self.findings.get(item.name, ())
        guess = self._guess_of.get(number)
        aside = [f for f in found if f.set_aside]
        return {
            "number": number,
            "name": item.name,
            "label": item.label,
            "now": label_now(item, row),
            "proposal": row.proposal if row else "",
            "proposed": self._proposed(number, row),
            "decision": row.decision if row else "",
            "by": row.decided_by if row else "",
            "score": row.score if row and row.proposal else None,
            "issues": sorted(galleries.issues_of(item, row, self.findings)),
            "findings": [
                {
                    "issue": finding.issue,
                    "detail": finding.detail,
                    "related": finding.related,
                    "number": self._number(finding.related),
                }
                for finding in found
            ],
            # What is set aside for such a reason stays so, whatever is decided.
            "stuck": any(f.issue not in KEEPABLE for f in aside),
            "guess": {"label": guess[0], "p": round(guess[1], 4)} if guess else None,
            "size": self.pictures.size(number),
            "trouble": f"{known.reason}: {known.detail}" if known and known.reason else "",
        }

    def _decided(self, wish: Wish, many: bool, number: int, row: Row | None) -> Row | None:
        """The row of a picture as somebody wants it."""
        item = self.collection.items[number]
        decision, label, by = wish.decision, wish.label, self.name
        if decision == "accept":
            if row is None or row.decision or not row.proposal:
                return row
            decision, label, by = row.proposal, row.label, self.name + AT_ONCE * many
            if decision == "relabel" and not label:
                return row
        if decision == "open":
            return self._opened(item, row)
        if decision == "relabel" and label == item.label:
            decision = "keep"
        if decision == "keep" and not item.label:
            return row  # there is no label to keep
        row = row or Row(item.name, reason=item.reason, sha256=self._digest(number))
        row = row._replace(
            decision=decision, decided_by=by, sha256=row.sha256 or self._digest(number)
        )
        return row._replace(label=label) if decision == "relabel" else row

    def _opened(self, item: Item, row: Row | None) -> Row | None:
        """A row as it was before anybody decided."""
        if row is None or not (row.proposal or row.group):
            return None
        found = self.findings.get(item.name, ())
        own = max(((f.score, f.proposal) for f in found if f.proposal), default=(0.0, ""))
        label = own[1] or (row.label if row.decision != "relabel" else "")
        row = row._replace(decision="", decided_by="", label=label)
        if any(finding.set_aside for finding in found):
            return row._replace(decision="drop", decided_by=AUDIT)
        return row

    def _refuse_label(self, wish: Wish) -> None:
        label = wish.label
        if not label.strip() or label != label.strip():
            raise InputError("a label has letters, and none of them is a space at an end")
        if label == NONE:
            raise InputError(f"no class may be called '{NONE}'")
        if any(ord(letter) < 32 for letter in label):
            raise InputError("a label is a single line")
        if label not in self.classes and not wish.new:
            raise InputError(f"there is no class '{label}' yet{nearest(label, self.classes)}")

    def _proposed(self, number: int, row: Row | None) -> str:
        """The label that a picture should have, where somebody or something says another one."""
        if row and row.proposal == "relabel" and row.label:
            return row.label
        guess = self._guess_of.get(number)
        own = label_now(self.collection.items[number], row)
        return guess[0] if guess and guess[0] != own else ""

    def _nearest_of(self, number: int, label: str) -> list[int]:
        import numpy as np

        features = self.background.features
        assert features is not None
        rows = self.decisions.rows
        among = [
            row_of
            for other, row_of in features.row_of.items()
            if self._stands_for(label, self.collection.items[other], rows)
        ]
        row = features.row_of[number]
        others = np.array([other for other in among if other != row], np.intp)
        rows_ND = features.rows_ND
        found = neighbours.nearest(rows_ND[np.array([row])], Chosen(rows_ND, others), NEIGHBOURS)
        return [int(features.numbers[i]) for i in others[found.indices_NL[0]]]

    def _stands_for(self, label: str, item: Item, rows: galleries.Rows) -> bool:
        row = rows.get(item.name)
        return label_now(item, row) == label and not (row and row.decision == "drop")

    def _digest(self, number: int) -> str:
        """SHA-256 of a picture's file, by which an edit is seen later; "" where unreadable."""
        item, known = self.collection.items[number], self.background.pictures[number]
        if known or item.digest:
            return known.digest if known else item.digest
        try:
            return hashlib.sha256(read_file(item.path)).hexdigest()
        except ImageError:
            return ""

    def _number(self, name: str) -> int | None:
        return self.collection.number_of.get(name)

"""What is to be done about pictures: an audit proposes, a person decides; kept as plan.csv."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from diptych.data.own_tables import read_table
from diptych.errors import InputError, nearest
from diptych.system.files import write_file

DECISIONS = ("keep", "drop", "relabel")
# Who decided what an audit does by itself; it does so again, as far as it is still true.
AUDIT = "audit"


class Row(NamedTuple):
    """What is proposed for a picture, and what was decided; "" where it is open."""

    path: str  # the name of its sample
    proposal: str = ""  # one of DECISIONS
    decision: str = ""  # one of DECISIONS
    label: str = ""  # the label that it is to have, or should, where it is another one
    group: str = ""  # pictures of one group end up in one part
    reason: str = ""  # what was found
    score: float = 1.0  # 0 to 1, how sure that is
    decided_by: str = ""
    sha256: str = ""  # of its bytes, as they were when it was proposed

    @property
    def is_safe(self) -> bool:
        """Whether the audit drops it by itself, and nobody decided otherwise."""
        return self.decided_by == AUDIT and self.decision == "drop"

    @property
    def is_decided(self) -> bool:
        """Whether somebody decided something about it."""
        return bool(self.decision or self.group) and not self.is_safe


COLUMNS = Row._fields
_NEEDED = ("path", "decision")


@dataclass(frozen=True)
class Plan:
    """A row a picture for which something was proposed or decided, each picture once."""

    rows: tuple[Row, ...]
    source: str = "the plan"  # what messages call it

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        decided = Counter(row.decision for row in self.rows if row.is_decided)
        parts = [f"{decided[one]:,} to {one}" for one in DECISIONS if decided[one]]
        safe, undecided = sum(row.is_safe for row in self.rows), len(self.undecided)
        parts += [f"{safe:,} dropped by the audit"] if safe else []
        parts += [f"{undecided:,} not decided"] if undecided else []
        return f"{len(self):,} pictures: " + (", ".join(parts) or "nothing to do")

    @property
    def decided(self) -> tuple[Row, ...]:
        """What somebody decided; what the audit does by itself is not among it."""
        return tuple(row for row in self.rows if row.is_decided)

    @property
    def undecided(self) -> tuple[Row, ...]:
        """What was proposed and waits for somebody to decide; nothing is done about it."""
        return tuple(row for row in self.rows if row.proposal and not row.decision)

    def with_decisions_of(self, earlier: "Plan") -> "Plan":
        """The plan with what was decided in an earlier one, of the same data.

        What was decided about a picture that has changed since is left out: see `outdated`.
        """
        decided = {row.path: row for row in earlier.decided}
        rows = []
        for row in self.rows:
            old = decided.pop(row.path, None)
            same = old is not None and old.sha256 in ("", row.sha256)
            rows.append(_decided_as(row, old) if old is not None and same else row)
        return Plan((*rows, *decided.values()), self.source)

    def outdated(self, earlier: "Plan") -> tuple[Row, ...]:
        """What was decided in an earlier plan about pictures that have changed since."""
        now = {row.path: row.sha256 for row in self.rows}
        return tuple(
            row for row in earlier.decided if row.sha256 not in ("", now.get(row.path, row.sha256))
        )

    def accepting(self, issues: Iterable[str], least: float = 0.0) -> "Plan":
        """The plan with what was proposed for these issues decided so, from a score on.

        Raises InputError for an issue that no proposal has.
        """
        wanted = set(issues)
        there = {issue for row in self.undecided for issue in row.reason.split("; ")}
        for issue in sorted(wanted - there - {"all"}):
            raise InputError(
                f"{self.source}: nothing is proposed as '{issue}'{nearest(issue, there)}"
            )

        def accepted(row: Row) -> Row:
            meant = "all" in wanted or wanted.intersection(row.reason.split("; "))
            if row.decision or not row.proposal or not meant or row.score < least:
                return row
            if row.proposal == "relabel" and not row.label:
                return row
            return row._replace(decision=row.proposal, decided_by="accepted")

        return Plan(tuple(map(accepted, self.rows)), self.source)

    def to_csv(self) -> str:
        """A row a picture, with the columns of `Row`."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(COLUMNS)
        rows.writerows(map(_rounded, self.rows))
        return text.getvalue()

    def write(self, path: Path) -> None:
        """Write it aside, then rename it into place. Raises InputError where that is impossible."""
        write_file(path, self.to_csv().encode(errors="surrogateescape"))

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """A plan from a file that `write` wrote, or somebody edited.

        Columns may be missing but for path and decision, and others are not looked at. Raises
        InputError with the row in which something is no plan.
        """
        rows = read_table(path, _NEEDED, what="a plan", advice="`diptych audit --out` writes one")
        plan = [_row(row, at, path) for at, row in enumerate(rows)]
        _refuse_twice(plan, path)
        return cls(tuple(row for row in plan if row.path), str(path))


def _rounded(row: Row) -> Row:
    """A row as it is written; most are so already, and a plan is written at every decision."""
    score = round(row.score, 4)
    return row if score == row.score else row._replace(score=score)


def _decided_as(row: Row, old: Row) -> Row:
    """A row with what an earlier one says was decided."""
    label = old.label if old.decision == "relabel" else row.label
    return row._replace(
        decision=old.decision, label=label, group=old.group, decided_by=old.decided_by
    )


def _row(cells: Mapping[str, str], at: int, path: Path) -> Row:
    """A row of a plan; `at` counts from 0 below the titles."""
    where = f"{path}, row {at + 2}"
    known = {title: cells.get(title, "") for title in COLUMNS if title != "score"}
    for title in known:
        if title not in ("path", "label"):  # which may begin with a space
            known[title] = known[title].strip()
    for title in ("proposal", "decision"):
        known[title] = known[title].lower()
        if known[title] not in ("", *DECISIONS):
            raise InputError(
                f"{where}: the {title} is '{known[title]}'{nearest(known[title], DECISIONS)}"
            )
    if not known["path"] and any(known.values()):
        raise InputError(f"{where}: it names no picture; fill in its path, or delete the row")
    row = Row(**known, score=_score(cells.get("score", ""), where))
    if row.decision == "relabel" and not row.label.strip():
        raise InputError(f"{where}: {row.path} is to be relabelled, and no label is named")
    return row


def _score(text: str, where: str) -> float:
    if not text.strip():
        return 1.0
    try:
        return float(text.replace(",", "."))
    except ValueError as cause:
        raise InputError(f"{where}: the score '{text}' is no number") from cause


def _refuse_twice(rows: Sequence[Row], path: Path) -> None:
    first: dict[str, int] = {}
    for at, row in enumerate(rows):
        if row.path and first.setdefault(row.path, at) != at:
            raise InputError(
                f"{path}, row {at + 2}: {row.path} is in row {first[row.path] + 2} already; leave "
                "one of them"
            )

"""What was decided: rows of a plan that are on the disk before anybody is told so.

The file is the truth. Whoever edits it meanwhile is not overwritten: what they changed is taken
over row by row before anything is saved, and a decision on a row that is another by now is refused.
"""

import stat
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from diptych.data.plan import Plan, Row
from diptych.errors import InputError

# What can be taken back, in steps of a window.
STEPS = 500
# Who changed a row where it was no window: an edit of the file, or a network's proposals.
FILE, NETWORK = "the file", "the network"


class NotSaved(InputError):
    """A decision could not be saved, and may be another time: nothing has changed."""


class Change(NamedTuple):
    """A row before and after; None where there was none, or is none any more."""

    name: str
    before: Row | None
    after: Row | None


class Saved(NamedTuple):
    """What came of a wish: which rows are others now, and which were refused."""

    changed: tuple[str, ...]
    refused: tuple[str, ...] = ()  # another window, or an edit of the file, was there first


class Decisions:
    """The rows of a plan in memory and in its file, changed by windows, one after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = _stamp(path)  # first: what is edited after it was read is seen later
        self.rows = _by_name(Plan.read(path))
        self.version = 0
        self._changed: dict[str, tuple[int, str]] = {}  # the version of each change, and by whom
        self._done: dict[str, list[tuple[Change, ...]]] = {}
        self._undone: dict[str, list[tuple[Change, ...]]] = {}
        self._lock = threading.RLock()

    def decide(
        self,
        window: str,
        seen: int,
        names: Iterable[str],
        made: Callable[[str, Row | None], Row | None],
    ) -> Saved:
        """Give each row what `made` makes of it, and save; `seen` is the version a window knew of.

        Raises NotSaved where it could not be saved: then nothing has changed.
        """
        with self._lock:
            self.look()
            meant = list(dict.fromkeys(names))
            stale = {name for name in meant if self._is_newer(name, seen, window)}
            own = [name for name in meant if name not in stale]
            changes = [Change(n, self.rows.get(n), made(n, self.rows.get(n))) for n in own]
            changes = [change for change in changes if change.before != change.after]
            self._save(changes, window)
            if changes:
                self._done.setdefault(window, []).append(tuple(changes))
                del self._done[window][:-STEPS]
                self._undone.pop(window, None)
            return Saved(tuple(change.name for change in changes), tuple(stale))

    def undo(self, window: str) -> Saved:
        """Take back what a window did last, but for rows that others have changed since."""
        return self._again(window, self._done, self._undone, backwards=True)

    def redo(self, window: str) -> Saved:
        """Do again what a window took back last."""
        return self._again(window, self._undone, self._done, backwards=False)

    def steps(self, window: str) -> dict[str, int]:
        """How many steps a window can take back, and do again."""
        undo, redo = (stack.get(window, []) for stack in (self._done, self._undone))
        return {"undo": len(undo), "redo": len(redo)}

    def look(self) -> None:
        """Take over what somebody edited in the file meanwhile.

        Raises NotSaved where it is no plan any more.
        """
        with self._lock:
            stamp = _stamp(self.path)
            if stamp == self._stamp or stamp is None:
                return
            try:
                edited = _by_name(Plan.read(self.path))
            except InputError as cause:
                raise NotSaved(f"{cause}; mend the file: nothing is saved until then") from cause
            names = {n for n in (*self.rows, *edited) if self.rows.get(n) != edited.get(n)}
            self.rows = edited
            self._note(names, FILE)
            self._stamp = stamp

    def propose(self, rows: Sequence[Row]) -> None:
        """Put what a network proposes into rows that are open; raises InputError as `decide`."""
        with self._lock:
            self.look()
            changes = [Change(row.path, self.rows.get(row.path), row) for row in rows]
            self._save([c for c in changes if not (c.before and c.before.decision)], NETWORK)

    def since(self, version: int) -> list[str]:
        """The names of the rows that have changed since a version."""
        with self._lock:
            return [name for name, (at, _) in self._changed.items() if at > version]

    def plan(self) -> Plan:
        """The plan as it is now."""
        return Plan(tuple(self.rows.values()), str(self.path))

    def _again(
        self,
        window: str,
        source: dict[str, list[tuple[Change, ...]]],
        target: dict[str, list[tuple[Change, ...]]],
        *,
        backwards: bool,
    ) -> Saved:
        with self._lock:
            self.look()
            if not source.get(window):
                return Saved(())
            changes = [
                Change(c.name, c.after, c.before) if backwards else c for c in source[window][-1]
            ]
            own = [change for change in changes if self.rows.get(change.name) == change.before]
            self._save(own, window)
            source[window].pop()
            target.setdefault(window, []).append(
                tuple(Change(c.name, c.after, c.before) if backwards else c for c in own)
            )
            refused = {change.name for change in changes} - {change.name for change in own}
            return Saved(tuple(change.name for change in own), tuple(refused))

    def _save(self, changes: Sequence[Change], by: str) -> None:
        if not changes:
            return
        rows = dict(self.rows)
        for name, _, after in changes:
            if after is None:
                rows.pop(name, None)
            else:
                rows[name] = after
        try:
            refuse_read_only(self.path)
            Plan(tuple(rows.values()), str(self.path)).write(self.path)
        except InputError as cause:
            raise NotSaved(str(cause)) from cause
        self.rows, self._stamp = rows, _stamp(self.path)
        self._note((change.name for change in changes), by)

    def _note(self, names: Iterable[str], by: str) -> None:
        self.version += 1
        for name in names:
            self._changed[name] = self.version, by

    def _is_newer(self, name: str, seen: int, window: str) -> bool:
        """Whether somebody else changed a row after what a window has seen of it."""
        version, by = self._changed.get(name, (0, window))
        return version > seen and by not in (window, NETWORK)


def refuse_read_only(path: Path) -> None:
    """Raise InputError for a file that nobody may write: it would be replaced by another."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # it is not there yet, or writing tells
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise InputError(f"{path}: is read-only; run: chmod u+w {path}")


def _by_name(plan: Plan) -> dict[str, Row]:
    # As they are written, so that a row that is read again is the same.
    return {row.path: row._replace(score=round(row.score, 4)) for row in plan.rows}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What is another one as soon as somebody has written a file; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def decided_counts(rows: Mapping[str, Row]) -> dict[str, int]:
    """How many pictures something is proposed for, how many of these are decided, and what."""
    proposed = decided = 0
    counts = {"keep": 0, "drop": 0, "relabel": 0}
    further = 0
    for row in rows.values():
        if row.is_safe:
            continue
        if row.decision:
            counts[row.decision] += 1
        if row.proposal:
            proposed += 1
            decided += bool(row.decision)
        elif row.decision:
            further += 1
    return {"proposed": proposed, "decided": decided, "further": further, **counts}

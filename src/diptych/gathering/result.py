"""What came of a table of addresses."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from diptych.gathering.manifest import CAME, Entry
from diptych.sources.tables.candidates import GATHERED


@dataclass(frozen=True)
class Gathered:
    """What came and what did not, in the order of the table."""

    folder: Path
    entries: tuple[Entry, ...]  # one for each row
    addresses: int  # different ones
    fetched: int  # of them, in this run
    note: str  # what was inferred of the table, in lines

    @property
    def manifest(self) -> Path:
        """The file with a row for each row of the table."""
        return self.folder / GATHERED

    @property
    def came(self) -> int:
        """Rows whose picture is there."""
        return sum(entry.outcome == CAME for entry in self.entries)

    @property
    def failed(self) -> Mapping[str, int]:
        """Rows whose picture is not, by the reason."""
        reasons = Counter(entry.outcome for entry in self.entries if entry.outcome != CAME)
        return dict(reasons.most_common())

    @property
    def two_labels(self) -> int:
        """Pictures that came under several labels, from one address or from several."""
        labels = defaultdict[str, set[str]](set)
        for entry in self.entries:
            if entry.outcome == CAME:
                labels[entry.sha256].add(entry.label)
        return sum(len(own) > 1 for own in labels.values())

    @property
    def copies(self) -> int:
        """Files with the same bytes as one before them."""
        files = {entry.path: entry.sha256 for entry in self.entries if entry.outcome == CAME}
        return len(files) - len(set(files.values()))

    def __str__(self) -> str:
        rows = len(self.entries)
        reasons = "".join(f", {count:,} {reason}" for reason, count in self.failed.items())
        came = f"{self.came:,} of {rows:,} pictures came{reasons}"
        twice = f"; {self.copies:,} with the same bytes as another" if self.copies else ""
        labels = f", {self.two_labels:,} under two labels" if self.two_labels else ""
        return f"{self.folder}: {came}{twice}{labels}"


def with_copies(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, with a word on those whose bytes came before."""
    first: dict[str, Entry] = {}
    said = []
    for entry in entries:
        before = first.setdefault(entry.sha256, entry) if entry.outcome == CAME else entry
        if before.path != entry.path:
            other = ", which has another label" if before.label != entry.label else ""
            entry = entry._replace(detail=f"the same bytes as {before.path}{other}")
        said.append(entry)
    return said

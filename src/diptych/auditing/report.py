"""What an audit found, as a value: counts, reasons, a report for people, a table."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from diptych.data.dataset import Dataset
from diptych.images.decoding import Picture
from diptych.images.thumbnails import thumbnail_html
from diptych.system.html import Html, block, table

# So many findings are shown in a notebook; the others are counted.
SHOWN = 12


class Finding(NamedTuple):
    """One thing worth knowing about a file, or about a class where `name` ends in a slash."""

    name: str
    issue: str
    detail: str
    set_aside: bool
    related: str = ""  # the other file, where there is one


@dataclass(frozen=True)
class Audit:
    """What an audit found. `str()` of it is a report for people."""

    dataset: Dataset
    findings: tuple[Finding, ...]
    pictures: Mapping[str, Picture]  # by sample name
    groups: Mapping[str, str]  # sample name → the least digest of its group of near-duplicates
    bits: int = 0  # the depth of pictures of more than 8 bits together; 0 where there is none

    @property
    def files(self) -> int:
        """Every file below the root."""
        return len(self.dataset) + len(self.dataset.strays)

    @property
    def reasons(self) -> dict[str, str]:
        """The reason of each file that is set aside, by name."""
        return {f.name: f.issue for f in self.findings if f.set_aside}

    @property
    def set_aside(self) -> dict[str, int]:
        """How many files are set aside for each reason, most frequent first."""
        return dict(Counter(self.reasons.values()).most_common())

    @property
    def used(self) -> int:
        """How many files are used."""
        return self.files - len(self.reasons)

    def __str__(self) -> str:
        aside = ", ".join(f"{count:,} {reason}" for reason, count in self.set_aside.items())
        lines = [f"{self.files:,} files: {self.used:,} used, {len(self.reasons):,} set aside"]
        lines[0] += f" ({aside})" if aside else ""
        used = Counter(f.issue for f in self.findings if not f.set_aside)
        if used:
            lines.append(
                "also found: " + ", ".join(f"{n:,} {issue}" for issue, n in used.most_common())
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Audit of {self.dataset.root}: {str(self).splitlines()[0]}>"

    def _repr_html_(self) -> str:
        summary = Counter((f.issue, f.set_aside) for f in self.findings).most_common()
        counts = table(
            ("issue", "files", ""),
            [(issue, f"{n:,}", "set aside" if aside else "used") for (issue, aside), n in summary],
        )
        rows = [(self._thumbnail(f.name), f.name, f.issue, f.detail) for f in self.findings[:SHOWN]]
        more = len(self.findings) - len(rows)
        note = f"… and {more:,} more: to_csv() has them all" if more else ""
        findings = table(("", "path", "issue", "detail"), rows) if rows else Html()
        return block(str(self).splitlines()[0], counts if rows else Html(), findings, Html(note))

    def _thumbnail(self, name: str) -> Html:
        picture = self.pictures.get(name)
        return thumbnail_html(picture.path) if picture and not picture.reason else Html()

    def to_csv(self) -> str:
        """A row a finding: path, issue, set_aside, detail, related."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["path", "issue", "set_aside", "detail", "related"])
        for name, issue, detail, aside, related in self.findings:
            rows.writerow([name, issue, "yes" if aside else "no", detail, related])
        return text.getvalue()

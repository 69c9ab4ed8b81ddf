"""What an audit found, as a value: counts, reasons, a report for people, a table."""

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from diptych.auditing.leakage import Leakage
from diptych.data.dataset import Dataset
from diptych.images.decoding import Picture
from diptych.images.thumbnails import thumbnail_html
from diptych.system.html import Html, block, table

if TYPE_CHECKING:
    import polars

    from diptych.auditing.material import Material

# So many findings are shown in a notebook; the others are counted.
SHOWN = 12


# How much it matters; a file that is set aside matters anyway, all else is "medium".
SEVERITIES = ("high", "medium", "low")
_SEVERITY = {
    "likely wrong label": "high",
    "shortcut": "high",
    "copy with another label": "high",
    "grey among colour": "low",
    "odd aspect": "low",
    "near duplicate": "low",
    "extra bands": "low",
    "unclear depth": "low",
}


# The columns of audit.csv, and what they hold.
SCHEMA = {
    "path": str,
    "issue": str,
    "set_aside": bool,
    "score": float,
    "severity": str,
    "proposal": str,
    "detail": str,
    "related": str,
}
COLUMNS = tuple(SCHEMA)


class Finding(NamedTuple):
    """One thing worth knowing about a file, or about a class where `name` ends in a slash.

    What is said of the whole data set has the name "/".
    """

    name: str
    issue: str
    detail: str
    set_aside: bool
    related: str = ""  # the other file, where there is one
    score: float = 1.0  # 0 to 1: how sure it is, or how strong; 1 where it is a fact
    proposal: str = ""  # the label that it should have, where that is what is wrong

    @property
    def severity(self) -> str:
        """How much it matters: one of SEVERITIES."""
        return "high" if self.set_aside else _SEVERITY.get(self.issue, "medium")

    def row(self) -> dict[str, Any]:
        """As a row of audit.csv has it."""
        return {
            "path": self.name,
            "issue": self.issue,
            "set_aside": self.set_aside,
            "score": round(self.score, 4),
            "severity": self.severity,
            "proposal": self.proposal,
            "detail": self.detail,
            "related": self.related,
        }


@dataclass(frozen=True)
class Audit:
    """What an audit found. `str()` of it is a report for people."""

    dataset: Dataset
    findings: tuple[Finding, ...]
    pictures: Mapping[str, Picture]  # by sample name
    groups: Mapping[str, str]  # sample name → the least digest of its group of near-duplicates
    bits: int = 0  # the depth of pictures of more than 8 bits together; 0 where there is none
    # What can be used, as the checks saw it: pixels and features, which stay on disk.
    material: "Material | None" = field(default=None, repr=False, compare=False)
    leakage: Leakage | None = None  # of a data set that came split

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
        if self.leakage:
            lines.append(f"leakage: {self.leakage}")
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
        """A row a finding: path, issue, set_aside, score, severity, proposal, detail, related."""
        text = io.StringIO()
        rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        rows.writeheader()
        for finding in self.findings:
            row = finding.row()
            rows.writerow(row | {"set_aside": "yes" if finding.set_aside else "no"})
        return text.getvalue()

    def to_polars(self) -> "polars.DataFrame":
        """The findings as a table of polars, with the columns of audit.csv.

        Bytes in names that are no text appear as the sign for such.
        """
        import polars

        rows = [
            {key: _as_text(value) for key, value in finding.row().items()}
            for finding in self.findings
        ]
        return polars.DataFrame(rows, SCHEMA)


def _as_text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return value.encode(errors="surrogateescape").decode(errors="replace")

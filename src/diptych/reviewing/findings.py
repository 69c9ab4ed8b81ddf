"""What an audit found, read from the audit.csv that it wrote: nothing is audited again."""

from collections.abc import Iterable
from pathlib import Path

from diptych.auditing.report import COLUMNS, Finding
from diptych.data.own_tables import read_table
from diptych.errors import InputError

Findings = dict[str, tuple[Finding, ...]]  # by the name of a picture

_NEEDED = ("path", "issue", "detail")


def by_picture(findings: Iterable[Finding]) -> Findings:
    """Findings by the picture that they are of."""
    of: dict[str, list[Finding]] = {}
    for finding in findings:
        of.setdefault(finding.name, []).append(finding)
    return {name: tuple(some) for name, some in of.items()}


def read_findings(path: Path) -> Findings:
    """The findings of an audit.csv; raises InputError where it is none."""
    rows = read_table(
        path,
        _NEEDED,
        what="what an audit writes",
        advice="delete it, or run `diptych audit --out` again",
    )
    return by_picture(_finding(row, path, at) for at, row in enumerate(rows, 2))


def _finding(cells: dict[str, str], path: Path, at: int) -> Finding:
    row = {title: cells.get(title, "") for title in COLUMNS}
    try:
        score = float(row["score"] or 1)
    except ValueError as cause:
        raise InputError(f"{path}, row {at}: the score '{row['score']}' is no number") from cause
    return Finding(
        row["path"],
        row["issue"],
        row["detail"],
        row["set_aside"] == "yes",
        row["related"],
        score,
        row["proposal"],
    )

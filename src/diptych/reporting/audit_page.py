"""An audit as a page: what is wrong, what to do first, a map of all pictures, galleries, rows."""

import base64
import hashlib
import importlib.metadata
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from diptych.auditing.report import Audit, Finding
from diptych.errors import MissingExtra
from diptych.reporting.audit_advice import actions, issues, of_pictures, worst
from diptych.reporting.audit_galleries import galleries, on_classes, set_aside
from diptych.reporting.audit_map import MOST, AuditMap, audit_map, map_data, map_in_words, still_map
from diptych.reporting.audit_pictures import Thumbnails
from diptych.reporting.pages import page
from diptych.system.files import path_of, write_file
from diptych.system.progress import Track, unwatched
from diptych.system.text import printable

PAGE, TABLE = "audit.html", "audit.csv"
SCRIPTS = ("audit_map.js", "audit_table.js")
# Rows of the table that are there without a script, and those that the script has.
ROWS, ALL_ROWS = 100, 5_000
# Of more classes the smallest and the largest are shown.
CLASSES = 60


def save_audit(audit: Audit, folder: str | Path, *, track: Track = unwatched) -> str:
    """Write audit.csv and audit.html, each aside and then into place; the folder may be missing.

    Returns why there is no page, where the extra "report" is not installed; else nothing. Raises
    InputError when they cannot be written.
    """
    folder = path_of(folder, "the folder")
    write_file(folder / TABLE, audit.to_csv().encode(errors="surrogateescape"))
    if not find_spec("jinja2"):
        return f"{PAGE}: {MissingExtra('Jinja2', 'report')}"
    write_file(folder / PAGE, audit_page(audit, folder, track).encode(errors="backslashreplace"))
    return ""


def audit_page(audit: Audit, folder: Path, track: Track = unwatched) -> str:
    """The whole page as HTML; it names the plan that lies in a folder.

    Raises MissingExtra without Jinja.
    """
    thumbnails = Thumbnails(audit)
    found = audit_map(audit, track)
    templates = Path(__file__).with_name("templates")
    scripts = [(templates / name).read_text(encoding="utf-8") for name in SCRIPTS]
    todo = actions(audit, folder / "plan.csv")
    kinds = issues(audit.findings)
    return page(
        "audit.html",
        {
            "title": printable(f"An audit of {audit.dataset.root.name or audit.dataset.root}"),
            "diptych": importlib.metadata.version("diptych"),
            "summary": _summary(audit),
            "worst": printable(worst(audit)),
            "actions": [
                {
                    "what": printable(one.what),
                    "why": printable(one.why),
                    "command": printable(one.command).split(),
                }
                for one in todo
            ],
            "map": found and _map(audit, found, thumbnails),
            "few": len(audit.material.dataset) if audit.material else 0,
            "classes": list(_classes(audit)),
            "more_classes": max(0, len(audit.dataset.classes) - CLASSES),
            "leakage": [printable(line) for line in str(audit.leakage or "").splitlines()],
            "on_classes": on_classes(audit, thumbnails),
            "galleries": galleries(audit, thumbnails, found.numbers if found else {}),
            "set_aside": set_aside(audit),
            "rows": [_row(finding) for finding in audit.findings[:ROWS]],
            "row_count": len(audit.findings),
            "all_rows": ALL_ROWS,
            "issues": kinds,
            "data": {
                "map": found and map_data(audit, found, thumbnails),
                "rows": [_row(finding) for finding in audit.findings[:ALL_ROWS]],
            },
            "scripts": scripts,
            "hashes": [
                base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
                for script in scripts
            ],
        },
    )


def _summary(audit: Audit) -> str:
    files = "one file" if audit.files == 1 else f"{audit.files:,} files"
    aside = audit.files - audit.used
    n = len(audit.dataset.classes)
    classes = f"{n:,} class{'es' if n != 1 else ''}"
    if not aside:
        return f"Of {files} in {classes} all can be used."
    left = f"{aside:,} {'is' if aside == 1 else 'are'} set aside"
    return f"Of {files} in {classes} {audit.used:,} can be used and {left}."


def _map(audit: Audit, found: AuditMap, thumbnails: Thumbnails) -> dict[str, Any]:
    return {
        "count": f"{len(found.samples):,}",
        "total": f"{found.total:,}",
        "sampled": found.total > MOST,
        "regions": map_in_words(audit, found, thumbnails),
        "still": still_map(audit, found),
    }


def _classes(audit: Audit) -> Iterator[dict[str, Any]]:
    """Each class, the largest first: its pictures, those set aside, those with findings."""
    aside = audit.reasons
    label_of = {sample.name: sample.label for sample in audit.dataset.samples}
    used = Counter(label for name, label in label_of.items() if name not in aside)
    gone = Counter(label for name, label in label_of.items() if name in aside)
    noted = {f.name for f in audit.findings if of_pictures(f) and f.name not in aside}
    with_findings = Counter(label_of[name] for name in noted if name in label_of)
    most = max(used.values(), default=0) or 1
    largest = sorted(audit.dataset.classes, key=lambda label: -used[label])
    if len(largest) > CLASSES:
        largest = largest[: CLASSES // 2] + largest[-(CLASSES // 2) :]
    for label in largest:
        yield {
            "label": printable(label),
            "used": f"{used[label]:,}",
            "set_aside": f"{gone[label]:,}",
            "findings": f"{with_findings[label]:,}",
            "share": round(100 * used[label] / most, 1),
        }


def _row(finding: Finding) -> list[str]:
    """A row of the table: path, issue, severity, score, proposal, detail with the other file."""
    related = f" ({finding.related})" if finding.related else ""
    return [
        printable(finding.name),
        finding.issue,
        "set aside" if finding.set_aside else finding.severity,
        f"{finding.score:.2f}",
        printable(finding.proposal),
        printable(f"{finding.detail}{related}"),
    ]

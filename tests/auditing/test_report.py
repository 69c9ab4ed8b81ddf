import csv
import io
import os
from collections.abc import Callable
from pathlib import Path

from diptych import audit, read
from diptych.auditing.material import Material
from diptych.auditing.report import COLUMNS, Finding


def reddest(material: Material) -> list[Finding]:
    """A check of one's own."""
    red_N = [int(rows[0].mean(axis=(0, 1))[0]) for rows in (material.pixels[:1],)]
    name = material.dataset.samples[0].name
    return [Finding(name, "reddest", f"{red_N[0]} of 255", False, "", 0.25, "blue")]


def test_findings_are_a_table_in_polars_and_in_csv(folder_of: Callable[..., Path]) -> None:
    root = folder_of(3)
    (root / "red" / os.fsdecode(b"\xff.png")).write_bytes(b"")
    found = audit(read(root), size=32, checks=(reddest,))
    table = found.to_polars()
    assert tuple(table.columns) == COLUMNS
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert len(rows) == len(table) == len(found.findings)
    own = table.filter(table["issue"] == "reddest").to_dicts()
    assert own[0]["score"] == 0.25
    assert own[0]["proposal"] == "blue"
    (empty,) = (row for row in rows if row["issue"] == "empty")
    assert (empty["set_aside"], empty["severity"], empty["score"]) == ("yes", "high", "1.0")

"""A small data set with its plan, and a session of it that is asked without a socket."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diptych.auditing.report import COLUMNS, Finding
from diptych.data.plan import AUDIT, Plan, Row
from diptych.reviewing.server import opened_session
from diptych.reviewing.session import Session
from diptych.sources import read
from windows import Client, settings


@pytest.fixture
def photos(folder_of: Callable[..., Path]) -> Path:
    """Six red pictures and six blue ones, of which one of each is in the wrong folder."""
    root = folder_of(6)
    (root / "red" / "red000.png").rename(root / "blue" / "was red.png")
    (root / "blue" / "blue000.png").rename(root / "red" / "was blue.png")
    return root


@pytest.fixture
def plan(photos: Path, tmp_path: Path) -> Path:
    """What an audit of the photos may have proposed, with its audit.csv."""
    file = tmp_path / "audit" / "plan.csv"
    reason = "likely wrong label"
    findings = [
        Finding("blue/was red.png", reason, "taken for red", False, score=0.9, proposal="red"),
        Finding("red/was blue.png", reason, "taken for blue", False, score=0.8, proposal="blue"),
        Finding("red/red001.png", "blurred", "no detail", False, score=0.6),
        Finding("red/red002.png", "exact duplicate", "the same bytes", True, "red/red003.png"),
    ]
    rows = (
        Row(findings[0].name, "relabel", label="red", reason=reason, score=0.9),
        Row(findings[1].name, "relabel", label="blue", reason=reason, score=0.8),
        Row(findings[2].name, "keep", reason="blurred", score=0.6),
        Row(findings[3].name, "drop", "drop", reason="exact duplicate", decided_by=AUDIT),
    )
    Plan(rows).write(file)
    lines = [",".join(COLUMNS)]
    for finding in findings:
        cells = finding.row() | {"set_aside": "yes" if finding.set_aside else "no"}
        lines.append(",".join(str(cells[title]) for title in COLUMNS))
    file.with_name("audit.csv").write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture
def session(photos: Path, plan: Path) -> Session:
    return opened_session(read(photos), settings(plan))[0]


@pytest.fixture
def client(session: Session) -> Client:
    return Client(session)

import os
from pathlib import Path

import pytest

from diptych.data.plan import Plan, Row
from diptych.errors import InputError

HEAD = "path,proposal,decision,label,group,reason,score,decided_by,sha256\n"


def plan_of(tmp_path: Path, text: str) -> Plan:
    file = tmp_path / "plan.csv"
    file.write_text(text)
    return Plan.read(file)


def test_a_plan_comes_back_as_it_was_written(tmp_path: Path) -> None:
    odd = os.fsdecode(b'a\n,"b"\xff.jpg')
    rows = (
        Row(odd, "relabel", "relabel", "Käse", reason="likely wrong label", score=0.5, sha256="0"),
        Row("b.jpg", "drop", "drop", decided_by="audit"),
        Row("c.jpg", group="one patient"),
    )
    Plan(rows).write(tmp_path / "plan.csv")
    assert Plan.read(tmp_path / "plan.csv").rows == rows


def test_what_a_spreadsheet_makes_of_it_is_read(tmp_path: Path) -> None:
    """Semicolons, a byte order mark, decimal commas, capitals, columns left out, empty rows."""
    text = "\ufeffPath;Decision;Score\na.jpg;DROP;0,5\n;;\nb.jpg;;\n"
    plan = plan_of(tmp_path, text)
    assert plan.rows == (Row("a.jpg", decision="drop", score=0.5), Row("b.jpg"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "no column 'path'"),
        ("path,label\na.jpg,x\n", "no column 'decision'; `diptych audit --out` writes one"),
        ("path,decision\na.jpg,dorp\n", "row 2: the decision is 'dorp'; did you mean 'drop'?"),
        ("path,decision\na.jpg,relabel\n", "row 2: a.jpg is to be relabelled, and no label"),
        ("path,decision\na.jpg,\n,drop\n", "row 3: it names no picture"),
        ("path,decision\na.jpg,\na.jpg,drop\n", "row 3: a.jpg is in row 2 already"),
        ("path,decision,score\na.jpg,drop,much\n", "row 2: the score 'much' is no number"),
    ],
)
def test_a_mistake_in_a_plan_is_told_with_its_row(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(InputError) as refused:
        plan_of(tmp_path, text)
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_new_plan_keeps_what_was_decided_before() -> None:
    earlier = Plan((
        Row("a", "relabel", "relabel", "y", decided_by="anna", sha256="1"),
        Row("b", "drop", "keep", sha256="1"),
        Row("c", "drop", "drop", decided_by="audit"),
        Row("gone", decision="drop"),
    ))  # fmt: skip
    new = Plan((
        Row("a", "relabel", label="x", score=0.9, sha256="1"),
        Row("b", "drop", sha256="2"),
        Row("c", "keep"),
    ))  # fmt: skip
    rows = new.with_decisions_of(earlier).rows
    assert rows == (
        Row("a", "relabel", "relabel", "y", score=0.9, decided_by="anna", sha256="1"),
        Row("b", "drop", sha256="2"),
        Row("c", "keep"),
        Row("gone", decision="drop"),
    )
    assert [row.path for row in new.outdated(earlier)] == ["b"]


def test_what_was_proposed_is_accepted_by_issue_and_score() -> None:
    plan = Plan((
        Row("a", "relabel", label="x", reason="likely wrong label", score=0.9),
        Row("b", "relabel", label="x", reason="likely wrong label", score=0.6),
        Row("c", "drop", reason="blank; irrelevant"),
        Row("d", "relabel", reason="no class"),
        Row("e", "drop", "keep", reason="blank"),
    ))  # fmt: skip
    some = plan.accepting(["likely wrong label"], 0.8)
    assert [row.decision for row in some.rows] == ["relabel", "", "", "", "keep"]
    # A picture without a proposed label waits for somebody to name one.
    every = plan.accepting(["all"])
    assert [row.decision for row in every.rows] == ["relabel", "relabel", "drop", "", "keep"]
    with pytest.raises(InputError, match="nothing is proposed as 'blnk'; did you mean 'blank'"):
        plan.accepting(["blnk"])

from pathlib import Path

import pytest

from diptych.data.plan import Plan, Row
from diptych.errors import InputError
from diptych.reviewing.decisions import Decisions, NotSaved, Saved, decided_counts


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.csv"
    Plan(tuple(Row(f"{letter}.jpg", "keep", score=0.12345) for letter in "abc")).write(file)
    return file


def decide(
    decisions: Decisions, name: str, decision: str, window: str = "one", seen: int = 10**9
) -> Saved:
    def made(name: str, row: Row | None) -> Row:
        return (row or Row(name))._replace(decision=decision, decided_by=window)

    return decisions.decide(window, seen, [name], made)


def on_disk(plan: Path) -> dict[str, str]:
    return {row.path: row.decision for row in Plan.read(plan).rows}


def test_a_decision_is_on_the_disk_when_it_is_told(plan: Path) -> None:
    decisions = Decisions(plan)
    assert decide(decisions, "b.jpg", "drop").changed == ("b.jpg",)
    assert on_disk(plan) == {"a.jpg": "", "b.jpg": "drop", "c.jpg": ""}
    assert [path.name for path in plan.parent.iterdir()] == ["plan.csv"]


def test_each_window_takes_back_its_own_and_does_it_again(plan: Path) -> None:
    decisions = Decisions(plan)
    decide(decisions, "a.jpg", "drop", "one")
    decide(decisions, "b.jpg", "drop", "two")
    decide(decisions, "new.jpg", "drop", "one")
    assert decisions.undo("one").changed == ("new.jpg",)
    assert on_disk(plan) == {"a.jpg": "drop", "b.jpg": "drop", "c.jpg": ""}
    assert decisions.undo("one").changed == ("a.jpg",)
    assert decisions.undo("one") == Saved(())
    assert decisions.redo("one").changed == ("a.jpg",)
    assert decisions.steps("one") == {"undo": 1, "redo": 1}
    assert on_disk(plan) == {"a.jpg": "drop", "b.jpg": "drop", "c.jpg": ""}
    decide(decisions, "c.jpg", "keep", "one")
    assert decisions.steps("one") == {"undo": 2, "redo": 0}


def test_a_window_that_has_not_seen_a_decision_does_not_overwrite_it(plan: Path) -> None:
    decisions = Decisions(plan)
    decide(decisions, "a.jpg", "drop", "one", seen=0)
    late = decide(decisions, "a.jpg", "keep", "two", seen=0)
    assert late == Saved((), ("a.jpg",))
    assert on_disk(plan)["a.jpg"] == "drop"
    assert decide(decisions, "a.jpg", "keep", "two", seen=decisions.version).changed
    # What the other has changed since is not taken back.
    assert decisions.undo("one").refused == ("a.jpg",)
    assert on_disk(plan)["a.jpg"] == "keep"


def test_an_edit_of_the_file_meanwhile_is_taken_over_row_by_row(plan: Path) -> None:
    decisions = Decisions(plan)
    edited = Plan.read(plan).rows
    more = (edited[0]._replace(decision="drop"), edited[1], edited[2], Row("d.jpg", "", "drop"))
    Plan(more).write(plan)
    assert decide(decisions, "b.jpg", "keep", seen=0).changed == ("b.jpg",)
    assert on_disk(plan) == {"a.jpg": "drop", "b.jpg": "keep", "c.jpg": "", "d.jpg": "drop"}
    assert decide(decisions, "a.jpg", "keep", seen=0).refused == ("a.jpg",)
    assert {"a.jpg", "d.jpg"} <= set(decisions.since(0))


def test_a_file_that_was_edited_badly_is_not_overwritten(plan: Path) -> None:
    decisions = Decisions(plan)
    text = plan.read_text().replace("b.jpg,keep", "b.jpg,perhaps")
    plan.write_text(text)
    with pytest.raises(NotSaved, match=r"row 3: the proposal is 'perhaps'.*mend the file"):
        decide(decisions, "a.jpg", "drop")
    assert plan.read_text() == text
    assert decisions.rows["a.jpg"].decision == ""
    plan.write_text(text.replace("perhaps", "keep"))
    assert decide(decisions, "a.jpg", "drop").changed == ("a.jpg",)


def test_what_cannot_be_saved_has_not_happened(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decisions = Decisions(plan)
    plan.chmod(0o444)
    with pytest.raises(NotSaved, match="read-only"):
        decide(decisions, "a.jpg", "drop")
    plan.chmod(0o644)

    def full(self: Plan, path: Path) -> None:
        raise InputError(f"{path}: cannot be written (No space left on device)")

    with monkeypatch.context() as patch:
        patch.setattr(Plan, "write", full)
        with pytest.raises(NotSaved, match="No space left"):
            decide(decisions, "a.jpg", "drop")
    assert decisions.rows["a.jpg"].decision == ""
    assert decisions.steps("one") == {"undo": 0, "redo": 0}
    assert decide(decisions, "a.jpg", "drop").changed == ("a.jpg",)
    assert on_disk(plan)["a.jpg"] == "drop"


def test_a_file_that_was_deleted_is_written_anew(plan: Path) -> None:
    decisions = Decisions(plan)
    plan.unlink()
    decide(decisions, "a.jpg", "drop")
    assert on_disk(plan) == {"a.jpg": "drop", "b.jpg": "", "c.jpg": ""}


def test_proposals_leave_alone_what_somebody_has_decided(plan: Path) -> None:
    decisions = Decisions(plan)
    decide(decisions, "a.jpg", "drop")
    decisions.propose([Row("a.jpg", "relabel", label="x"), Row("b.jpg", "relabel", label="y")])
    assert decisions.rows["a.jpg"].decision == "drop"
    assert decisions.rows["b.jpg"].label == "y"
    # A proposal is no decision of somebody else: who had not seen it may decide.
    assert decide(decisions, "b.jpg", "keep", "two", seen=0).changed == ("b.jpg",)


def test_decisions_are_counted(plan: Path) -> None:
    decisions = Decisions(plan)
    decide(decisions, "a.jpg", "drop")
    decide(decisions, "new.jpg", "drop")
    counts = decided_counts(decisions.rows)
    assert (counts["proposed"], counts["decided"], counts["further"]) == (3, 1, 1)
    assert counts["drop"] == 2

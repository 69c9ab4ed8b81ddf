from pathlib import Path

import pytest

from diptych.auditing.report import Audit, Finding
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.reporting.audit_advice import actions, issues, sentence, worst

PLAN = Path("my audit/plan.csv")


def found(*findings: Finding, strays: int = 0) -> Audit:
    """An audit of 100 samples with these findings."""
    names = [(f"{label}/{i}.jpg", label) for label in ("cat", "dog") for i in range(50)]
    samples = tuple(Sample(name, label, Path(name)) for name, label in names)
    files = tuple(Stray(f"{i}.txt", "no class", "") for i in range(strays))
    return Audit(Dataset(Path("my pets"), ("cat", "dog"), samples, files), findings, {}, {})


def several(issue: str, count: int, set_aside: bool = False) -> list[Finding]:
    return [Finding(f"cat/{i}.jpg", issue, "why", set_aside) for i in range(count)]


def whats(audit: Audit) -> list[str]:
    return [action.what for action in actions(audit, PLAN)]


def test_more_wrong_labels_are_worth_more_than_fewer_odd_pictures() -> None:
    assert whats(found(*several("blurred", 3), *several("likely wrong label", 5))) == [
        "Check 5 labels.",
        "Look at 3 pictures.",
        "Train.",
    ]


def test_many_broken_files_come_before_a_single_label() -> None:
    few = found(
        *several("truncated", 40, True), Finding("dog/1.jpg", "likely wrong label", "", False)
    )
    assert whats(few)[:2] == ["Get 40 files again.", "Check one label."]


def test_a_shortcut_comes_first_and_the_surest_is_told() -> None:
    audit = found(
        *several("blurred", 9),
        Finding("cat/", "shortcut", "weak", False, score=0.3),
        Finding("/", "shortcut", "strong", False, score=0.2),
    )
    first, *_ = actions(audit, PLAN)
    assert first.what == "Take the pictures of all classes in the same way."
    assert "strong (and 1 more of the kind)" in first.why
    assert worst(audit) == "shortcut: strong"


def test_commands_can_be_pasted_whatever_folders_are_called() -> None:
    review = actions(found(*several("dark", 2)), PLAN)[0].command
    assert review == "diptych review 'my pets' --plan 'my audit/plan.csv'"


def test_copies_across_parts_matter_and_other_copies_do_not() -> None:
    across = found(*several("across parts", 9, True), *several("dark", 9))
    assert whats(across)[0] == "Leave out copies."
    near = found(*several("near duplicate", 9), *several("dark", 9))
    assert whats(near) == ["Look at 9 pictures.", "Keep copies together.", "Train."]
    assert not worst(found(*several("near duplicate", 9)))


def test_files_without_a_label_may_be_pictures() -> None:
    audit = found(*(Finding(f"{i}.jpg", "no class", "", True) for i in range(7)), strays=7)
    assert whats(audit)[0] == "See which of 7 files need a label."


def test_what_lies_beside_pictures_is_no_problem() -> None:
    audit = found(
        Finding("labels.csv", "table", "", True), Finding("a.json", "annotation", "", True)
    )
    assert not worst(audit)
    assert whats(audit) == ["Nothing stands out: train."]


def test_the_gravest_kinds_come_first_then_the_most_frequent() -> None:
    every = [*several("dark", 2), *several("tiny", 4), *several("likely wrong label", 1)]
    assert issues([*every, *several("near duplicate", 9)]) == [
        *("likely wrong label", "tiny", "dark", "near duplicate")
    ]


@pytest.mark.parametrize(
    ("issue", "count", "said"),
    [
        ("likely wrong label", 1, "one picture is likely labelled wrong"),
        ("blurred", 1200, "1,200 pictures are blurred"),
        ("a check of mine", 2, "of 2 pictures it is said: a check of mine"),
    ],
)
def test_findings_are_told_in_a_clause(issue: str, count: int, said: str) -> None:
    assert sentence(issue, count) == said

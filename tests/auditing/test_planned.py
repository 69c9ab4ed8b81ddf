from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import picture
from diptych.auditing import audit
from diptych.auditing.cleaning import clean
from diptych.auditing.planned import with_plan
from diptych.auditing.proposing import proposed
from diptych.data.dataset import Dataset
from diptych.data.plan import Plan, Row
from diptych.errors import InputError
from diptych.sources import read


def cleaned(root: Path, *rows: Row, new_labels: bool = False) -> Dataset:
    data = with_plan(read(root), Plan(rows), new_labels=new_labels)
    return clean(data, audit(data, size=32, checks=()))


def labels(data: Dataset) -> dict[str, str]:
    return {sample.name: sample.label for sample in data.samples}


def test_pictures_are_relabelled_dropped_and_kept_together(folder_of: Callable[..., Path]) -> None:
    root = folder_of(6)
    data = cleaned(
        root,
        Row("red/red000.png", decision="relabel", label="blue"),
        Row("red/red001.png", decision="drop", reason="blurred"),
        Row("red/red002.png", group="g"),
        Row("blue/blue002.png", decision="keep", group="g"),
        Row("blue/blue003.png", "drop"),
    )
    assert labels(data)["red/red000.png"] == "blue"
    assert "red/red001.png" not in labels(data)
    assert ("red/red001.png", "dropped", "by the plan (blurred)") in data.strays
    group = {sample.name: sample.group for sample in data.samples}
    assert group["red/red002.png"] == group["blue/blue002.png"] != group["red/red003.png"]
    # What nobody decided is not done.
    assert "blue/blue003.png" in labels(data)
    assert len(read(root)) == 12


def test_a_copy_with_two_labels_is_used_once_somebody_says_which_is_right(
    folder_of: Callable[..., Path],
) -> None:
    root = folder_of(5)
    (root / "red" / "same.png").write_bytes((root / "blue" / "blue000.png").read_bytes())
    before = proposed(audit(read(root), size=32, checks=()))
    assert {row.path for row in before.rows if row.is_safe} == {"red/same.png", "blue/blue000.png"}
    data = cleaned(root, Row("red/same.png", decision="relabel", label="blue"))
    # Now they are copies of one label, of which one is enough.
    assert sum(name in labels(data) for name in ("red/same.png", "blue/blue000.png")) == 1
    assert set(labels(data).values()) == {"red", "blue"}


def test_what_an_audit_does_by_itself_is_done_again_not_as_it_was(
    folder_of: Callable[..., Path],
) -> None:
    """Of two copies one was dropped; when the other one is dropped by hand the first one stays."""
    root = folder_of(5)
    (root / "red" / "twin.png").write_bytes((root / "red" / "red000.png").read_bytes())
    plan = proposed(audit(read(root), size=32, checks=()))
    (safe,) = (row.path for row in plan.rows if row.is_safe)
    other = ({"red/twin.png", "red/red000.png"} - {safe}).pop()
    data = cleaned(root, *plan.rows, Row(other, decision="drop"))
    assert safe in labels(data)
    assert other not in labels(data)


def test_pictures_in_no_class_get_one(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    pile = tmp_path / "pile"
    pile.mkdir()
    for i in range(4):
        picture(i).save(pile / f"{i}.png")
    plan = proposed(audit(read(pile), size=32, checks=()))
    assert [row.path for row in plan.rows] == [f"{i}.png" for i in range(4)]
    rows = [row._replace(decision="relabel", label="ab"[i % 2]) for i, row in enumerate(plan.rows)]
    data = cleaned(pile, *rows[:3])
    assert data.classes == ("a", "b")
    assert labels(data) == {"0.png": "a", "1.png": "b", "2.png": "a"}
    assert [stray.name for stray in data.strays] == ["3.png"]


def test_a_class_that_loses_all_is_gone_and_a_new_one_is_wanted_on_purpose(
    folder_of: Callable[..., Path],
) -> None:
    root = folder_of(2)
    rows = [Row(f"red/red{i:03}.png", decision="relabel", label="crimson") for i in range(2)]
    with pytest.raises(InputError, match=r"'crimson', which is no class of .*--new-labels makes"):
        cleaned(root, *rows)
    assert cleaned(root, *rows, new_labels=True).classes == ("blue", "crimson")


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (Row("other.png", decision="keep"), "none of its pictures is in"),
        (Row("red/red000.png", decision="drop", sha256="0" * 64), "has changed since"),
        (Row("red/notes.txt", decision="relabel", label="red"), "cannot be relabelled"),
    ],
)
def test_a_plan_that_does_not_fit_the_data_is_refused(
    folder_of: Callable[..., Path], row: Row, line: str
) -> None:
    root = folder_of(2)
    (root / "red" / ".hidden").touch()
    row = row._replace(path=row.path.replace("notes.txt", ".hidden"))
    with pytest.raises(InputError, match=line):
        cleaned(root, row)


def test_a_picture_that_is_gone_may_be_dropped_and_nothing_else(
    folder_of: Callable[..., Path],
) -> None:
    root = folder_of(2)
    rest = Row("red/red001.png", decision="keep")
    assert len(cleaned(root, rest, Row("gone.png", decision="drop"))) == 4
    with pytest.raises(InputError, match=r"gone\.png is not in .*; put it back"):
        cleaned(root, rest, Row("gone.png", decision="keep"))

"""From an audit's plan to a folder, a split and a bundle, as a person has it."""

from collections.abc import Callable
from pathlib import Path

from command import LINEAR, answer_of, complaint, diptych


def test_what_was_decided_is_done_by_every_verb(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root, plan = folder_of(12), tmp_path / "looked" / "plan.csv"
    (root / "red" / "same.png").write_bytes((root / "blue" / "blue000.png").read_bytes())
    answer_of("audit", root, "--out", tmp_path / "looked")
    text = plan.read_text().replace("red/same.png,drop,drop,", "red/same.png,,relabel,blue")
    plan.write_text(text)
    answer_of("audit", root, "--out", tmp_path / "looked")
    assert "red/same.png,drop,relabel,blue" in plan.read_text()
    text = plan.read_text()
    answer = answer_of("clean", root, "--plan", plan, "--out", tmp_path / "cleaned")
    assert answer["classes"] == {"blue": 12, "red": 12}
    assert answer["set_aside"] == {"exact duplicate": 1}
    assert answer["linked"] == 24
    again = answer_of("audit", tmp_path / "cleaned")
    assert again["set_aside"] == {}
    parts = answer_of("split", root, "--plan", plan, "--out", tmp_path / "splits.csv")["parts"]
    assert sum(parts.values()) == 24
    checked = answer_of("audit", "--splits", tmp_path / "splits.csv")
    assert checked["leakage"]["pairs"] == []
    bundle = tmp_path / "a.bundle"
    trained = answer_of("train", root, "--plan", plan, "--out", bundle, *LINEAR)
    assert trained["used"] == 24
    assert (bundle / "plan.csv").read_text() == text


def test_mistakes_are_one_line(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    root = folder_of(3)
    assert "--accept: it is of a plan" in complaint(
        "clean", root, "--accept", "all", "--out", tmp_path / "out"
    )
    (tmp_path / "plan.csv").write_text("path,decision\nx.png,keep\n")
    said = complaint("clean", root, "--plan", tmp_path / "plan.csv", "--out", tmp_path / "out")
    assert "it is the plan of other data" in said
    assert "lies in" in complaint("clean", root, "--out", root / "red" / "out")
    assert not (tmp_path / "out").exists()
    assert diptych("audit").returncode == 2

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers import SMALL, evaluated
from command import answer_of, complaint, diptych
from diptych.comparing.runs import COLUMNS, runs_below
from diptych.errors import InputError


@pytest.fixture
def bundles(folder_of: Callable[..., Path], tmp_path: Path) -> Path:
    """Two bundles of the same pictures, one of other ones."""
    folder, root = tmp_path / "bundles", folder_of(20)
    evaluated(root).save(folder / "old" / "first")
    evaluated(root, SMALL.replace(learning_rate=0.1, epochs=3)).save(folder / "second")
    evaluated(folder_of(22, name="more")).save(folder / "third")
    return folder


def test_bundles_stand_side_by_side(bundles: Path) -> None:
    (bundles / ".second.1234.writing").mkdir()
    (bundles / ".second.1234.writing" / "bundle.json").write_text("{}")
    table = runs_below(bundles)
    by_name = {run.name: run for run in table.runs}
    assert set(by_name) == {"old/first", "second", "third"}
    assert table.differing() == ["epochs", "learning_rate"]
    second = by_name["second"]
    facts = json.loads((bundles / "second" / "bundle.json").read_text())
    assert second.accuracy._asdict() == facts["test"]["accuracy"]
    assert (second.engine, second.network, second.train) == ("linear", "linear", "all")
    assert (second.pictures, second.test_pictures) == (40, facts["data"]["test"])
    assert by_name["old/first"].data == second.data != by_name["third"].data
    assert "the same test part (" in table.caveat()
    assert ": old/first, second" in table.caveat()
    shutil.rmtree(bundles / "third")
    assert runs_below(bundles).caveat() == ""


def test_any_column_sorts_them(bundles: Path) -> None:
    table = runs_below(bundles)
    for column in COLUMNS:
        values = [getattr(run, column) for run in table.sorted_by(column).runs]
        assert values == sorted(values, reverse=COLUMNS[column])
        turned = [getattr(run, column) for run in table.sorted_by(column, reverse=True).runs]
        assert turned == values[::-1]
    with pytest.raises(InputError, match="did you mean 'accuracy'"):
        table.sorted_by("acuracy")


def test_one_that_cannot_be_read_is_a_line(bundles: Path) -> None:
    (bundles / "second" / "bundle.json").write_text('{"format": 1, "rec')
    third = bundles / "third" / "bundle.json"
    facts = json.loads(third.read_text())
    facts["recipe"]["warp"] = 3
    third.write_text(json.dumps(facts))
    run = diptych("runs", bundles)
    assert run.returncode == 1
    assert "old/first" in run.stdout
    said = run.stderr.splitlines()
    assert any(line.startswith("second: bundle.json is damaged") for line in said)
    assert any(line.startswith("third: was made by Diptych") and "'warp'" in line for line in said)
    assert len(said) == 2


def test_the_verb_answers_in_json(bundles: Path) -> None:
    answer = answer_of("runs", bundles, "--sort", "created", "--reverse")
    assert [row["name"] for row in answer["runs"]] == ["old/first", "second", "third"]
    assert set(answer["runs"][0]["accuracy"]) == {"value", "low", "high"}
    assert answer["runs"][1]["recipe"] == {"epochs": 3, "learning_rate": 0.1}
    assert len({row["content_sha256"] for row in answer["runs"]}) == 3


def test_a_folder_without_a_bundle_is_one_line(tmp_path: Path) -> None:
    assert "there is no bundle in it" in complaint("runs", tmp_path)
    assert "no such folder" in complaint("runs", tmp_path / "absent")

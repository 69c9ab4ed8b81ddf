"""Trials that are shared, and outlive whoever had them; nothing is trained here."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from diptych.errors import InputError
from diptych.recipe import Recipe
from diptych.tuning.space import Space, Value, space_of
from diptych.tuning.study import STARTUP, Proposal, Study

SPACE = space_of(
    {
        "learning_rate": {"low": 1e-4, "high": 0.1, "log": True},
        "label_smoothing": {"low": 0.0, "high": 0.2},
        "batch_size": [16, 32],
    },
    Recipe(),
)
FACTS = {"pictures": {"sha256": "a"}, "recipe": {"epochs": 40}}
DEFAULT = SPACE.values_of(Recipe())


def opened(folder: Path, facts: Mapping[str, object] = FACTS, space: Space = SPACE) -> Study:
    return Study(folder, facts, space, space.values_of(Recipe()), 3)


def asked(study: Study, trials: int = 99) -> Proposal:
    proposal = study.ask(trials)
    assert proposal
    return proposal


def loss_of(values: Mapping[str, Value]) -> float:
    return float(values["label_smoothing"])


def searched(folder: Path, trials: int) -> list[Mapping[str, Value]]:
    """The values that were tried until there are so many trials."""
    with opened(folder) as study:
        while proposal := study.ask(trials):
            study.complete(proposal, loss_of(proposal.values), 0.5)
        return [row.values for row in study.rows()]


def test_the_first_trial_is_the_default_and_the_last_the_one_that_was_asked_for(
    tmp_path: Path,
) -> None:
    tried = searched(tmp_path, 5)
    assert tried[0] == DEFAULT
    assert len(tried) == 5
    assert DEFAULT not in tried[1:]


def test_a_default_outside_of_the_space_is_tried_as_it_is(tmp_path: Path) -> None:
    space = space_of({"batch_size": [64, 128], "dropout": [0.1], "train": ["head"]}, Recipe())
    with opened(tmp_path, space=space) as study:
        first = asked(study)
        assert first.values == {"batch_size": 32, "dropout": 0.2, "train": "auto"}
        assert asked(study).values["batch_size"] in (64, 128)


def test_a_search_that_goes_on_tries_what_it_would_have_tried(tmp_path: Path) -> None:
    at_once = searched(tmp_path / "once", STARTUP + 6)
    for trials in (3, STARTUP + 2, STARTUP + 6):
        in_pieces = searched(tmp_path / "pieces", trials)
    assert in_pieces == at_once


def test_what_lowers_the_loss_is_tried_more_often_and_counts_as_important(tmp_path: Path) -> None:
    tried = searched(tmp_path, 40)
    smoothing = [loss_of(values) for values in tried]
    assert sum(smoothing[-20:]) < 0.7 * sum(smoothing[1:21])
    with opened(tmp_path) as study:
        importance = study.importance()
    assert next(iter(importance)) == "label_smoothing"
    assert sum(importance.values()) == pytest.approx(1)


def test_of_a_few_trials_nothing_is_said_to_be_important(tmp_path: Path) -> None:
    searched(tmp_path, STARTUP - 1)
    with opened(tmp_path) as study:
        assert study.importance() == {}


def test_processes_share_the_trials(tmp_path: Path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as other:
        proposals = [asked(one, 3), asked(other, 3), asked(one, 3)]
        assert [proposal.number for proposal in proposals] == [0, 1, 2]
        assert other.ask(3) is None
        assert not other.is_finished()
        for study, proposal in zip((one, other, one), proposals, strict=True):
            study.complete(proposal, 0.5, 0.5)
        assert other.is_finished()
        assert [row.state for row in other.rows()] == ["complete"] * 3


KILLED = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_study import asked, opened
with opened(Path(sys.argv[1])) as study:
    study.complete(asked(study), 0.5, 0.5)
    print(dict(asked(study).values), flush=True)
    time.sleep(600)
"""


def test_the_trial_of_a_killed_process_is_taken_over_as_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(Path(__file__).parent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    values = process.stdout.readline()
    with opened(tmp_path) as study:
        # As long as its process lives, it is its own.
        assert asked(study, 3).number == 2
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        again = asked(study, 3)
        assert (again.number, str(dict(again.values))) == (1, values.strip())
        assert study.ask(3) is None


def test_half_a_line_of_a_killed_writer_is_cut(tmp_path: Path) -> None:
    tried = searched(tmp_path, 4)
    with (tmp_path / "study.journal").open("a") as journal:
        journal.write('{"op_code":4,"worker')
    assert searched(tmp_path, 6)[:4] == tried


def test_a_trial_that_is_given_back_comes_again(tmp_path: Path) -> None:
    with opened(tmp_path) as study:
        study.complete(asked(study), 0.5, 0.5)
        first = asked(study)
        study.give_back(first)
        assert study.is_finished()
        assert [row.number for row in study.rows()] == [0]
    with opened(tmp_path) as study:
        again = asked(study, 2)
        assert (again.number, again.values) == (first.number, first.values)


def test_a_trial_stops_where_half_of_the_others_were_better_but_never_the_default(
    tmp_path: Path,
) -> None:
    with opened(tmp_path) as study:
        default = asked(study)
        for i in range(STARTUP):
            proposal = asked(study)
            assert not study.report(proposal, 10, 0.1 * i)  # too few to tell
            study.complete(proposal, 0.1 * i, 0.5)
        assert not study.report(default, 10, 9.0)
        assert not study.report(asked(study), 10, 0.3)
        bad = asked(study)
        assert not study.report(bad, 5, 9.0)  # nobody was seen there
        assert study.report(bad, 10, 0.4)
        study.prune(bad, "worse")
        row = next(row for row in study.rows() if row.number == bad.number)
        assert (row.state, row.log_loss, row.reason) == ("pruned", None, "worse")


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({**FACTS, "pictures": {"sha256": "b"}}, "is a study of other pictures; name another"),
        (
            {**FACTS, "recipe": {"epochs": 5}},
            r"is a study of another recipe: epochs = 5 \(it had 40\); name another --out",
        ),
    ],
)
def test_a_study_of_something_else_is_refused(
    facts: Mapping[str, object], line: str, tmp_path: Path
) -> None:
    searched(tmp_path, 2)
    with pytest.raises(InputError, match=line):
        opened(tmp_path, facts)


def test_what_is_noted_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path) as study:
        study.note("verdict", {"winner": 3})
    with opened(tmp_path) as study:
        assert study.noted("verdict") == {"winner": 3}
        assert study.noted("other") is None

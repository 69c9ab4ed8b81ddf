"""`diptych tune`: what it answers, what it refuses, and that nothing stops it for good."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from command import LINEAR, answer_of, complaint, diptych
from diptych.recipe import Recipe

QUICK: list[str | Path] = [*LINEAR, "--set", "image_size=16", "--cv", "2", "--trials", "3"]
RATES = "learning_rate = { low = 0.001, high = 0.01, log = true }\n"


@pytest.fixture
def space(tmp_path: Path) -> Path:
    (tmp_path / "space.toml").write_text(RATES)
    return tmp_path / "space.toml"


def trials(folder: Path) -> list[dict[str, str]]:
    """The table of trials, but for what the clock says."""
    with (folder / "trials.csv").open(newline="") as file:
        return [row | {"seconds": ""} for row in csv.DictReader(file)]


def test_what_is_found_can_be_trained_by(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    data, out = folder_of(20), tmp_path / "tuned"
    answer = answer_of("tune", data, "--out", out, *QUICK)
    assert [trial["number"] for trial in answer["trials"]] == [0, 1, 2]
    assert answer["pictures"] == 34 and answer["folds"] == 2
    assert (out / "tune.html").read_text().startswith("<!doctype html>")
    assert len(trials(out)) == 3
    bundle = tmp_path / "best.bundle"
    run = diptych("train", data, "--recipe", answer["best"], "--out", bundle, "--json")
    assert run.returncode == 0, run.stderr
    kept = json.loads((bundle / "bundle.json").read_text())["recipe"]
    assert kept == answer["recipe"]
    assert Recipe(**kept) == Recipe().with_toml(out / "best.toml")


def test_what_the_test_part_holds_changes_nothing(
    folder_of: Callable[..., Path], tmp_path: Path, space: Path
) -> None:
    learned, first = folder_of(20), folder_of(8, "first", start=50)
    second = folder_of(8, "second", start=70)
    options = [*QUICK, "--space", space, "--json"]
    for test in (first, second):
        run = diptych(
            "tune", learned, "--test", test, "--out", tmp_path / f"{test.name}.tuned", *options
        )
        assert run.returncode == 0, run.stderr
    tables = [trials(tmp_path / f"{name}.tuned") for name in ("first", "second")]
    assert tables[0] == tables[1]


def started(*arguments: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "diptych", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


# So many epochs that a trial can be stopped in its middle.
LONG = [
    *("--engine", "linear", "--network", "linear", "--set", "image_size=16", "--cv", "2"),
    *("--set", "patience=60", "--epochs", "60", "--trials", "3"),
]


def test_a_search_that_is_stopped_in_its_trials_comes_to_the_same(
    folder_of: Callable[..., Path], tmp_path: Path, space: Path
) -> None:
    data, out, straight = folder_of(10), tmp_path / "tuned", tmp_path / "straight"
    command: list[str | Path] = ["tune", data, *LONG, "--space", space, "--out"]
    for how, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)):
        process = started(*command, out)
        before = set(out.glob("running/*/fold-1/epoch-*"))
        while len(set(out.glob("running/*/fold-1/epoch-*")) - before) < 2:
            assert process.poll() is None, process.communicate()
            time.sleep(0.002)
        process.send_signal(how)
        _, said = process.communicate()
        assert process.returncode == code
        assert "Traceback" not in said
    again, once = diptych(*command, out), diptych(*command, straight)
    assert (again.returncode, once.returncode) == (0, 0), again.stderr + once.stderr
    assert trials(out) == trials(straight)
    assert again.stdout.replace(str(out), "") == once.stdout.replace(str(straight), "")
    assert not list(out.glob("*.lock"))


def test_two_processes_share_a_search(
    folder_of: Callable[..., Path], tmp_path: Path, space: Path
) -> None:
    data, out = folder_of(10), tmp_path / "tuned"
    command: list[str | Path] = [
        "tune",
        data,
        *LONG,
        "--trials",
        "6",
        "--space",
        space,
        "--out",
        out,
        "--json",
    ]
    processes = [started(*command) for _ in range(2)]
    answers: list[Any] = []
    did: list[int] = []
    for process in processes:
        answer, said = process.communicate()
        assert process.returncode == 0, said
        answers.append(json.loads(answer))
        did.append(said.count("trial "))
    assert answers[0] == answers[1]
    assert sum(did) >= 6 and all(did)
    assert [trial["number"] for trial in answers[0]["trials"]] == list(range(6))
    assert {trial["state"] for trial in answers[0]["trials"]} <= {"complete", "pruned"}


def test_what_cannot_be_searched_is_said_in_one_line(
    folder_of: Callable[..., Path], tmp_path: Path, space: Path
) -> None:
    data, out = folder_of(20), tmp_path / "tuned"
    run = diptych("tune", data, "--out", out, *QUICK, "--space", space)
    assert run.returncode == 0, run.stderr
    other: list[str | Path] = [*QUICK, "--space", space, "--out", out]
    assert "is a study of another recipe: weight_decay = 0.5 (it had 0.01)" in complaint(
        "tune", data, *other, "--set", "weight_decay=0.5"
    )
    shutil.rmtree(data / "red")
    folder_of(20, start=30)
    assert "is a study of other pictures; name another --out" in complaint("tune", data, *other)
    space.write_text("learning_rate = [99]")
    assert "learning_rate must lie between" in complaint("tune", data, *other)

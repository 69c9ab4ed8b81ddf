"""`train --preset` and `--time`."""

import json
from collections.abc import Callable
from pathlib import Path

from command import LINEAR, answer_of, complaint, diptych


def test_what_a_preset_came_to_is_part_of_the_answer(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    data, out = folder_of(20), tmp_path / "a.bundle"
    plan = answer_of("train", data, "--out", out, *LINEAR, "--preset", "good", "--time", "1h")[
        "plan"
    ]
    assert (plan["preset"], plan["network"]) == ("good", "linear")
    assert plan["reason"].startswith("at most 5 epochs")
    assert 0 < plan["expected_seconds"] < 3600


def test_what_contradicts_a_preset_is_said_and_the_time_it_takes(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "a.bundle"
    run = diptych("train", folder_of(20), "--out", out, *LINEAR, "--preset", "best", "--json")
    assert "the preset best would take 20 epochs; 5 were said, and count" in run.stderr
    # How long it takes is said before it starts.
    assert "expected time: " in run.stderr
    assert 0 < json.loads(run.stdout)["plan"]["expected_seconds"] < 1000


def test_a_time_too_short_for_one_epoch_says_what_is_the_least(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "a.bundle"
    line = complaint("train", folder_of(20), "--out", out, *LINEAR, "--time", "1s")
    assert "too short for one epoch of" in line
    assert "at the pace of this machine it takes" in line
    assert not out.exists()


def test_an_unknown_preset_is_refused_in_one_line(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    data, out = folder_of(4), tmp_path / "a.bundle"
    line = complaint("train", data, "--out", out, *LINEAR, "--preset", "bets")
    assert "no preset 'bets'; did you mean 'best'?" in line

"""Trials of a search on two nodes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from diptych import Recipe, read, split, tune
from diptych.distributing import working_on
from diptych.tuning.worker import Worker

pytestmark = pytest.mark.filterwarnings("ignore")  # of Ray's own
HEAD = Recipe(image_size=32, epochs=4, learning_rate=1e-5)
RATES = {"learning_rate": [1e-5, 1e-3, 0.01, 0.03]}


def test_trials_of_heads_are_done_there_and_come_to_the_same(
    cluster: Any, folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = split(read(folder_of(20)))

    def search(name: str, log: list[str]) -> Any:
        out = tmp_path / name
        return tune(
            *parts[:2], HEAD, out=out, trials=5, space=RATES, cv=2, log=log.append
        )  # fmt: skip

    here = search("here", [])
    lines: list[str] = []
    with monkeypatch.context() as patch, working_on("ray"):
        patch.setattr(Worker, "run", lambda self, trials: None)  # nothing is left to do here
        there = search("there", lines)
    assert sorted(row.number for row in there.rows) == [0, 1, 2, 3, 4]
    assert all(row.log_loss is not None for row in there.rows)
    assert len(lines) >= 5
    # Proposals depend on which trials have ended, the score of a recipe does not.
    known = {tuple(row.values.items()): row.log_loss for row in here.rows}
    both = [row for row in there.rows if tuple(row.values.items()) in known]
    assert any(row.number == 0 for row in both)
    for row in both:
        assert row.log_loss == pytest.approx(known[tuple(row.values.items())], abs=1e-6)
    assert {path.suffix for path in (tmp_path / "there").iterdir()} == {".toml", ".csv", ".journal"}


def test_trials_that_need_the_pixels_of_this_machine_stay_here(
    cluster: Any, folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Recipe(engine="linear", network="linear", train="all", image_size=16, epochs=2)
    parts = split(read(folder_of(20)))

    def refused(*_: Any) -> None:
        raise AssertionError("a trial was sent away")

    monkeypatch.setattr("diptych.tuning.search.trials_elsewhere", refused)
    with working_on("ray"):
        tuned = tune(*parts[:2], small, out=tmp_path / "s", trials=2, space=RATES, cv=2)
    assert len(tuned.rows) == 2

"""The search as a function, on drawn pictures."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diptych import Recipe, read, split, tune
from diptych.data.splitting import Splits
from diptych.errors import InputError
from diptych.tuning.study import Row
from diptych.tuning.tuned import Tuned
from diptych.tuning.worker import Worker

# So slow that a higher rate must win.
SLOW = Recipe(
    engine="linear", network="linear", train="all", image_size=16, epochs=3, learning_rate=1e-7
)
HEAD = Recipe(image_size=32, epochs=4, learning_rate=1e-5)
RATES = {"learning_rate": {"low": 1e-7, "high": 0.03, "log": True}}


@pytest.fixture
def parts(folder_of: Callable[..., Path]) -> Splits:
    return split(read(folder_of(30)))


def outcomes(tuned: Tuned) -> list[Row]:
    """All that must be the same each time."""
    return [row._replace(seconds=0.0) for row in tuned.rows]


def test_a_better_recipe_is_found_and_said_to_be_one(parts: Splits, tmp_path: Path) -> None:
    tuned = tune(
        parts.train, parts.valid, SLOW, out=tmp_path / "tuned", trials=8, space=RATES, cv=2
    )
    assert tuned.verdict and tuned.verdict.is_better, str(tuned)
    assert tuned.recipe.learning_rate > 1e-7
    assert tuned.recipe == Recipe().with_toml(tmp_path / "tuned" / "best.toml")
    assert tuned.rows[0].values == {"learning_rate": 1e-7}
    assert {path.suffix for path in (tmp_path / "tuned").iterdir()} == {
        ".toml", ".csv", ".journal"
    }  # fmt: skip


def test_where_the_default_cannot_be_beaten_it_is_kept(parts: Splits, tmp_path: Path) -> None:
    good = SLOW.replace(learning_rate=0.003)
    space = {"learning_rate": [1e-8, 1e-7]}
    tuned = tune(parts.train, parts.valid, good, out=tmp_path, trials=3, space=space, cv=2)
    assert (tuned.verdict, tuned.recipe, tuned.winner.number) == (None, good, 0)
    assert "None of 2 trials came below the log loss of the default" in str(tuned)
    assert Recipe().with_toml(tmp_path / "best.toml") == good


def test_a_head_is_searched_on_features_and_goes_on_to_the_same(
    parts: Splits, tmp_path: Path
) -> None:
    at_once = tune(parts.train, parts.valid, HEAD, out=tmp_path / "once", trials=4, cv=2)
    tune(parts.train, parts.valid, HEAD, out=tmp_path / "pieces", trials=2, cv=2)
    later = tune(parts.train, parts.valid, HEAD, out=tmp_path / "pieces", trials=4, cv=2)
    assert outcomes(later) == outcomes(at_once)
    assert later.verdict == at_once.verdict


def test_backbones_and_views_can_be_searched(parts: Splits, tmp_path: Path) -> None:
    space = {"views": ["one", "flips"], "network": ["efficientnet_lite0"]}
    tuned = tune(parts.train, parts.valid, HEAD, out=tmp_path, trials=6, space=space, cv=2)
    assert len({row.log_loss for row in tuned.rows}) == 2
    assert {row.values["views"] for row in tuned.rows} == {"one", "flips"}


def test_the_same_values_are_not_tried_twice(parts: Splits, tmp_path: Path) -> None:
    lines: list[str] = []
    tuned = tune(
        parts.train, parts.valid, SLOW, out=tmp_path, trials=6, cv=2,
        space={"learning_rate": [1e-7, 0.01]}, log=lines.append,
    )  # fmt: skip
    assert len({row.log_loss for row in tuned.rows}) == 2
    assert any("the same as trial 0" in line for line in lines)


def test_a_loss_that_is_no_number_ends_its_trial_and_no_other(
    parts: Splits, tmp_path: Path
) -> None:
    space = {"learning_rate": [10.0], "weight_decay": [10.0], "optimiser": ["sgd"]}
    tuned = tune(
        parts.train, parts.valid, SLOW.replace(epochs=40, patience=40), out=tmp_path, trials=2,
        space=space, cv=2,
    )  # fmt: skip
    assert tuned.rows[1].state == "pruned"
    assert "no longer a number" in tuned.rows[1].reason


def test_a_time_too_short_for_a_trial_says_what_is_the_least(parts: Splits, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--time: .* too short for .*it takes \d+.* or more"):
        tune(parts.train, parts.valid, SLOW.replace(epochs=9999), out=tmp_path, seconds=3.0)


def test_when_time_is_up_the_verdict_is_given_and_the_same_call_goes_on(
    parts: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    with monkeypatch.context() as patch:
        # The third trial is one too many.
        patch.setattr(Worker, "_fits", lambda worker, proposal: proposal.number < 2)
        tuned = tune(
            parts.train, parts.valid, SLOW, out=tmp_path, trials=4, space=RATES, cv=2,
            log=lines.append,
        )  # fmt: skip
    assert len(tuned.rows) == 2
    assert "there is no time for another trial; the same command goes on" in lines
    assert (tmp_path / "best.toml").exists()
    more = tune(parts.train, parts.valid, SLOW, out=tmp_path, trials=4, space=RATES, cv=2)
    assert [row.number for row in more.rows] == [0, 1, 2, 3]


def test_arguments_that_are_none_are_said(parts: Splits, tmp_path: Path) -> None:
    search: Callable[..., Tuned] = tune
    wrong: list[tuple[dict[str, object], str]] = [
        ({"trials": 0}, "the number of trials is a whole number between 1"),
        ({"cv": 1}, "the number of folds is a whole number between 2"),
        ({"cv": -1}, "the number of folds is a whole number between 2"),
        ({"recipe": {"epochs": 3}}, "recipe is a Recipe, not a dict"),
        ({"space": 3}, "the file of a space is named by a path, not 3"),
        ({"seconds": "1m"}, "seconds are a number, not '1m'"),
        ({"out": 3}, "the folder of a search is named by a path, not 3"),
    ]
    for changes, line in wrong:
        with pytest.raises(InputError, match=line):
            search(parts.train, parts.valid, **{"recipe": SLOW, "out": tmp_path, **changes})
    with pytest.raises(InputError, match="tune takes a Dataset"):
        search(parts, parts.valid, SLOW, out=tmp_path)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"recipe": SLOW.replace(epochs=4)}, r"another recipe: epochs = 4 \(it had 3\)"),
        ({"space": {"learning_rate": [0.1]}}, "another space: learning_rate"),
        ({"cv": 3}, r"another number of folds: folds = 3 \(it had 2\)"),
    ],
)
def test_another_search_is_refused_by_name(
    changes: dict[str, object], line: str, parts: Splits, tmp_path: Path
) -> None:
    asked: dict[str, object] = {"recipe": SLOW, "space": RATES, "cv": 2}
    search: Callable[..., Tuned] = tune
    search(parts.train, parts.valid, out=tmp_path, trials=1, **asked)
    with pytest.raises(InputError, match=line):
        search(parts.train, parts.valid, out=tmp_path, trials=1, **(asked | changes))


def test_other_pictures_are_refused(parts: Splits, tmp_path: Path) -> None:
    tune(parts.train, parts.valid, SLOW, out=tmp_path, trials=1, cv=2)
    fewer = parts.train.with_samples(parts.train.samples[1:])
    with pytest.raises(InputError, match="is a study of other pictures"):
        tune(fewer, parts.valid, SLOW, out=tmp_path, trials=1, cv=2)


def test_what_takes_longer_than_it_should_is_done_another_time(
    parts: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[Row] = []
    with monkeypatch.context() as patch:
        # In the middle of the second trial there is less time than a verdict takes.
        patch.setattr(Worker, "_fits", lambda *_: True)
        patch.setattr(Worker, "_reserve", lambda *_: 1e9)
        patch.setattr(Worker, "_verdict", lambda *_: None)
        patch.setattr("diptych.tuning.clock.Clock.left", 1.0)
        tuned = tune(parts.train, parts.valid, SLOW, out=tmp_path, trials=3, space=RATES, cv=2)
        rows += tuned.rows
    assert [row.number for row in rows] == [0]
    assert list(tmp_path.glob("running/*/fold-0/epoch-*"))
    more = tune(parts.train, parts.valid, SLOW, out=tmp_path, trials=3, space=RATES, cv=2)
    assert [row.state for row in more.rows] == ["complete"] * 3
    assert not (tmp_path / "running").exists()

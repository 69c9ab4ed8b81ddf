"""The page of a search, as a browser shows it."""

from pathlib import Path

import pytest

from browser import checked
from diptych.metrics import paired
from diptych.metrics.paired import Difference
from diptych.recipe import Recipe
from diptych.reporting.tuning_page import tuning_page
from diptych.tuning.space import Value, space_of
from diptych.tuning.study import Row
from diptych.tuning.tuned import Tuned
from diptych.tuning.verdict import Verdict

SPACE = space_of(
    {
        "learning_rate": {"low": 1e-4, "high": 0.1, "log": True},
        "label_smoothing": {"low": 0.0, "high": 0.2},
        "batch_size": [16, 64],
        "network": ["efficientnet_lite0", "efficientnet_lite0+lite1"],
    },
    Recipe(),
)


def row(number: int, log_loss: float | None) -> Row:
    values: dict[str, Value] = {
        "learning_rate": 0.001 * (1 + number),
        "label_smoothing": 0.02 * number,
        "batch_size": (16, 64)[number % 2],
        "network": "efficientnet_lite0+lite1",
    }
    state, reason = ("complete", "") if log_loss else ("pruned", "worse than <half>")
    return Row(number, state, log_loss, log_loss and 0.9, values, 1.5, reason)


@pytest.fixture
def tuned(tmp_path: Path) -> Tuned:
    default = row(0, 0.3)._replace(values=SPACE.values_of(Recipe()))
    rows = (default, row(1, 0.25), row(2, None), row(3, 0.4), row(4, 0.2))
    gap = Difference(0.01, -0.01, 0.03)
    verdict = Verdict(
        4, (11, 12), (0.21, 0.29), (0.95, 0.94), Difference(-0.08, -0.1, -0.06), gap,
        (paired.Test(3, 1, 0.625), paired.Test(2, 1, 1.0)), True,
    )  # fmt: skip
    importance = {"learning_rate": 0.7, "batch_size": 0.3}
    return Tuned(tmp_path, Recipe(), SPACE, 5, 120, rows, importance, verdict)


def test_the_page_says_what_the_search_came_to(tuned: Tuned, tmp_path: Path) -> None:
    page = tuning_page(tuned, "A search <here>")
    assert "Trial 4 is better than the default" in page
    assert "A search &lt;here&gt;" in page and "worse than &lt;half&gt;" in page
    assert "The best quarter has: learning_rate 0.005" in page
    assert "only this one was right, seed 12" in page
    assert "learning_rate = 0.005" in page  # the recipe to train by is the winner's
    assert not checked(page, tmp_path)


def test_a_search_of_the_default_alone_has_a_page(tuned: Tuned, tmp_path: Path) -> None:
    alone = Tuned(tmp_path, Recipe(), SPACE, 5, 120, tuned.rows[:1], {}, None)
    page = tuning_page(alone, "A search")
    assert "None of 0 trials came below the log loss of the default" in page
    assert "judged anew" not in page and "Which choices matter" not in page


def test_the_table_has_a_row_a_trial_and_a_column_a_choice(tuned: Tuned) -> None:
    head, *rows = tuned.to_csv().splitlines()
    assert head.endswith("reason,learning_rate,label_smoothing,batch_size,network")
    assert rows[0] == "0,complete,0.3,0.9,1.5,,0.001,0.1,32,efficientnet_lite0"
    assert rows[2].startswith("2,pruned,,,1.5,worse than <half>,")

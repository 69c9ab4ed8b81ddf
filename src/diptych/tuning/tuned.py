"""What a search came to: its trials, its winner, and whether that is better than the default."""

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from diptych.metrics.intervals import percent
from diptych.recipe import Recipe
from diptych.system.files import write_file
from diptych.tuning.space import Space
from diptych.tuning.study import Row
from diptych.tuning.verdict import Verdict

BEST, WINNER, TRIALS = "best.toml", "winner.toml", "trials.csv"


@dataclass(frozen=True)
class Tuned:
    """A search that has come to an end, or to the end of its time.

    `recipe` is what to train by: the winner's where it is better beyond noise, else the default.
    """

    folder: Path
    default: Recipe
    space: Space
    folds: int
    pictures: int  # that trials were judged on; none of them is of the test part
    rows: tuple[Row, ...]
    importance: Mapping[str, float]  # of each choice, in shares of one; the largest first
    verdict: Verdict | None  # none where no trial came below the default

    @property
    def best(self) -> Path:
        """The file of the recipe to train by."""
        return self.folder / BEST

    @property
    def winner(self) -> Row:
        """The trial with the lowest log loss."""
        complete = [row for row in self.rows if row.log_loss is not None]
        return min(complete, key=lambda row: (row.log_loss or 0.0, row.number))

    @property
    def recipe(self) -> Recipe:
        """What to train by."""
        better = self.verdict is not None and self.verdict.is_better
        return self.recipe_of(self.winner) if better else self.default

    def recipe_of(self, row: Row) -> Recipe:
        """The whole recipe of a trial."""
        return self.default.replace(**row.values) if row.number else self.default

    def __str__(self) -> str:
        if self.verdict:
            kept = "" if self.verdict.is_better else " The default is kept."
            return f"{self.verdict}{kept}"
        default = self.rows[0]
        others = len([row for row in self.rows if row.number])
        return (
            f"None of {others} trial{'s'[: others != 1]} came below the log loss of the default, "
            f"{default.log_loss:.4f} ({percent(default.accuracy or 0.0)} right). "
            "The default is kept."
        )

    def write(self) -> None:
        """Write the recipes, and a table of the trials, into the folder."""
        write_file(self.best, self.recipe.to_toml().encode())
        write_file(self.folder / WINNER, self.recipe_of(self.winner).to_toml().encode())
        write_file(self.folder / TRIALS, self.to_csv().encode())

    def to_csv(self) -> str:
        """A row a trial."""
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(
            ["trial", "state", "log_loss", "accuracy", "seconds", "reason", *self.space.keys]
        )
        for number, state, loss, accuracy, values, seconds, reason in self.rows:
            own = [values[key] for key in self.space.keys]
            rows.writerow([number, state, loss, accuracy, round(seconds, 2), reason, *own])
        return text.getvalue()

    def to_json(self) -> dict[str, Any]:
        """The search as plain data."""
        trials = []
        for row in self.rows:
            facts = row._asdict()
            trials.append(facts | {"recipe": dict(facts.pop("values"))})
        return {
            "verdict": self.verdict.to_json() if self.verdict else None,
            "says": str(self),
            "best": str(self.best),
            "winner": self.winner.number,
            "folds": self.folds,
            "pictures": self.pictures,
            "trials": trials,
            "importance": [{"choice": k, "share": share} for k, share in self.importance.items()],
            "recipe": asdict(self.recipe),
        }

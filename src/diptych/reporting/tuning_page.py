"""A search as a page: the verdict, how it went, which choices matter, and every trial."""

import importlib.metadata
import math
from collections.abc import Iterator, Sequence
from typing import Any

from diptych.metrics.intervals import percent
from diptych.reporting.pages import page
from diptych.reporting.plots import Axis, Line, lines, parallel, shares
from diptych.tuning.space import Dimension, Value
from diptych.tuning.study import Row
from diptych.tuning.tuned import Tuned

# Of the complete trials, how many are drawn as the best ones.
BEST_SHARE = 0.25


def tuning_page(tuned: Tuned, title: str) -> str:
    """The whole page as HTML."""
    complete = [row for row in tuned.rows if row.log_loss is not None]
    ranked = sorted(complete, key=_loss)
    best = ranked[: math.ceil(BEST_SHARE * len(ranked))]
    return page(
        "tuning.html",
        {
            "title": title,
            "diptych": importlib.metadata.version("diptych"),
            "verdict": str(tuned),
            "pictures": f"{tuned.pictures:,}",
            "folds": tuned.folds,
            "trials": len(tuned.rows),
            "pruned": len([row for row in tuned.rows if row.state == "pruned"]),
            "beside": list(_beside(tuned)),
            "history_plot": _history(complete),
            "history_says": _history_says(tuned, ranked),
            "importance_plot": tuned.importance
            and shares(
                tuned.importance, "What sets the best trials apart", "share of importance, %"
            ),
            "importance_says": ", ".join(
                f"{key} {share:.0%}" for key, share in tuned.importance.items()
            ),
            "parallel_plot": _parallel(tuned, ranked, len(best)),
            "parallel_says": "; ".join(
                f"{key} {_reach([row.values[key] for row in best])}" for key in tuned.space.keys
            ),
            "keys": tuned.space.keys,
            "rows": [_cells(row, tuned.space.keys) for row in (*ranked, *_others(tuned))],
            "winner": tuned.winner.number,
            "recipe": tuned.recipe.to_toml(),
        },
    )


def _loss(row: Row) -> float:
    return row.log_loss if row.log_loss is not None else math.inf


def _others(tuned: Tuned) -> list[Row]:
    return [row for row in tuned.rows if row.log_loss is None]


def _beside(tuned: Tuned) -> Iterator[tuple[str, ...]]:
    """The table: what, the winner, the default, how they differ."""
    if not (verdict := tuned.verdict):
        return
    loss, gap = verdict.log_loss_difference, verdict.accuracy_difference
    reach = f"{loss.value:+.4f} ({loss.low:+.4f} to {loss.high:+.4f})".replace("-", "−")
    yield ("log loss", *(f"{one:.4f}" for one in verdict.log_losses), reach)
    points = f"{100 * gap.value:+.2f} points".replace("-", "−") + f" ({gap.reach})"
    yield ("accuracy", *map(percent, verdict.accuracies), points)
    for seed, test in zip(verdict.seeds, verdict.mcnemar, strict=True):
        counts = (str(test.only_first), str(test.only_second))
        yield (f"only this one was right, seed {seed}", *counts, f"McNemar's exact p {test.p:.3f}")


def _history(complete: Sequence[Row]) -> str:
    numbers = [float(row.number) for row in complete]
    losses = [_loss(row) for row in complete]
    lowest = [min(losses[: i + 1]) for i in range(len(losses))]
    series = [
        Line("a trial", numbers, losses, style=""),
        Line("the best until then", numbers, lowest, style="--"),
    ]
    return lines(series, "Log loss of each trial, out of fold", "trial", "log loss, nats")


def _history_says(tuned: Tuned, ranked: Sequence[Row]) -> str:
    default = tuned.rows[0]
    return (
        f"The default came to a log loss of {_loss(default):.4f}; the lowest was "
        f"{_loss(ranked[0]):.4f}, of trial {ranked[0].number}; the median trial that was not "
        f"stopped came to {_loss(ranked[len(ranked) // 2]):.4f}."
    )


def _parallel(tuned: Tuned, ranked: Sequence[Row], best: int) -> str:
    """A line a trial, across an axis for each choice; the best ones are drawn last."""
    axes = [_axis(dimension, ranked) for dimension in tuned.space.dimensions]
    series = []
    widths = []
    for place, row in reversed(list(enumerate(ranked))):
        heights = [_height(d, row.values[d.key], ranked) for d in tuned.space.dimensions]
        name = "the best quarter" if place < best else "the others"
        at = [float(i) for i in range(len(heights))]
        series.append(Line(name, at, heights, style="-" if place < best else ":"))
        widths.append(2.4 if not place else 1.0)
    title = "The choices of each trial; the widest line is the winner's"
    return parallel(axes, series, title, widths)


def _axis(dimension: Dimension, rows: Sequence[Row]) -> Axis:
    if dimension.choices:
        values = _choices(dimension, rows)
        return Axis(dimension.key, [(_height(dimension, v, rows), str(v)) for v in values])
    ends = ((0.0, f"{dimension.low:g}"), (1.0, f"{dimension.high:g}"))
    return Axis(dimension.key, ends)


def _height(dimension: Dimension, value: Value, rows: Sequence[Row]) -> float:
    """Where a value is on its axis; the default's may lie outside of what is searched."""
    if dimension.choices:
        values = _choices(dimension, rows)
        return values.index(value) / max(len(values) - 1, 1)
    assert not isinstance(value, str), "texts are choices"
    low, high, at = dimension.low, dimension.high, float(value)
    if dimension.log:
        low, high, at = math.log(low), math.log(high), math.log(max(at, dimension.low))
    return min(max((at - low) / (high - low), 0.0), 1.0)


def _choices(dimension: Dimension, rows: Sequence[Row]) -> list[Value]:
    return list(dict.fromkeys((*dimension.choices, *(row.values[dimension.key] for row in rows))))


def _reach(values: Sequence[Value]) -> str:
    """Where the values of the best trials lie, in words."""
    numbers = [value for value in values if not isinstance(value, str)]
    if len(numbers) < len(values):
        return " or ".join(dict.fromkeys(map(str, values)))
    low, high = min(numbers), max(numbers)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _cells(row: Row, keys: Sequence[str]) -> dict[str, Any]:
    """A trial in the table."""
    values = (row.values[key] for key in keys)
    return {
        "number": row.number,
        "log_loss": "" if row.log_loss is None else f"{row.log_loss:.4f}",
        "accuracy": "" if row.accuracy is None else percent(row.accuracy),
        "seconds": f"{row.seconds:.1f}",
        "values": [value if isinstance(value, str) else f"{value:g}" for value in values],
        "reason": row.reason or row.state,
    }

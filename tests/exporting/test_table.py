from typing import Any

from diptych.exporting.quantization.fidelity import Drop, Fidelity
from diptych.exporting.row import Row
from diptych.exporting.table import recommendation
from diptych.runtimes.speed import FileSpeed


def row(name: str, rate: float, p50: float, **more: Any) -> Row:
    speed = FileSpeed(p50, 2 * p50, rate, 8)
    return Row(name, "fp32", (name,), ood_score_difference=0.0, speed=speed)._replace(**more)


def test_the_fastest_that_is_as_good_is_recommended() -> None:
    worse = Fidelity(180, 0.9, Drop(0.05, 0.01, 0.1), 0.95, Drop(0, 0, 0), 0.9, 0.2)
    noise = worse._replace(drop=Drop(0.01, -0.01, 0.03))
    rows = [
        row("fast", 900, 2.0),
        row("quick", 500, 1.0),
        row("refused", 5000, 0.1, refusal="it differs"),
        row("weights", 4000, 0.1, ood_score_difference=None),
        row("worse", 3000, 0.1, fidelity=worse),
    ]
    actual = recommendation(rows)
    assert "fast is the fastest for many pictures on this machine (900 pictures/s)" in actual
    assert "quick for one at a time (1.00 ms)" in actual
    light = row("light", 2000, 0.5, fidelity=noise)
    assert "light is the fastest on this machine: 2,000 pictures/s" in recommendation(
        [*rows, light]
    )
    assert recommendation([]) == recommendation(rows[2:3]) == ""

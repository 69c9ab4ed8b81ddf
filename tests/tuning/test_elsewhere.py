"""Trials by a process that begins later than the search: the time is that of the search."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from diptych import Recipe, read, split, tune
from diptych.data.splitting import Splits
from diptych.errors import InputError
from diptych.tuning.costs import Costs

HEAD = Recipe(image_size=32, epochs=4, learning_rate=1e-5)
RATES = {"learning_rate": [1e-5, 1e-3, 0.01, 0.03]}


class LateWorker:
    """A workplace of two processes, of which one has the first row, and the other comes late."""

    def __init__(self, wait: Callable[[], None]) -> None:
        self.wait = wait

    def map(
        self, make: Callable[[], Any], chunks: Iterable[Sequence[Any]], lost: object
    ) -> Iterator[Any]:
        rows = iter(chunks)
        yield from make()(next(rows))
        self.wait()
        late = make()
        for row in rows:
            yield from late(row)


@pytest.fixture
def parts(folder_of: Callable[..., Path]) -> Splits:
    return split(read(folder_of(20)))


def test_who_comes_late_begins_nothing_after_the_end(
    parts: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = [0.0]
    shifted = SimpleNamespace(
        monotonic=lambda: time.monotonic() + later[0], time=lambda: time.time() + later[0]
    )
    monkeypatch.setattr("diptych.tuning.clock.time", shifted)
    place = LateWorker(lambda: later.append(later.pop() + 1000))
    monkeypatch.setattr("diptych.tuning.search.elsewhere", lambda: place)
    tuned = tune(
        parts.train, parts.valid, HEAD, out=tmp_path / "s", trials=4, seconds=500, space=RATES, cv=2
    )
    assert [row.number for row in tuned.rows if row.log_loss is not None] == [0]


def test_what_a_trial_takes_is_known_there_before_the_first(
    parts: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Costs, "look", lambda self: setattr(self, "first_look", 1e6))
    place = LateWorker(lambda: None)
    monkeypatch.setattr("diptych.tuning.search.elsewhere", lambda: place)
    with pytest.raises(InputError, match="a trial, and a verdict on both"):
        tune(parts.train, parts.valid, HEAD, out=tmp_path / "s", trials=2, seconds=500, space=RATES)

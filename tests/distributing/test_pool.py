"""Rows on two nodes, of which workers and machines die: nothing is lost, and the order stays."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import pytest

from diptych.distributing import working_on
from diptych.distributing.refusals import refuse_others
from diptych.distributing.worker import Arrival, deciding_versions
from diptych.errors import InputError
from diptych.system.workplace import Workplace, elsewhere

NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
pytestmark = pytest.mark.filterwarnings("ignore")  # of Ray's own


class Row(NamedTuple):
    number: int
    pid: int  # of the worker
    node: str


@pytest.fixture
def place(cluster: Any) -> Iterator[Workplace]:
    with working_on("ray"):
        here = elsewhere()
        assert here
        yield here


def worked_on(seconds: float = 0.0, deadly: int = -1) -> Callable[[], Any]:
    """What makes a row of a number, slowly; the deadly number ends its process."""

    def make() -> Callable[[Sequence[int]], list[Row]]:
        import ray

        node = ray.get_runtime_context().get_node_id()

        def rows(numbers: Sequence[int]) -> list[Row]:
            if deadly in numbers:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(seconds)
            return [Row(number, os.getpid(), node) for number in numbers]

        return rows

    return make


def chunks(count: int) -> Iterator[list[int]]:
    return ([i, i + 1, i + 2] for i in range(0, count, 3))


def lost(number: int, reason: str) -> Row:
    return Row(-number, 0, reason)


def test_rows_keep_their_order_on_two_nodes(place: Workplace) -> None:
    rows = list(place.map(worked_on(0.02), chunks(90), lost))
    assert [row.number for row in rows] == list(range(90))
    assert len({row.node for row in rows}) == 2


def test_no_more_is_taken_than_is_under_way(place: Workplace) -> None:
    taken = []

    def endless() -> Iterator[list[int]]:
        for i in range(10**9):
            taken.append(i)
            yield [i]

    rows = place.map(worked_on(), endless(), lost)
    assert [next(rows).number for _ in range(5)] == [0, 1, 2, 3, 4]
    rows.close()
    assert len(taken) < 20


def test_workers_stay_where_just_as_many_rows_are_taken_as_there_are(place: Workplace) -> None:
    def pids() -> set[int]:
        return {row.pid for row in islice(place.map(worked_on(0.02), chunks(12), lost), 12)}

    assert pids() & pids()


def test_the_rows_of_a_killed_worker_are_worked_on_by_another(place: Workplace) -> None:
    rows = []
    for row in place.map(worked_on(0.05), chunks(90), lost):
        rows.append(row)
        if len(rows) == 10:
            os.kill(row.pid, signal.SIGKILL)
    assert [row.number for row in rows] == list(range(90))
    # What it had in hand beside others was done by whoever came next.
    assert len({row.pid for row in rows}) >= 2


def test_a_row_that_kills_every_worker_is_set_aside_alone(place: Workplace) -> None:
    rows = list(place.map(worked_on(deadly=4), chunks(12), lost))
    assert [row.number for row in rows] == [0, 1, 2, 3, -4, 5, 6, 7, 8, 9, 10, 11]
    assert rows[4].node == "2 workers died of it"


def test_what_a_function_foresees_is_raised_here(place: Workplace) -> None:
    def make() -> Callable[[Sequence[int]], list[int]]:
        raise InputError("the network answers in no finite numbers")

    with pytest.raises(InputError, match="in no finite numbers"):
        list(place.map(make, chunks(9), lambda number, reason: number))


def test_workers_that_die_as_they_start_are_not_replaced_for_ever(
    cluster: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Dying:
        def __init__(self) -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        def arrive(self) -> None: ...

    monkeypatch.setattr("diptych.distributing.pool.Worker", Dying)
    with working_on("ray"), pytest.raises(InputError, match="all workers die as they start, 5"):
        here = elsewhere()
        assert here
        list(here.map(worked_on(), chunks(9), lost))
    assert "a worker died as it started" in caplog.text


def test_a_cluster_without_a_processor_is_waited_for_and_looked_at_now_and_then(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, hire = [], place._hire

    def none_at_first() -> int:
        looks.append(time.monotonic())
        return hire() if len(looks) > 3 else 0

    place.close()
    monkeypatch.setattr("diptych.distributing.pool.LOOK", 0.2)
    monkeypatch.setattr(place, "_hire", none_at_first)
    assert len(list(place.map(worked_on(), chunks(6), lost))) == 6
    assert looks[3] - looks[0] > 0.5


def test_the_rows_of_a_node_that_is_gone_are_worked_on_by_the_other(
    cluster: Any, place: Workplace, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(lambda: cluster.add_node(**NODE))
    node, removed = cluster.list_all_nodes()[-1], False
    rows = []
    for row in place.map(worked_on(0.05), chunks(120), lost):
        rows.append(row)
        if row.node == node.node_id and not removed:
            os.kill(row.pid, signal.SIGKILL)  # a machine takes its workers with it
            cluster.remove_node(node, allow_graceful=False)
            removed = True
    assert removed
    assert [row.number for row in rows] == list(range(120))
    assert len({row.node for row in rows[60:]}) == 1


def test_a_worker_that_would_answer_otherwise_is_refused() -> None:
    ours = deciding_versions()
    refuse_others(Arrival("10.0.0.2", 1, ours), ours)
    with pytest.raises(InputError, match=r"node 10.0.0.2: it has pillow 1.0, and this machine"):
        refuse_others(Arrival("10.0.0.2", 1, {**ours, "pillow": "1.0"}), ours)

import threading

from diptych.gathering.failures import Again, Failure
from diptych.gathering.turns import IN_VAIN, Turns


class Clock:
    """A time that stands still until it is told otherwise."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(turns: Turns[str], count: int) -> list[str | None]:
    """The next few, by threads that wait for no more than a moment."""
    got: list[str | None] = []
    for _ in range(count):
        thread = threading.Thread(target=lambda: got.append(turns.take()), daemon=True)
        thread.start()
        thread.join(0.1)
        if thread.is_alive():
            turns.stop()
            thread.join()
            got.pop()
            break
    return got


def next_of(turns: Turns[str]) -> str | None:
    """The next one, which has to be there at once."""
    got = taken(turns, 1)
    assert got, "nothing has its turn"
    return got[0]


def test_one_host_is_asked_by_so_many_at_a_time() -> None:
    turns = Turns[str](delay=0, connections=2, clock=Clock())
    for item in "abc":
        turns.put(item, "one.example")
    turns.put("d", "other.example")
    assert sorted(filter(None, taken(turns, 4))) == ["a", "b", "d"]


def test_between_two_requests_to_a_host_there_is_a_while() -> None:
    clock = Clock()
    turns = Turns[str](delay=2, connections=9, clock=clock)
    turns.put("a", "one.example")
    turns.put("b", "one.example")
    assert next_of(turns) == "a"
    clock.now = 2.5
    assert next_of(turns) == "b"
    turns.put("c", "one.example")
    clock.now = 4.4
    assert taken(turns, 1) == []


def test_what_was_not_asked_keeps_nobody_waiting() -> None:
    turns = Turns[str](delay=2, connections=9, clock=Clock())
    for item in "abc":
        turns.put(item, "one.example")
    for item in "abc":
        assert next_of(turns) == item
        turns.done("one.example", Failure("forbidden by robots.txt", asked=False))
    assert next_of(turns) is None


def test_a_host_may_ask_for_more_time() -> None:
    clock = Clock()
    turns = Turns[str](delay=0, connections=9, clock=clock)
    turns.slow_down("one.example", 5)
    turns.put("a", "one.example")
    turns.put("b", "one.example")
    assert next_of(turns) == "a"
    turns.pause("one.example", 60)
    clock.now = 61
    assert next_of(turns) == "b"
    turns.put("c", "one.example")
    clock.now = 65
    assert taken(turns, 1) == []


def test_what_a_host_asks_for_counts_from_the_request_that_has_begun() -> None:
    clock = Clock()
    turns = Turns[str](delay=1, connections=9, clock=clock)
    turns.put("a", "one.example")
    turns.put("b", "one.example")
    assert next_of(turns) == "a"
    turns.slow_down("one.example", 5)
    turns.slow_down("one.example", 5)
    clock.now = 4.9
    assert taken(turns, 1) == []
    turns = Turns[str](delay=9, connections=9, clock=clock)
    turns.slow_down("one.example", 5)  # we are slower already
    turns.put("a", "one.example")
    assert next_of(turns) == "a"


def test_an_item_waits_and_others_go_first() -> None:
    clock = Clock()
    turns = Turns[str](delay=0, connections=9, clock=clock)
    turns.put("later", "one.example", wait=9)
    turns.put("now", "one.example")
    assert next_of(turns) == "now"
    turns.done("one.example")
    clock.now = 9
    assert next_of(turns) == "later"
    turns.done("one.example")
    assert next_of(turns) is None


def test_the_end_is_when_nothing_waits_and_nothing_is_under_way() -> None:
    turns = Turns[str](delay=0, connections=1)
    turns.put("a", "one.example")
    assert next_of(turns) == "a"
    got: list[str | None] = []
    thread = threading.Thread(target=lambda: got.append(turns.take()))
    thread.start()
    turns.put("again", "one.example")  # what is under way may lead to more
    turns.done("one.example")
    thread.join()
    assert got == ["again"]
    turns.done("one.example")
    assert next_of(turns) is None


def test_a_host_is_given_up_after_many_failures_in_a_row() -> None:
    clock = Clock()
    turns = Turns[str](delay=100, connections=1, clock=clock)
    for number in range(IN_VAIN):
        assert turns.why_given_up("one.example") is None
        clock.now = 100.0 * number
        turns.put(str(number), "one.example")
        assert next_of(turns) == str(number)
        turns.done("one.example", Again("no answer"))
    last = turns.why_given_up("one.example")
    assert last is not None and last.reason == "no answer"
    turns.put("the rest", "one.example", wait=100)
    assert next_of(turns) == "the rest"  # at once, to be told


def test_an_answer_makes_good_for_failures_before_it() -> None:
    turns = Turns[str](delay=0, connections=1, clock=Clock())
    for number in range(3 * IN_VAIN):
        turns.put("a", "one.example")
        assert next_of(turns) == "a"
        turns.done("one.example", Again("no answer") if number % 5 else Failure("status 404"))
    assert turns.why_given_up("one.example") is None

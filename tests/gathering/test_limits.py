import pytest

from diptych.errors import InputError
from diptych.gathering import Limits


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("connections", 0, "connections is a whole number from 1 on, not 0"),
        ("at_once", 2.5, "at_once is a whole number from 1 on"),
        ("tries", True, "tries is a whole number"),
        ("bytes", -1, "bytes is a whole number from 1 on"),
        ("redirects", -1, "redirects is a whole number from 0 on"),
        ("delay", -0.1, "delay is a number from 0 on"),
        ("delay", float("nan"), "delay is a number"),
        ("seconds", 0, "seconds is a number from 0.001 on"),
        ("seconds", float("inf"), "seconds is a number"),
        ("longest_wait", "1", "longest_wait is a number"),
        ("user_agent", "a\nb", "user_agent is a line of ASCII"),
        ("user_agent", "caf\u00e9", "user_agent is a line of ASCII"),
        ("user_agent", None, "user_agent is a line of ASCII"),
    ],
)
def test_a_limit_that_makes_no_sense_is_said(name: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Limits(**{name: value})  # type: ignore[arg-type]


def test_zero_is_sensible_where_it_means_none() -> None:
    none = Limits(delay=0, redirects=0, backoff=0, longest_wait=0)
    assert none.agent.startswith("diptych/")
    assert Limits(user_agent="me/1 (me@example.com)").agent == "me/1 (me@example.com)"

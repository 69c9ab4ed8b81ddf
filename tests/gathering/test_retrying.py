import datetime
import random

import pytest

from diptych.gathering.retrying import backoff, may_pass, seconds_asked

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60.0),
        ("Friday, 02-Jan-26 03:05:05 GMT", 60.0),
        ("Fri, 02 Jan 2026 03:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("Fri, 99 Jan 2026 03:05:05 GMT", None),
        ("9" * 400, 999_999_999_999.0),
    ],
)
def test_both_forms_of_retry_after_are_read(said: str, seconds: float | None) -> None:
    assert seconds_asked(said, NOW) == seconds


def test_each_wait_is_about_twice_the_last_and_never_the_same() -> None:
    draw = random.Random(0)
    for tries, whole in ((1, 1.0), (2, 2.0), (5, 16.0)):
        waits = [backoff(1.0, tries, draw) for _ in range(99)]
        assert whole / 2 <= min(waits) < max(waits) <= whole
        assert len(set(waits)) > 90


def test_what_may_pass_is_told_from_what_does_not() -> None:
    assert [code for code in (200, 301, 400, 403, 404, 408, 410, 425, 429, 500, 503, 522, 599)
            if may_pass(code)] == [408, 425, 429, 500, 503, 522, 599]  # fmt: skip

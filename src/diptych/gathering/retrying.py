"""When a request is made again: after what the server says, or after a while that grows."""

import datetime
import email.utils
import random

# Statuses that may be others later: a timeout, too early, too many requests; and all from 500 on.
PASSING = (408, 425, 429)
# Those with which a server says how long to wait (RFC 9110, 10.2.3; RFC 6585, 4).
SAYING_WHEN = (429, 503)


def may_pass(status: int) -> bool:
    """Whether a server that answers so may answer otherwise later."""
    return status in PASSING or 500 <= status < 600


def seconds_asked(retry_after: str, now: datetime.datetime | None = None) -> float | None:
    """How long a Retry-After asks to wait, in either of its forms; None where it is none."""
    text = retry_after.strip()
    if text.isdecimal() and text.isascii():
        return float(text[:12])
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=datetime.UTC)
    now = now or datetime.datetime.now(datetime.UTC)
    return max((when - now).total_seconds(), 0.0)


def backoff(first: float, tries: int, draw: random.Random) -> float:
    """Seconds to wait after so many tries: twice as long each time, and never all at once.

    The jitter is "equal": half of it is drawn (Brooker, Exponential Backoff and Jitter, 2015).
    """
    whole = first * 2.0 ** (tries - 1)
    return whole / 2 + draw.uniform(0, whole / 2)

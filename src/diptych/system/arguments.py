"""What callers of the library give: of the kind that was meant, or refused in a line."""

import math
from numbers import Integral

from diptych.errors import InputError, described


def whole_number(value: object, what: str, low: float, high: float = math.inf) -> int:
    """A whole number between two others, NumPy's or Python's; raises InputError for anything else.

    `what` it is begins the message.
    """
    if isinstance(value, Integral) and not isinstance(value, bool) and low <= int(value) <= high:
        return int(value)
    between = f"from {low:g} on" if high == math.inf else f"between {low:g} and {high:g}"
    raise InputError(f"{what} is a whole number {between}, not {described(value)}")


def require(value: object, kind: type, what: str, hint: str) -> None:
    """Raise InputError where something is given that is of another kind."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        given = described(value)
        raise InputError(f"{what} is {article} {kind.__name__}, not {given}; {hint}")

"""What can go wrong, and whose turn it is.

DiptychError
├── InputError          what was given cannot be used: the message says what, which one, what to do
│   ├── ImageError      one picture cannot be used; `reason` is its short name in an audit
│   ├── NotFitted       a classifier was asked before it was trained
│   ├── BundleError     a bundle is damaged, unfinished or newer than this version
│   └── MissingExtra    an optional package is needed
└── GateError           a check on our own work failed: an export disagrees with its network

The command line answers InputError with exit code 2 and GateError with exit code 1.
"""

import contextlib
import difflib
from collections.abc import Iterable, Sequence, Sized

# More names than this are not listed, and more letters of what was given not repeated.
FEW_NAMES = 60
LONGEST = 60
LONGEST_NAME = 255


class DiptychError(Exception):
    """Any failure that Diptych foresees."""


class InputError(DiptychError):
    """What was given cannot be used."""


class ImageError(InputError):
    """One picture cannot be used."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.reason, self.detail)


class NotFitted(InputError, AttributeError):
    """A classifier was asked before it was trained; `hasattr` says so of what it has not yet."""


class BundleError(InputError):
    """A bundle is damaged, unfinished or newer than this version."""


class MissingExtra(InputError):
    """An optional package is needed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed; run: pip install 'diptych[{extra}]'")
        self._of = what, extra

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), self._of


class GateError(DiptychError):
    """A check on our own work failed."""


def first_line(cause: BaseException) -> str:
    """The first line of what an error of a library says, or its name."""
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(cause).__name__


def described(value: object) -> str:
    """What somebody gave, in a few words of one line: to say that it is of a wrong kind."""
    kind = type(value).__name__
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape and dtype is not None:
        return f"an array of {dtype} {tuple(shape)}"
    if value is None or isinstance(value, (str, int, float, complex)) or dtype is not None:
        with contextlib.suppress(ValueError):  # an int of too many digits to be written
            text = " ".join(repr(value).split())
            return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    if isinstance(value, type) or callable(value):
        return f"the {'class' if isinstance(value, type) else 'function'} " + getattr(
            value, "__name__", kind
        )
    empty = "empty " if isinstance(value, Sized) and not len(value) else ""
    article = "an" if (empty or kind)[0].lower() in "aeiou" else "a"
    return f"{article} {empty}{kind}"


def shortened(names: Sequence[str], most: int = 8) -> str:
    """The first few of many names."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def nearest(name: str, names: Iterable[str], prefix: str = "") -> str:
    """A hint for the end of an error message: the nearest of the names that exist.

    All are named with the same prefix.
    """
    existing = sorted(names)
    # To compare all of a text without end would take as long.
    asked = name[:LONGEST_NAME]
    if close := difflib.get_close_matches(asked, existing, n=5):
        # Of names that are equally near the first.
        first = max(
            sorted(close), key=lambda one: difflib.SequenceMatcher(None, one, asked).ratio()
        )
        return f"; did you mean '{prefix}{first}'?"
    if len(existing) > FEW_NAMES:
        some = existing[:: len(existing) // 5][:5]
        return f"; it has {len(existing):,}, such as {', '.join(prefix + name for name in some)}"
    return f"; it has: {', '.join(prefix + name for name in existing)}"

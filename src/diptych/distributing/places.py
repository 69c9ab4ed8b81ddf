"""What may be said of where work is done; nothing here needs Ray."""

import re

from diptych.errors import InputError

HERE_OR_NEAR = "ray"
_CLIENT = re.compile(r"ray://[^/\s:]+:\d+")


def is_elsewhere(text: str) -> bool:
    """Whether a text names a place of work, rather than a file or folder."""
    return text == HERE_OR_NEAR or text.startswith("ray:/")


def place_of_work(text: str) -> str:
    """A place of work as it was said; raises InputError where it is none."""
    if text == HERE_OR_NEAR or _CLIENT.fullmatch(text):
        return text
    raise InputError(f"'{text}' is no place of work; say ray, or ray://HEAD:10001")

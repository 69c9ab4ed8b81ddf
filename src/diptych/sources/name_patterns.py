r"""What the names of files say by themselves: `name:_` of cat_1.jpg, or a regular expression.

`name:` is followed by a separator or by a regular expression with one group. Of `name:_`,
american_bulldog_12.jpg says what stands before the last one: american_bulldog. An expression is
searched for in the whole name, with its ending: `name:^(.+)_\d+\.jpg$`. Folders are left out.
"""

import re
from collections.abc import Callable

from diptych.errors import InputError
from diptych.sources.endings import stem_of

# How a column is named that is none: what the names of files say.
NAME = "name:"


def name_pattern(text: str) -> Callable[[str], str] | None:
    """What a file's name says by a pattern, "" where it says nothing; None of titles and levels.

    Raises InputError for what is neither a separator nor a regular expression with one group.
    """
    if not text.startswith(NAME):
        return None
    pattern = text.removeprefix(NAME)
    if pattern and not re.search(r"[^\W_]|[()\\]", pattern):
        return lambda name: stem_of(last_of(name)).rpartition(pattern)[0].strip()
    try:
        expression = re.compile(pattern)
    except re.error as cause:
        raise InputError(f"'{text}' is no regular expression: {cause}") from cause
    if expression.groups != 1:
        raise InputError(
            f"'{text}': after {NAME} comes a separator, such as {NAME}_ for what stands before the "
            rf"last one, or a regular expression with one group: '{NAME}^(.+)_\d+'"
        )

    def first_group(name: str) -> str:
        match = expression.search(last_of(name))
        return (match[1] or "").strip() if match else ""

    return first_group


def last_of(name: str) -> str:
    r"""What a file is called without its folders, which tables of Windows part by `\`."""
    return name.replace("\\", "/").rpartition("/")[2]

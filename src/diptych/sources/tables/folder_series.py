"""Folders that are called as series are: session1, P003, 10007; rather than as classes."""

import re
from collections.abc import Collection

from diptych.sources.tables.titles import may_name_classes

_NUMBER = re.compile(r"\d+")
_WORDNET = re.compile(r"n\d+")


def look_like_ids(names: Collection[str]) -> bool:
    """Whether all names are alike but for the numbers in them, and do not count classes.

    Classes are 0, 1, 2, …, each number of its own name, or called so: class3. WordNet's are
    n01440764.
    """
    patterns = {_NUMBER.sub("#", name.casefold()) for name in names}
    if len(names) < 2 or len(patterns) > 1 or "#" not in (pattern := patterns.pop()):
        return False
    if may_name_classes(pattern) or all(map(_WORDNET.fullmatch, names)):
        return False
    if pattern != "#":
        return True
    numbers = sorted(map(int, names))
    return not any(numbers == list(range(start, start + len(names))) for start in (0, 1))

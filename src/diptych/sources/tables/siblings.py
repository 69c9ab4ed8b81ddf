"""Tables of other parts beside one that is given alone: test.csv beside train.csv."""

import re
from collections.abc import Iterable

from diptych.sources.endings import ending, stem_of
from diptych.sources.parts import part_in

_WORDS = re.compile(r"train(ing)?|val(id(ation)?)?|test(ing)?|dev|eval", re.IGNORECASE)


def siblings(names: Iterable[str], table: str) -> dict[str, str]:
    """The part of each file that is called as a table is but for its word for a part."""
    if not part_in(stem_of(table)):
        return {}
    own = _key(table)
    return {
        name: part
        for name in names
        if name != table and _key(name) == own and (part := part_in(stem_of(name)))
        if part != part_in(stem_of(table))
    }


def note_on_siblings(names: Iterable[str], table: str) -> str:
    """A line on them; "" for none."""
    others = siblings(names, table)
    if not others:
        return ""
    parts = ", ".join(f"{name.rpartition('/')[2]} is {part}" for name, part in others.items())
    test = next((n.rpartition("/")[2] for n, part in others.items() if part == "test"), "")
    how = f"--test takes {test} to test on" if test else "give their folder to read all"
    return f"tables of other parts lie beside it: {parts}; {how}"


def _key(name: str) -> tuple[str, str, str]:
    folder = name.rpartition("/")[0]
    return folder, _WORDS.sub("", stem_of(name).casefold()), ending(name)

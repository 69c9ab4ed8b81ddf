"""Words in names of files that may be classes: cat.1.jpg, great_pyrenees_12.jpg, 7_frog.png."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from diptych.sources.endings import DOCUMENTS, ending, stem_of
from diptych.sources.folders.ambiguity import some
from diptych.sources.name_patterns import NAME, name_pattern

# Beyond so many words there have to be several pictures of each: else they are names of pictures.
MOST_KINDS, LEAST_EACH = 50, 5
# Of so many of the pictures the name has to tell: a few may be called otherwise.
MOST = 0.95
LEAST_FIELDS = 3
LOOKED_AT = 20_000
_COUNT = r"\(?\d+\)?"
# A word or several, then what tells pictures of it apart; or the other way round.
_WORDS = r"[^\W\d_]+(?:[ _-][^\W\d_]+)*"
_BEFORE = re.compile(rf"({_WORDS})([ _.-]*)({_COUNT})")
_AFTER = re.compile(rf"{_COUNT}([ _.-]+)({_WORDS})")
# Signs that an option takes as they are; after others comes an expression.
_SEPARATORS = ("_", ".", "-", " - ", " ")


class Kinds(NamedTuple):
    """Words in names of files, the option that reads them, and a name as an example."""

    words: Sequence[str]
    option: str
    example: str


def kinds_in(names: Sequence[str]) -> Kinds | None:
    """The kinds that names of files speak of, where nearly all of them do, and of several each."""
    files = _pictures(names)
    for pattern in dict.fromkeys(_patterns(map(stem_of, files[:100]))):
        kinds = _kinds(files, pattern)
        often = {kind: count for kind, count in kinds.items() if count > 1}
        known = sum(often.values())
        few = len(often) <= MOST_KINDS or known >= LEAST_EACH * len(often)
        if len(often) > 1 and few and known >= MOST * len(files):
            example = next(file for file in files if _kinds([file], pattern).keys() & often.keys())
            return Kinds(sorted(often), f"--label {_quoted(pattern)}", example)
    return None


def fields_in(names: Sequence[str]) -> str:
    """How the classes may be read from names of several fields, such as 25_0_2_2017.jpg."""
    files = _pictures(names)
    for sign in ("_", "-"):
        rows = [file.partition(".")[0].split(sign) for file in files]
        count = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
        alike = [row for row in rows if len(row) == count]
        if count < LEAST_FIELDS or len(alike) < MOST * len(rows):
            continue
        values = {at + 1: sorted({row[at] for row in alike}) for at in range(count)}
        few = {
            at: own
            for at, own in values.items()
            if 1 < len(own) <= MOST_KINDS and LEAST_EACH * len(own) <= len(alike)
        }
        if few:
            said = ", ".join(f"{at} with {some(own)}" for at, own in few.items())
            at = min(few, key=lambda number: len(few[number]))
            before = rf"(?:[^{sign}]*{sign}){{{at - 1}}}" if at > 1 else ""
            return (
                f"{files[0]} and others have {count} fields in their names, of which some "
                f"come again ({said}): if field {at} is the class, --label "
                f"'{NAME}^{before}([^{sign}.]+)' reads it from there"
            )
    return ""


def _pictures(names: Sequence[str]) -> list[str]:
    """Some of the files that may be pictures; not those whose names are numbers, to predict."""
    files = (name.rpartition("/")[2] for name in names[:: max(len(names) // LOOKED_AT, 1)])
    return [file for file in files if not stem_of(file).isdigit() and ending(file) not in DOCUMENTS]


def _patterns(stems: Iterator[str]) -> Iterator[str]:
    """The patterns that may read words from names like these."""
    for stem in stems:
        if match := _BEFORE.fullmatch(stem):
            yield NAME + (_after(match[2]) if match[3].isdigit() else rf"^(.+?){match[2]}\(")
        elif match := _AFTER.fullmatch(stem):
            yield rf"{NAME}^\(?\d+\)?{re.escape(match[1])}(.+)\."


def _after(separator: str) -> str:
    """A pattern for what stands before a separator and a number."""
    if separator in _SEPARATORS:
        return separator
    return rf"^(.+){re.escape(separator)}\d" if separator else r"^(\D+)\d"


def _kinds(files: Sequence[str], pattern: str) -> Mapping[str, int]:
    """How many files each word names that a pattern reads, of names with nothing else in them."""
    kind_of = name_pattern(pattern)
    assert kind_of is not None
    return Counter(
        kind
        for file in files
        if (_BEFORE.fullmatch(stem := stem_of(file)) or _AFTER.fullmatch(stem))
        and (kind := kind_of(file))
    )


def _quoted(pattern: str) -> str:
    """As a shell takes it."""
    return pattern if re.fullmatch(r"[\w:.-]+", pattern) else f"'{pattern}'"

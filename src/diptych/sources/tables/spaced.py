"""Lists of text whose columns blanks part: `cat1.jpg 0`, `1 001.Albatross/x.jpg`."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from diptych.sources.endings import PICTURES

TEXTS = (".txt", ".lst", ".list", ".dat", ".tab", ".psv", ".tsv")

# A quoted cell is one word, whatever is in it.
_WORD = re.compile(r'"[^"]*"|\S+')
_MARK = re.compile(r"#+ *")  # of remarks, and of titles
_ENDING = f"(?:{'|'.join(re.escape(ending) for ending in sorted(PICTURES))})"
_PICTURE = re.compile(rf'.+{_ENDING}"?', re.IGNORECASE)
_THEN_SIGN = re.compile(rf'{_ENDING}"?\s*[\t;|,]', re.IGNORECASE)
_THEN_BLANK = re.compile(rf'{_ENDING}"? +[^\s;|,]', re.IGNORECASE)
_ASSIGNED = re.compile(rf'({_ENDING}"?)[ \t]*(?:=>|->|[:=])[ \t]*(?=\S)', re.IGNORECASE)
_SIGNS = "\t;|,"
# So many of the first lines have to be alike, since a header and remarks are not.
_MOST = 0.8


class Spacing(NamedTuple):
    """How the words of a line make columns; None of a count: as many as there are."""

    columns: int
    before: int | None = None  # the words before a picture's name; None where it has blanks in it
    named: bool = False  # a word of each line ends as names of pictures do
    assigned: bool = False  # a colon or the like stands after it
    first: bool = False  # without such a word: the first word, then the rest as one

    def respaced(self, line: str) -> str:
        """The line with tabs between its columns; one that is otherwise comes as it is."""
        if self.assigned:
            return _ASSIGNED.sub(r"\1\t", line, count=1)
        mark = _MARK.match(line)
        begin, end = mark.end() if mark else 0, len(line.rstrip("\r\n"))
        words = _WORD.findall(line[begin:end])
        return line[:begin] + "\t".join(self._cells(words)) + line[end:]

    def _cells(self, words: Sequence[str]) -> Sequence[str]:
        if self.before is not None:
            return words if len(words) in (self.columns, self.columns - 1) else [" ".join(words)]
        if not self.named:
            apart = (words[:1], words[1:]) if self.first else (words[:-1], words[-1:])
            return [" ".join(some) for some in apart]
        at = max((i for i, word in enumerate(words) if _PICTURE.fullmatch(word)), default=None)
        if at is None:  # titles, or a remark
            return words if len(words) == self.columns else [" ".join(words)]
        name, rest = " ".join(words[: at + 1]), words[at + 1 :]
        return [name, *(rest if len(rest) == self.columns - 1 else [" ".join(rest)])]


def spacing_of(lines: Sequence[str], is_text: bool) -> Spacing | None:
    """How blanks part the columns of a table that begins with these lines; None where none do.

    What is not called as texts are has to have a picture's name at the start of each line.
    """
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    if is_text and lines and all(map(_ASSIGNED.search, lines[1:] or lines)):
        return Spacing(2, assigned=True)
    if not lines or (_are_parted_by_a_sign(lines) and not _are_named_before_a_blank(lines)):
        return None
    rows = [_WORD.findall(line) for line in lines]
    count, times = Counter(map(len, rows)).most_common(1)[0]
    # The first may be a header.
    enough = min(_MOST * len(rows), max(len(rows) - 1, 1))
    even = count > 1 and times >= enough
    named = [(row, end) for row in rows if (end := _name_ends(row)) is not None]
    if named and len(named) >= enough:
        return _named(named, count if even else 0, is_text)
    if not is_text:
        return None
    return Spacing(count, before=0) if even else _of_words(rows)


def _named(rows: Sequence[tuple[Sequence[str], int]], count: int, is_text: bool) -> Spacing | None:
    """The spacing of lines with a picture's name, whose last word is told.

    They have `count` words each, or 0: some have more than others.
    """
    at = rows[0][1]
    same = count > 0 and all(end == at for _, end in rows)
    if not is_text:
        return Spacing(count, before=0) if same and at == 0 else None
    before = [tuple(words[:at]) for words, _ in rows]
    numbers = all(word.strip('"').isdecimal() for words in before for word in words)
    labels = at == 1 and count == 2 and 2 * len(set(before)) <= len(before)
    if any(word.endswith(",") for words, end in rows for word in words[end:]):
        return Spacing(2, named=True)  # several labels in one cell
    if same and (at == 0 or numbers or labels):
        return Spacing(count, before=at)
    after = Counter(len(words) - 1 - end for words, end in rows)
    if not max(after):
        return None  # names alone, with blanks in them
    rest, times = after.most_common(1)[0]
    return Spacing(1 + (rest if times >= _MOST * len(rows) else 1), named=True)


def _of_words(rows: Sequence[Sequence[str]]) -> Spacing | None:
    """The spacing of lines of words, of which some have more than others."""
    if min(map(len, rows)) < 2:
        return None
    # Words that all differ number what comes after; last words that come again are labels.
    if len({row[0] for row in rows}) == len(rows):
        return Spacing(2, first=True)
    return Spacing(2) if 2 * len({row[-1] for row in rows}) <= len(rows) else None


def _name_ends(words: Sequence[str]) -> int | None:
    """Which word is the last of a picture's name."""
    return max((at for at, word in enumerate(words) if _PICTURE.fullmatch(word)), default=None)


def _are_parted_by_a_sign(lines: Sequence[str]) -> bool:
    """Whether one of the usual signs is in all lines, equally often in most of them."""
    for sign in _SIGNS:
        counts = Counter(re.sub('"[^"]*"', "", line).count(sign) for line in lines)
        often, times = counts.most_common(1)[0]
        if often and times >= min(_MOST * len(lines), max(len(lines) - 2, 1)):
            return True
    return False


def _are_named_before_a_blank(lines: Sequence[str]) -> bool:
    """Whether a picture's name ends where a blank is, rather than a sign: `x.jpg 0, 3`."""
    blank = sum(bool(_THEN_BLANK.search(line)) for line in lines)
    return blank >= _MOST * len(lines) and not any(map(_THEN_SIGN.search, lines))

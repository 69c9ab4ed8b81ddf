"""What cells say: nothing at all, a number, true or false, a label."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from diptych.data.class_order import is_number as is_number

# What programs write where there is nothing: pandas, R, Excel, Weka, people.
NOTHING = frozenset(
    (
        *("", "nan", "-nan", "null", "n/a", "#n/a", "<na>", "nat", "?", "-", "--", "n.a.", "."),
        *("#n/a n/a", "\\n", "(null)", "<null>", "[]", "{}"),
        *("#ref!", "#value!", "#name?", "#div/0!"),
    )
)
# What may be the name of a class as well: no defect, Namibia.
DOUBTFUL = frozenset(("none", "na", "nil"))
# Excel says it in the language of its owner; people make a cross.
_TRUE = ("true", "1", "1.0", "yes", "t", "y", "x", "wahr", "ja", "vrai", "oui", "verdadero", "vero")
_FALSE = ("false", "0", "0.0", "no", "f", "n", "falsch", "nein", "faux", "non", "falso")
_TRUTHS = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
_WHOLE = re.compile(r"-?\d+\.0+")
# A column of numbers with more different ones is an amount, where it is not called otherwise.
MOST_NUMBERS = 20
# A column of words with more different ones names pictures, and tells no kinds of them apart.
MOST_WORDS = 20


def says_nothing(cell: str) -> bool:
    """Whether a cell is empty, or has what programs write into empty ones."""
    return cell.casefold() in NOTHING


def truth(cell: str) -> bool | None:
    """What a cell of a fact that is true or not says; None for anything else."""
    return _TRUTHS.get(cell.casefold())


def whole(cell: str) -> str:
    """A whole number as a column without gaps writes it: 3.0, as pandas writes it, is 3."""
    return cell.partition(".")[0] if _WHOLE.fullmatch(cell) else cell


def no_labels(labels: Iterable[str]) -> tuple[frozenset[str], str]:
    """Which cells of a column of labels name no class, and a word on those in doubt.

    "None" is a class beside "Dent" and "Scratch", and nothing beside "dent" and "scratch", or 0
    and 1: a program wrote it.
    """
    different = set(labels)
    nothing = {label for label in different if says_nothing(label)}
    doubtful = {label for label in different if label.casefold() in DOUBTFUL}
    styles = {_style(label) for label in different - nothing - doubtful}
    classes = {label for label in doubtful if _style(label) in styles}
    none = doubtful - classes
    words = [
        f"{' and '.join(map(repr, sorted(some)))} {meaning}"
        for some, meaning in (
            (classes, "is a class here; leave cells empty where there is no label"),
            (none, "is no label here; call it otherwise if it is a class"),
        )
        if some
    ]
    return frozenset(nothing | none), "; ".join(words)


def _style(label: str) -> str:
    if is_number(label):
        return "number"
    if label.isupper():
        return "upper"
    return "lower" if label == label.lower() else "mixed"


def label_spellings(labels: Iterable[str]) -> Mapping[str, str]:
    """What each label is called: 1 and 1.0 are "1", where all are whole numbers; 01 stays so."""
    different = set(labels)
    if all(_WHOLE.fullmatch(label) or label.lstrip("-").isdecimal() for label in different):
        return {label: whole(label) for label in different}
    return {label: label for label in different}


def id_of(cell: str) -> str:
    """What a cell of ids says, "" for nothing: 1.0 is 1, as a column with gaps writes it."""
    return "" if says_nothing(cell) else whole(cell)


def may_be_labels(cells: Sequence[str]) -> bool:
    """Whether a column may hold labels: a few different values, each again and again."""
    counts = _counts(cells)
    if len(counts) < 2 or 2 * len(counts) > counts.total():
        return False
    return not is_amount(counts)


def is_telling(cells: Iterable[str]) -> bool:
    """Whether a column may tell kinds of pictures apart: by a few words, or by numbers."""
    different = {cell for cell in cells if cell}
    return len(different) > 1 and (len(different) <= MOST_WORDS or all(map(is_number, different)))


def tells_kinds(cells: Sequence[str], labels: Sequence[str]) -> bool:
    """Whether a column may tell kinds of pictures apart, and says other things than the labels."""
    pairs = set(zip(cells, labels, strict=True))
    same = len(pairs) == len(set(cells)) == len(set(labels))
    return is_telling(cells) and not same


def is_amount(different: Iterable[str]) -> bool:
    """Whether these are numbers that measure rather than name: with decimals, or very many."""
    values = set(different)
    if not all(map(is_number, values)):
        return False
    return len(values) > MOST_NUMBERS and any(float(v) != int(float(v)) for v in values)


def _counts(cells: Iterable[str]) -> Counter[str]:
    """How often each cell is there that says something."""
    return Counter({cell: n for cell, n in Counter(cells).items() if not says_nothing(cell)})


def described(title: str, cells: Iterable[str]) -> str:
    """What a column looks like, in a few words."""
    counts = _counts(cells)
    some = sorted(counts)[:3] if len(counts) <= 3 else [one for one, _ in counts.most_common(3)]
    more = ", …" if len(counts) > len(some) else ""
    count = f"{len(counts):,} different value{'s'[: len(counts) != 1]}"
    return (
        f"{title or '(no title)'}: {count}, {', '.join(some)}{more}" if some else f"{title}: empty"
    )

"""Parts that tables write as numbers: CelebA's partition, Waterbirds' split, CUB-200's own."""

from collections import Counter
from collections.abc import Mapping

from diptych.sources.endings import stem_of
from diptych.sources.tables.cells import whole
from diptych.sources.tables.fold_columns import different, folds_in, is_called_fold, said
from diptych.sources.tables.rows import Records
from diptych.sources.tables.titles import plain

_IN_ORDER = {"0": "train", "1": "valid", "2": "test"}
# By what a column is called, or a list without titles; the numbers are those of its documentation.
_DOCUMENTED = {"eval_partition": _IN_ORDER, "list_eval_partition": _IN_ORDER}
_MOSTLY = {"train_test_split": {"1": "train", "0": "test"}}
_USUAL = ("partition", "split")


def known_numbers(table: Records, at: int, alone: bool = False) -> Mapping[str, str]:
    """The part of each number in a column that surely has parts; nothing for others.

    By its title alone a column is one where most rows are for training: folds are of one size. One
    that is `alone` may be the labels.
    """
    title = called(table, at)
    documented = title if title in _DOCUMENTED else plain(stem_of(table.path.name))
    if documented in _DOCUMENTED and title in (documented, *_USUAL):
        numbers = _DOCUMENTED[documented]
        return numbers if _has(table, at, numbers, every=False) else {}
    counts = Counter(whole(cell) for cell in table.column(at) if said(cell))
    if title in _MOSTLY:
        words = _MOSTLY[title]
        train = next(number for number, part in words.items() if part == "train")
        return words if _has(table, at, words) and 2 * counts[train] >= counts.total() else {}
    is_usual = title in _USUAL and not alone and _has(table, at, _IN_ORDER)
    return _IN_ORDER if is_usual and counts["0"] > max(counts["1"], counts["2"]) else {}


def part_numbers(table: Records, at: int) -> Mapping[str, str]:
    """The part of each number in a column that was said to have parts; nothing for others."""
    in_order = _IN_ORDER if _has(table, at, _IN_ORDER) else {}
    return known_numbers(table, at) or ({} if is_called_fold(table, at) else in_order)


def may_be_part_numbers(table: Records, at: int) -> bool:
    """Whether a column of a few numbers is called as parts rather than as folds."""
    return plain(table.titles[at]) in _USUAL and len(folds_in(table, at)) <= len(_IN_ORDER)


def called(table: Records, at: int) -> str:
    """What a column is called: the only one of a list without titles as the list is."""
    alone = not table.headed and len(table.titles) == 2
    return plain(stem_of(table.path.name)) if alone else plain(table.titles[at])


def _has(table: Records, at: int, numbers: Mapping[str, str], every: bool = True) -> bool:
    """Whether a column says such numbers alone: every one of them, or several."""
    cells = set(map(whole, different(table, at)))
    return cells == numbers.keys() if every else len(cells) > 1 and cells <= numbers.keys()

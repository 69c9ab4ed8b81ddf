"""Which column of a table holds the labels."""

from collections.abc import Sequence

from diptych.errors import InputError
from diptych.sources.tables.cells import (
    described,
    is_amount,
    is_number,
    may_be_labels,
    says_nothing,
)
from diptych.sources.tables.onehot import OneHot, one_hot
from diptych.sources.tables.rows import Records, refuse_same_title
from diptych.sources.tables.titles import (
    GROUPS,
    LABEL_TITLES,
    is_of_measures,
    label_tier,
    may_name_classes,
    plain,
)

# So many columns are described in an error.
MOST = 8


class NoLabelsError(InputError):
    """No column of a table can hold labels."""


def label_column(table: Records, free: Sequence[int]) -> int | OneHot:
    """The column of labels among those that are free, or the columns of a class each.

    Raises NoLabelsError where there is none, InputError where several may be.
    """
    tiers = {at: label_tier(table.titles[at]) for at in free if not _is_empty(table, at)}
    if "x" in map(plain, table.titles):  # beside it y is where something is
        tiers = {at: tier for at, tier in tiers.items() if plain(table.titles[at]) != "y"}
    surest = min(tiers.values(), default=len(LABEL_TITLES))
    if surest < len(LABEL_TITLES):
        return _one_of(table, [at for at in free if tiers.get(at) == surest], free)
    if block := one_hot(table, free):
        return block
    some = [at for at in free if may_be_labels(table.column(at))]
    # Patients come again as classes do; they are that where nothing else may be.
    some = [at for at in some if not GROUPS.search(plain(table.titles[at]))] or some
    if len(rest := [at for at in some if not _is_measure(table, at)]) == 1:
        some = rest
    if not some and len(free) == 1 and _tells_apart(table, free[0]):
        some = list(free)
    if not some:
        raise NoLabelsError(
            f"{table.path}: no column of labels{_seen(table, free)}; --label COLUMN says which it "
            "is, or call it 'label'"
        )
    return _one_of(table, some, free)


def _is_measure(table: Records, at: int) -> bool:
    return is_of_measures(table.titles[at]) and _is_numeric(table, at)


def _one_of(table: Records, some: Sequence[int], free: Sequence[int]) -> int:
    """One of the columns that say the same, in words where one does; else raise InputError."""
    groups: list[list[int]] = []
    for at in some:
        same = next((group for group in groups if _one_to_one(table, at, group[0])), None)
        if same is None:
            groups.append([at])
        else:
            same.append(at)
    if len(groups) > 1:
        refuse_same_title(table, some)
        # What is the same, or another, in each row is no class.
        telling = [group for group in groups if _tells_apart(table, group[0])]
        if len(telling) == 1:
            return _in_words(table, telling[0], free)
        likely = sorted((group[0] for group in groups), key=lambda at: _plausibility(table, at))
        seen, first = _seen(table, likely), table.titles[likely[0]]
        raise InputError(
            f"{table.path}: several columns may hold the labels{seen}; say which: "
            f"--label '{first}', for one"
        )
    return _in_words(table, groups[0], free)


def _in_words(table: Records, same: Sequence[int], free: Sequence[int]) -> int:
    """The column that names the classes in words, where these have numbers only."""
    if words := [at for at in same if not _is_numeric(table, at)]:
        return words[0]
    for at in free:
        named = may_name_classes(table.titles[at]) and not _is_numeric(table, at)
        if at not in same and named and _one_to_one(table, at, same[0]):
            return at
    return same[0]


def _one_to_one(table: Records, one: int, other: int) -> bool:
    """Whether two columns part the rows in the same way, into two or more."""
    pairs = {(row[one], row[other]) for row in table.rows if row[one] and row[other]}
    return 1 < len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def _is_numeric(table: Records, at: int) -> bool:
    return all(is_number(cell) or says_nothing(cell) for cell in set(table.column(at)))


def _is_empty(table: Records, at: int) -> bool:
    return all(map(says_nothing, table.column(at)))


def _tells_apart(table: Records, at: int) -> bool:
    """Whether a column has fewer values than rows, more than one, and none that measures."""
    different = {cell for cell in set(table.column(at)) if not says_nothing(cell)}
    return 1 < len(different) < len(table.rows) and not is_amount(different)


def _plausibility(table: Records, at: int) -> tuple[bool, int, int]:
    """What sorts columns: words before numbers, of few values before many."""
    return _is_numeric(table, at), len(set(table.column(at))), at


def _seen(table: Records, columns: Sequence[int]) -> str:
    """What columns look like, for the end of a clause."""
    if not columns:
        return " beside the one of files"
    columns = sorted(columns, key=lambda at: _plausibility(table, at))
    # Constants, and what is another in each row, are told only where there is nothing else.
    columns = [at for at in columns if _tells_apart(table, at)] or columns
    cells = [described(table.titles[at], table.column(at)) for at in columns[:MOST]]
    more = "; …" if len(columns) > MOST else ""
    return f" ({'; '.join(cells)}{more})"

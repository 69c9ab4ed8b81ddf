"""The parts and folds that a table puts its pictures into."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from diptych.errors import InputError, shortened
from diptych.sources.folders.folder_names import fold_of
from diptych.sources.meaning import Meaning
from diptych.sources.parts import part_named
from diptych.sources.tables.cells import DOUBTFUL, says_nothing, truth, whole
from diptych.sources.tables.rows import Records, position
from diptych.sources.tables.titles import (
    FOLD,
    MAYBE_TRUE_FOR,
    PART_TITLES,
    TRUE_FOR,
    is_part_title,
    label_tier,
    plain,
    rank,
)

MOST_FOLDS = 50
_USES = {"valid": "validate", "test": "test"}

PartOf = Callable[[list[str]], str]  # the part of a row


class NoFoldsError(InputError):
    """A table has no column of folds."""


class Parts:
    """How a table's rows are parted: by which columns, the part of a row, a word on it.

    Where something is `required`, which is the title of a column, rows without a part are left out.
    """

    def __init__(
        self, columns: tuple[int, ...], part_of_row: PartOf, note: str = "", required: str = ""
    ) -> None:
        self.columns = columns
        self.part_of_row = part_of_row
        self.note = note
        self.required = required


def partless_note(count: int, parts: Parts) -> str:
    """A word on so many pictures that say no part; "" for none."""
    aside = f"without a part in {parts.required} are set aside; fill it in to use them"
    return f"{count:,} pictures {aside}" if count else ""


def table_parts(table: Records, free: Sequence[int], meaning: Meaning) -> Parts:
    """What was said of parts and folds, else what columns say by themselves.

    Raises InputError for a column without parts, and for a fold that there is not.
    """
    if meaning.fold is not None:
        fold = _fold(table, free, meaning.fold, meaning.part)
        rest = [at for at in free if at not in fold.columns]
        said = table_parts(table, rest, replace(meaning, fold=None, part=None))
        return _kept_apart(table, fold, said, meaning.fold)
    if meaning.part is not None:
        return _of_column(table, position(table, meaning.part, "part"))
    named = [at for at in free if is_part_title(table.titles[at])]
    named.sort(key=lambda at: rank(table.titles[at], PART_TITLES))
    # By another title a column is taken only where no cell of it says something else.
    others = [at for at in free if at not in named and not _may_be_classes(table, at, free)]
    for at in named:
        if _share_of_parts(table, at):
            return _of_column(table, at)
    for at in others:
        if _share_of_parts(table, at) == 1 and len(_different(table, at)) > 1:
            return _of_column(table, at, f"parts in {table.titles[at]}")
    if truths := _columns_of_truths(table, free):
        return _of_truths(table, truths)
    folds = _fold_columns(table, free)
    note = "; ".join(
        f"{table.titles[at]} has {len(own)} folds ({shortened(own)}); --fold {own[0]} tests on one"
        for at in folds
        if (own := _folds(table, at))
    )
    return Parts(tuple(folds), lambda row: "", note)


def _of_column(table: Records, at: int, note: str = "") -> Parts:
    """The parts that a column names; raises InputError where a cell names none."""
    if plain(table.titles[at]) in _MEANT and _is_of_truths(table, at):
        return _of_truths(table, [at])
    if folds := _folds(table, at):
        raise InputError(
            f"{table.path}: {table.titles[at]} has folds ({shortened(folds)}), and no parts; "
            f"--fold {folds[0]} tests on one of them"
        )
    _refuse_other_words(table, at)
    required = table.titles[at]
    if silent := _silent(table, at):
        said = f"{_rows(silent)} no part in {required}"
        # Where a test part alone is marked, the rest is to train on.
        if not any(part_named(cell) == "train" for cell in _different(table, at)):
            said, required = f"{said}, and none says train: to train on", ""
        note = "; ".join(filter(None, (note, said)))
    return Parts((at,), lambda row: part_named(_said(row[at])), note, required)


def _refuse_other_words(table: Records, at: int) -> None:
    """Raise InputError for cells that say something which is no part."""
    counts = Counter(table.column(at))
    others = Counter({c: n for c, n in counts.items() if _said(c) and not part_named(c)})
    if not others:
        return
    words = ", ".join(
        f"'{word}' in {count:,} row{'s'[: count != 1]}" for word, count in others.most_common(3)
    )
    title, more = table.titles[at], ", …" if len(others) > 3 else ""
    where = table.where(table.column(at).index(next(iter(others))))
    raise InputError(
        f"{table.path}: {title} says what is no part: {words}{more} ({where}, for one); write "
        "train, valid or test, or nothing where rows are to be left out; with another title the "
        "column parts nothing"
    )


_MEANT = {**MAYBE_TRUE_FOR, **TRUE_FOR}


def _is_of_truths(table: Records, at: int) -> bool:
    """Whether all cells of a column that say something are True or False, and some are each.

    Where none is False, those that say nothing are.
    """
    cells = table.column(at)
    truths = {truth(cell) for cell in set(cells) if not says_nothing(cell)}
    return truths == {True, False} or (truths == {True} and any(map(says_nothing, cells)))


def _columns_of_truths(table: Records, free: Sequence[int]) -> list[int]:
    """The columns that say for each row whether it is of a part.

    A column called as a part alone is one of them where it is no class of several: these have a
    column each, and one of them is true.
    """
    if certain := [at for at in free if plain(table.titles[at]) in TRUE_FOR]:
        return certain
    truths = [at for at in free if _is_of_truths(table, at)]
    maybe = [at for at in truths if plain(table.titles[at]) in MAYBE_TRUE_FOR]
    others = [at for at in truths if at not in maybe]
    if len(others) > 1:
        return []
    if others and any(_are_opposite(table, at, others[0]) for at in maybe):
        return []
    return maybe


def _are_opposite(table: Records, one: int, other: int) -> bool:
    """Whether in each row one of two columns is true, and not both."""
    return all(truth(row[one]) != truth(row[other]) for row in table.rows)


def _of_truths(table: Records, columns: Sequence[int]) -> Parts:
    """The parts by columns of True and False, such as is_valid.

    Raises InputError where a cell says something else.
    """
    for at in columns:
        for i, cell in enumerate(table.column(at)):
            if truth(cell) is None and not says_nothing(cell):
                raise InputError(
                    f"{table.path}: {table.where(i)}: {table.titles[at]} is neither true nor "
                    f"false: '{cell}'; write True or False, or nothing where a row is to be left "
                    "out; with another title the column parts nothing"
                )
    meant = [(at, _MEANT[plain(table.titles[at])]) for at in columns]
    # What is false of is_train alone may be for either; most call it the validation part.
    other = "valid" if {part for _, part in meant} == {"train"} else "train"
    marked = not any(truth(row[at]) is False for row in table.rows for at in columns)

    def of_row(row: list[str]) -> str:
        is_silent = all(says_nothing(row[at]) for at in columns)
        unsaid = "" if is_silent and not marked else other
        return next((part for at, part in meant if truth(row[at])), unsaid)

    names = " and ".join(table.titles[at] for at in columns)
    note = f"parts in {names}: what is not true is for {other}"
    if silent := sum(not of_row(row) for row in table.rows):
        note += f"; {_rows(silent)} nothing there"
    return Parts(tuple(columns), of_row, note, names)


def _fold(table: Records, free: Sequence[int], fold: int, title: str | None) -> Parts:
    """One fold as the test part, the others to train on."""
    columns = _fold_columns(table, free) if title is None else [position(table, title, "part")]
    if not columns:
        for at in free:
            if FOLD.fullmatch(plain(table.titles[at])):
                _refuse_no_folds(table, at)
        raise NoFoldsError(
            f"{table.path}: no column of folds among {shortened(table.titles)}; --part COLUMN says "
            "which it is"
        )
    if len(columns) > 1:
        names = " and ".join(table.titles[at] for at in columns)
        raise InputError(f"{table.path}: {names} hold folds; --part COLUMN says which are meant")
    (at,) = columns
    folds = _folds(table, at)
    if not folds:
        others = shortened(sorted(_different(table, at)), 4)
        raise InputError(
            f"{table.path}: {table.titles[at]} has no folds, but {others or 'nothing in it'}; with "
            "--fold, --part COLUMN says where the folds are"
        )
    if str(fold) not in folds:
        raise InputError(
            f"{table.path}: {table.titles[at]} has no fold {fold}; it has {shortened(folds)}"
        )
    note = f"fold {fold} of {table.titles[at]} is to test on"
    if silent := _silent(table, at):
        note += f"; {_rows(silent)} no fold, to train on"
    return Parts((at,), lambda row: "test" if _fold_in(row[at]) == str(fold) else "train", note)


def within_fold(of_fold: str, said: str, kept: Collection[str]) -> str:
    """The part of a picture by a fold, which is test or train, and by what else says its part.

    Those that are `kept` stay what they are; where some are to test on, the fold is to validate on.
    """
    if said in kept:
        return said
    return "valid" if of_fold == "test" and "test" in kept else of_fold


def _kept_apart(table: Records, fold: Parts, said: Parts, number: int) -> Parts:
    """A fold among the rows that other columns have to train on; those of other parts stay there.

    Where these are a test part already, the fold is to validate on.
    """
    kept = {part for row in table.rows if (part := said.part_of_row(row))} - {"train"}
    if not kept:
        return fold
    part_of_fold = within_fold("test", "train", kept)

    def of_row(row: list[str]) -> str:
        part = said.part_of_row(row)
        is_aside = said.required and not part
        return "" if is_aside else within_fold(fold.part_of_row(row), part, kept)

    (at,) = fold.columns
    names = " and ".join(table.titles[i] for i in said.columns)
    note = (
        f"fold {number} of {table.titles[at]} is to {_USES[part_of_fold]} on; what is for "
        f"{' or '.join(sorted(kept))} in {names} stays so"
    )
    if silent := sum(not _said(row[at]) and of_row(row) == "train" for row in table.rows):
        note += f"; {_rows(silent)} no fold, to train on"
    return Parts((at, *said.columns), of_row, note, said.required)


def _refuse_no_folds(table: Records, at: int) -> None:
    """Raise NoFoldsError with the cells that keep a column from being one of folds."""
    others = [cell for cell in sorted(_different(table, at)) if not _fold_in(cell)]
    why = f"says what is no fold: {shortened(others)}" if others else "has no several folds"
    raise NoFoldsError(
        f"{table.path}: {table.titles[at]} {why}; write numbers, or nothing where none is meant"
    )


def _fold_columns(table: Records, free: Sequence[int]) -> list[int]:
    """The columns of whole numbers that are called as folds or as parts are."""
    called = [at for at in free if FOLD.fullmatch(plain(table.titles[at]))] or [
        at for at in free if is_part_title(table.titles[at])
    ]
    return [at for at in called if _folds(table, at)]


def _folds(table: Records, at: int) -> list[str]:
    """The numbers of the folds, in their order; none where a cell is something else."""
    folds = set(map(_fold_in, _different(table, at))) - {"-1"}
    return sorted(folds, key=int) if "" not in folds and 1 < len(folds) <= MOST_FOLDS else []


def _fold_in(cell: str) -> str:
    """The number of a fold, of 3, 3.0 and fold_3, -1 for no fold; "" for anything else."""
    number = whole(cell)
    if number.isdecimal() or number == "-1":
        return str(int(number))
    fold = fold_of(cell)
    return "" if fold is None else str(fold)


def _rows(count: int) -> str:
    return "1 row says" if count == 1 else f"{count:,} rows say"


def _different(table: Records, at: int) -> set[str]:
    return set(filter(_said, set(table.column(at))))


def _silent(table: Records, at: int) -> int:
    """How many rows say nothing in a column."""
    return sum(n for cell, n in Counter(table.column(at)).items() if not _said(cell))


def _said(cell: str) -> str:
    """A cell, or "" where it says nothing."""
    return "" if says_nothing(cell) or cell.casefold() in DOUBTFUL else cell


def _share_of_parts(table: Records, at: int) -> float:
    """How many of a column's different cells are names of parts."""
    different = _different(table, at)
    return sum(bool(part_named(cell)) for cell in different) / max(len(different), 1)


def _may_be_classes(table: Records, at: int, free: Sequence[int]) -> bool:
    """Whether a column is one of labels by its title, or the only one that could be."""
    return label_tier(table.titles[at]) < 3 or len(free) == 1

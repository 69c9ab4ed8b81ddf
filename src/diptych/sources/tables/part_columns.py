"""The parts and folds that a table puts its pictures into."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning
from diptych.sources.part_words import PartWords, option, parts_by_words
from diptych.sources.parts import parts_named
from diptych.sources.tables.cells import says_nothing, truth, whole
from diptych.sources.tables.fold_columns import (
    MOST_FOLDS,
    NoFoldsError,
    different,
    fold_columns,
    fold_in,
    folds_in,
    is_called_fold,
    refuse_no_folds,
    said,
)
from diptych.sources.tables.part_numbers import (
    called,
    known_numbers,
    may_be_part_numbers,
    part_numbers,
)
from diptych.sources.tables.rows import Records, position
from diptych.sources.tables.titles import (
    MAYBE_TRUE_FOR,
    PART_TITLES,
    TRUE_FOR,
    is_label_title,
    is_part_title,
    plain,
    rank,
)

_USES = {"valid": "validate", "test": "test"}
PartOf = Callable[[list[str]], str]  # the part of a row


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


def table_parts(
    table: Records, free: Sequence[int], meaning: Meaning, labelled: bool = True
) -> Parts:
    """What was said of parts and folds, else what columns say by themselves.

    One of the columns has the labels where the table is `labelled` and nobody said which. Raises
    InputError for a column without parts, for one of parts and other words, and for a fold that
    there is not.
    """
    if meaning.fold is not None:
        fold = _fold(table, free, meaning.fold, meaning.part)
        rest = [at for at in free if at not in fold.columns]
        others = table_parts(table, rest, replace(meaning, fold=None, part=None, part_words=()))
        return _kept_apart(table, fold, others, meaning.fold)
    if meaning.part is not None:
        return _of_said(table, position(table, meaning.part, "part"), meaning.part_words)
    alone = len(free) == 1 and labelled and meaning.label is None
    named = [at for at in free if is_part_title(table.titles[at])]
    named.sort(key=lambda at: rank(table.titles[at], PART_TITLES))
    for at in named:
        if _words(table, at):
            return _of_words(table, at)
    for at in free:
        if numbers := known_numbers(table, at, alone):
            return _of_numbers(table, at, numbers)
    for at in free:
        if at in named or alone or is_label_title(table.titles[at]):
            continue
        words = _words(table, at)
        if len(set(words.values())) > 1:
            return _of_words(table, at, f"parts in {table.titles[at]}")
    if truths := _columns_of_truths(table, free):
        return _of_truths(table, truths)
    folds = fold_columns(table, free)
    notes = [_note_on_folds(table, at) for at in folds]
    if not alone:
        notes += [_note_on_words(table, at) for at in named if at not in folds]
    return Parts(tuple(folds), lambda row: "", "; ".join(filter(None, notes)))


def _note_on_folds(table: Records, at: int) -> str:
    title, own = table.titles[at], folds_in(table, at)
    if not may_be_part_numbers(table, at):
        return f"{title} has {len(own)} folds ({shortened(own)}); --fold {own[0]} tests on one"
    names = ("train", "valid", "test") if len(own) > 2 else ("train", "test")
    parts = dict(zip(own, names, strict=True))
    return f"{title} says {', '.join(own)}: if these are parts, {option(title, parts)} says so"


def _note_on_words(table: Records, at: int) -> str:
    """A word on a few words in a column that is called as parts are, and are none."""
    words = sorted(different(table, at))
    if not 1 < len(words) <= _FEW_WORDS:
        return ""
    title = table.titles[at]
    return f"{title} says {', '.join(words)}: if these are parts, {option(title, words)} says which"


def _of_said(table: Records, at: int, words: PartWords) -> Parts:
    """The parts in a column that was said to have them, by words that were said too."""
    title = table.titles[at]
    if words:
        cells = {cell for cell in set(table.column(at)) if not says_nothing(cell)}
        return _of_words(table, at, "", parts_by_words(cells, words, f"{table.path}: {title}"))
    if plain(title) in _MEANT and _is_of_truths(table, at):
        return _of_truths(table, [at])
    if numbers := part_numbers(table, at):
        return _of_numbers(table, at, numbers)
    if folds := folds_in(table, at):
        raise InputError(
            f"{table.path}: {title} has folds ({shortened(folds)}), and no parts; --fold "
            f"{folds[0]} tests on one of them; {option(title, folds[:_FEW_WORDS])} says what each "
            "is, where they are parts: train, valid, test or none"
        )
    return _of_words(table, at)


def _of_numbers(table: Records, at: int, numbers: Mapping[str, str]) -> Parts:
    meant = ", ".join(f"{number} is {part}" for number, part in sorted(numbers.items()))
    title = called(table, at)
    note = f"parts in {title} of {table.path.name}: {meant}"
    if silent := _silent(table, at):
        note += f"; {_rows(silent)} no part there"
    return Parts((at,), lambda row: numbers.get(whole(row[at]), ""), note, title)


def _of_words(
    table: Records, at: int, note: str = "", words: Mapping[str, str] | None = None
) -> Parts:
    """The parts that a column names, or that `words` say; raises InputError for other words."""
    title = table.titles[at]
    if words is None and plain(title) in _MEANT and _is_of_truths(table, at):
        return _of_truths(table, [at])
    parts = _words(table, at) if words is None else words
    _refuse_other_words(table, at, parts)
    required = title
    if silent := sum(n for cell, n in Counter(table.column(at)).items() if not parts.get(cell)):
        word = f"{_rows(silent)} no part in {title}"
        # Where a test part alone is marked, the rest is to train on.
        if not {"train", ""} & {*parts.values()}:
            word, required = f"{word}, and none says train: to train on", ""
        note = "; ".join(filter(None, (note, word)))
    return Parts((at,), lambda row: parts.get(row[at], ""), note, required)


def _refuse_other_words(table: Records, at: int, parts: Mapping[str, str]) -> None:
    """Raise InputError for cells that say something which is no part."""
    counts = Counter(table.column(at))
    others = Counter({c: n for c, n in counts.items() if said(c) and c not in parts})
    if not others:
        return
    rows = ", ".join(
        f"'{word}' in {count:,} row{'s'[: count != 1]}" for word, count in others.most_common(3)
    )
    title, more = table.titles[at], ", …" if len(others) > 3 else ""
    where = table.where(table.column(at).index(next(iter(others))))
    offered = option(title, sorted(others)[:_FEW_WORDS])
    raise InputError(
        f"{table.path}: {title} says what is no part: {rows}{more} ({where}, for one); write "
        "train, valid or test, or nothing where rows are to be left out"
        + (f"; {offered} says what each is: train, valid, test or none" if title else "")
    )


def _words(table: Records, at: int) -> dict[str, str]:
    """The part of each word in a column that is one of a part."""
    words = different(table, at)
    return parts_named(words) if len(words) <= MOST_FOLDS else {}


# So many words may be parts, and are offered in an option.
_FEW_WORDS = 5
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
    columns = fold_columns(table, free) if title is None else [position(table, title, "part")]
    if not columns:
        for at in free:
            if is_called_fold(table, at):
                refuse_no_folds(table, at)
        raise NoFoldsError(
            f"{table.path}: no column of folds among {shortened(table.titles)}; --part COLUMN says "
            "which it is"
        )
    if len(columns) > 1:
        names = " and ".join(table.titles[at] for at in columns)
        raise InputError(f"{table.path}: {names} hold folds; --part COLUMN says which are meant")
    (at,) = columns
    folds = folds_in(table, at)
    if not folds:
        others = shortened(sorted(different(table, at)), 4)
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
    return Parts((at,), lambda row: "test" if fold_in(row[at]) == str(fold) else "train", note)


def within_fold(of_fold: str, said: str, kept: Collection[str]) -> str:
    """The part of a picture by a fold, which is test or train, and by what else says its part.

    Those that are `kept` stay what they are; where some are to test on, the fold is to validate on.
    """
    if said in kept:
        return said
    return "valid" if of_fold == "test" and "test" in kept else of_fold


def _kept_apart(table: Records, fold: Parts, others: Parts, number: int) -> Parts:
    """A fold among the rows that other columns have to train on; those of other parts stay there.

    Where these are a test part already, the fold is to validate on.
    """
    kept = {part for row in table.rows if (part := others.part_of_row(row))} - {"train"}
    if not kept:
        return fold
    part_of_fold = within_fold("test", "train", kept)

    def of_row(row: list[str]) -> str:
        part = others.part_of_row(row)
        is_aside = others.required and not part
        return "" if is_aside else within_fold(fold.part_of_row(row), part, kept)

    (at,) = fold.columns
    names = " and ".join(table.titles[i] for i in others.columns)
    note = (
        f"fold {number} of {table.titles[at]} is to {_USES[part_of_fold]} on; what is for "
        f"{' or '.join(sorted(kept))} in {names} stays so"
    )
    if silent := sum(not said(row[at]) and of_row(row) == "train" for row in table.rows):
        note += f"; {_rows(silent)} no fold, to train on"
    return Parts((at, *others.columns), of_row, note, others.required)


def _rows(count: int) -> str:
    return "1 row says" if count == 1 else f"{count:,} rows say"


def _silent(table: Records, at: int) -> int:
    """How many rows say nothing in a column."""
    return sum(n for cell, n in Counter(table.column(at)).items() if not said(cell))

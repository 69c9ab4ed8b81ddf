"""Parts that well-known tables write as numbers: CelebA's partition, CUB-200's train_test_split."""

from diptych.sources.endings import stem_of
from diptych.sources.tables.rows import Records
from diptych.sources.tables.titles import plain

# By what a column is called, or a list without titles; the numbers are those of its documentation.
_MEANT = {
    "partition": {"0": "train", "1": "valid", "2": "test"},
    "eval_partition": {"0": "train", "1": "valid", "2": "test"},
    "list_eval_partition": {"0": "train", "1": "valid", "2": "test"},
    "train_test_split": {"1": "train", "0": "test"},
}


def with_parts_in_words(table: Records, file: int) -> tuple[Records, int | None, str]:
    """The table with words for such numbers, in which column, and a word on it.

    Most rows have to be for training, as folds of one size are none of this; `file` is the column
    of files.
    """
    for at, title in enumerate(table.titles):
        alone = not table.headed and len(table.titles) == 2 and at != file
        called = stem_of(table.path.name) if alone else title
        words = _MEANT.get(plain(called), {})
        cells = table.column(at)
        train = next((number for number, part in words.items() if part == "train"), "")
        if not words or {*cells} != words.keys() or 2 * cells.count(train) < len(cells):
            continue
        rows = [[words[c] if i == at else c for i, c in enumerate(row)] for row in table.rows]
        titles = [called if i == at else own for i, own in enumerate(table.titles)]
        said = ", ".join(f"{number} is {part}" for number, part in sorted(words.items()))
        note = f"parts in {called} of {table.path.name}: {said}"
        return table._replace(titles=titles, rows=rows), at, note
    return table, None, ""

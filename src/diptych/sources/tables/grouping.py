"""What must stay together, as columns of a table say it; and which columns look as if they did."""

from collections import Counter
from collections.abc import Mapping, Sequence

from diptych.data.grouping import groups_by
from diptych.sources.tables.cells import id_of, is_number, says_nothing
from diptych.sources.tables.titles import GROUPS, plain

# Of so many values that come again, this share of them in one class only, is one picture's subject.
LEAST, PURE = 10, 0.95


def group_names(values: Sequence[Mapping[str, str]]) -> list[str]:
    """The group of each sample, by what it has under one or more titles.

    What has any value in common with another is of its group; what has none at all is of no group.
    """
    return groups_by([{title: id_of(one) for title, one in own.items()} for own in values])


def looks_like_groups(title: str, cells: Sequence[str], labels: Sequence[str]) -> bool:
    """Whether a column has ids that come again: of patients, lesions, videos."""
    if len(different := set(cells)) < 3:
        return False
    silent = set(filter(says_nothing, different))
    pairs = [(c, label) for c, label in zip(cells, labels, strict=True) if c not in silent]
    counts = Counter(cell for cell, _ in pairs)
    if not 2 < len(counts) < len(pairs):
        return False
    if GROUPS.search(plain(title)):
        return len(counts) > len(set(labels))
    # An age comes again too.
    if all(map(is_number, counts)) or len(counts) < LEAST or len(counts) > 0.8 * len(pairs):
        return False
    repeated = {cell for cell, count in counts.items() if count > 1}
    classes: dict[str, set[str]] = {}
    for cell, label in pairs:
        classes.setdefault(cell, set()).add(label)
    pure = sum(len(classes[cell]) == 1 for cell in repeated)
    return len(counts) > 2 * len(set(labels)) and pure >= PURE * len(repeated)


def groups_note(title: str, cells: Sequence[str]) -> str:
    """A word on a column of such ids, where nobody said to group by it."""
    return (
        f"{title} has ids that come again ({len(set(cells)):,} of {len(cells):,}); "
        f"--group '{title}' keeps what has the same together"
    )

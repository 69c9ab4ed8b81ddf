"""What arrays beside pictures and labels say of each picture: its part, its fold, its patient."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from diptych.data.places import Address
from diptych.errors import InputError
from diptych.sources.meaning import Meaning
from diptych.sources.pixels.array_labels import words_of
from diptych.sources.pixels.array_names import Pair
from diptych.sources.pixels.number_arrays import NumberArray
from diptych.sources.tables.attributes import Attributes, attributes_of, parts_said, table_of


class ArrayFacts(NamedTuple):
    """What is said of the pictures of the only array of them; of several, nothing."""

    said: Attributes
    used: Collection[str]  # the arrays that say parts and groups

    def of(self, pair: Pair, count: int) -> tuple[Sequence[str], Sequence[str]]:
        """The part and the group of each picture; of a part that is named, that."""
        parts = self.said.parts if any(self.said.parts) else [pair.part] * count
        return parts, self.said.groups or [""] * count


def facts_beside(
    root: Path | Address,
    arrays: Mapping[str, NumberArray],
    found: Sequence[Pair],
    said: Mapping[str, NumberArray],
    labels: Sequence[str],
    meaning: Meaning,
) -> ArrayFacts:
    """What arrays of a value for each picture say, by the rules for columns of tables.

    `said` are those that were named, `labels` those of the first pair. Raises InputError for one of
    the named that has more or fewer values, and what `parts_said` raises.
    """
    if len(found) > 1:
        return ArrayFacts(Attributes([], [], [], {}, []), ())
    (pair,) = found
    columns = {key: _for_each(array, len(labels)) for key, array in said.items()}
    for key, array in arrays.items():
        one_each = array.shape in ((len(labels),), (len(labels), 1))
        beside = key not in columns and array not in (pair.images, pair.labels)
        if beside and one_each and labels and array.dtype.kind in "buifUS":
            columns[key] = words_of(array)
    names = names_of(pair.images, 0, len(labels))
    table = table_of(root, columns, range(len(names)), names)
    parts = parts_said(table, meaning, parted=bool(pair.part))
    facts = attributes_of(table, names, labels, parts, meaning)
    return ArrayFacts(facts, columns.keys() - set(facts.further))


def names_of(array: NumberArray, start: int, count: int) -> list[str]:
    """What pictures of an array are called, counted as Python counts them."""
    return [f"{array.name}[{i}]" for i in range(start, start + count)]


def _for_each(array: NumberArray, count: int) -> list[str]:
    words = words_of(array)
    if len(words) != count:
        raise InputError(f"{array}: {len(words):,} values for {count:,} pictures")
    return words

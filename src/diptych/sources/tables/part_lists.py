"""Lists of the pictures of a part, by what they are called: train.txt, testlist01.txt, val3.txt."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning
from diptych.sources.parts import parts_named

_NUMBER = re.compile(r"\d+")
_BOTH = re.compile(r"train[ _-]?val", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:k?[ _-]?folds?|cv|splits?|set)?[ _.-]*(\d+)", re.IGNORECASE)


class PartLists(NamedTuple):
    """The part of each list that counts, the one to train on first; and a word on others."""

    parts: Mapping[str, str]
    note: str = ""
    fold: int | None = None  # the one that was said, where the lists have such


def part_lists(names: Sequence[str], meaning: Meaning, root: object) -> PartLists:
    """Which tables are lists of a part each; of several such sets, those of the fold that was said.

    None are where a column or a level of folders was said to have the parts. Raises InputError for
    a fold that numbered lists do not have.
    """
    if meaning.part is not None:
        return PartLists({})
    by_number = _by_number(names)
    whole = {number: parts for number, parts in by_number.items() if "train" in parts.values()}
    numbers = sorted(number for number in whole if number is not None)
    if meaning.fold is not None:
        if len(numbers) < 2:
            return PartLists({})  # a column has the folds
        if meaning.fold not in numbers:
            raise InputError(
                f"{root}: no lists of fold {meaning.fold}; there are "
                f"{shortened(list(map(str, numbers)))}"
            )
        first = f"fold {meaning.fold} is that of {shortened(list(whole[meaning.fold]))}"
        return PartLists(whole[meaning.fold], first, meaning.fold)
    plain = by_number.get(None, {})
    if plain or len(numbers) < 2:
        return PartLists(plain or next(iter((whole or by_number).values()), {}))
    first = shortened(list(whole[numbers[0]]))
    note = f"lists make {len(numbers)} splits; --fold {numbers[0]} takes that of {first}"
    return PartLists({}, note)


def _by_number(names: Sequence[str]) -> dict[int | None, dict[str, str]]:
    """The part of each list, by the number that is in its name or that of its folder.

    Of those in one folder only, and of none where two of a number are of one part.
    """
    homes: dict[str, list[tuple[str, str, int | None]]] = {}
    for name in names:
        folder, _, file = name.rpartition("/")
        stem = file.partition(".")[0]
        numbers = _NUMBER.findall(stem)
        above, _, last = folder.rpartition("/")
        if len(numbers) == 1:
            homes.setdefault(folder, []).append((name, _NUMBER.sub("", stem), int(numbers[0])))
        elif match := _NUMBERED.fullmatch(last):
            homes.setdefault(above, []).append((name, stem, int(match[1])))
        else:
            homes.setdefault(folder, []).append((name, stem, None))
    for _, lists in sorted(homes.items(), key=lambda home: home[0].count("/")):
        stems = {stem for _, stem, _ in lists}
        part_of = parts_named(stems)
        if "train" not in part_of.values():
            part_of |= {stem: "train" for stem in stems if _BOTH.match(stem)}
        if by_number := _of_home([one for one in lists if one[1] in part_of], part_of):
            return by_number
    return {}


def _of_home(
    lists: Sequence[tuple[str, str, int | None]], part_of: Mapping[str, str]
) -> dict[int | None, dict[str, str]]:
    by_number: dict[int | None, dict[str, str]] = {}
    stems: dict[tuple[int | None, str], str] = {}
    for name, stem, number in lists:
        part = part_of[stem]
        first = stems.setdefault((number, part), stem)
        if first != stem:
            return {}
        own = by_number.setdefault(number, {})
        if part not in own.values():  # train.json beside train.txt says the same
            own[name] = part
    return {
        number: dict(sorted(parts.items(), key=lambda one: one[1] != "train"))
        for number, parts in by_number.items()
    }

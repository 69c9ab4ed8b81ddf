"""Lists of the pictures of a part: which are such by what they are called, and who is in which."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from diptych.data.dataset import Stray
from diptych.errors import InputError, shortened
from diptych.sources.endings import COMPANIONS, ending, stem_of
from diptych.sources.meaning import Meaning
from diptych.sources.parts import part_in, parts_named
from diptych.sources.tables.facts import Facts, Pictures

_NUMBER = re.compile(r"\d+")
_BOTH = re.compile(r"train[ _-]?val", re.IGNORECASE)
_PART_WORD = re.compile(r"[ _.-]*(train(ing)?|val(id(ation)?)?|test(ing)?|dev|eval)[ _.-]*", re.I)
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


def with_parts_of_tables(
    pictures: Pictures, parts: Mapping[str, str], facts: Sequence[Facts]
) -> Pictures:
    """Samples with the parts of the tables that name them; what none of them names is a stray.

    Where they have several parts already, nothing changes; a folder of one part that holds them
    all says less than lists. `parts` has the part of each
    table. Raises InputError where two tables of parts name the same sample.
    """
    data = pictures.data
    if not parts or len(data.parts()) > 1:
        return pictures
    part_of: dict[str, tuple[str, str]] = {}
    for one in facts:
        if one.name not in parts:
            continue
        for sample in data.samples:
            if not pictures.row(one, sample):
                continue
            other, _ = part_of.setdefault(sample.name, (one.name, parts[one.name]))
            if part_of[sample.name][1] != parts[one.name]:
                raise InputError(
                    f"{data.root}: {other} and {one.name} both name {sample.name}, which can be in "
                    "one part alone; correct one of them"
                )
    own = {part for _, part in part_of.values()}
    if "train" not in own and 0 < len(part_of) < len(data.samples):
        return _with_the_rest(pictures, part_of)
    if len(own) < 2:
        return pictures
    tables = shortened(sorted(parts))
    if len(part_of) < len(data.samples) and len({*parts.values()}) < len(parts):
        note = f"{tables} name some of the pictures alone; parts by lists are left out"
        return pictures._replace(data=data.with_note(note))
    samples = [s._replace(part=part_of[s.name][1]) for s in data.samples if s.name in part_of]
    strays = _with_lists(data.strays, parts)
    aside = [s.name for s in data.samples if s.name not in part_of]
    strays += [Stray(name, "no part", f"none of {tables} names it") for name in aside]
    counts = ", ".join(f"{part} is in {table}" for table, part in parts.items())
    note = f"{pictures.labels_from}{counts}"
    for one in facts:
        if one.name in parts and one.missing:
            note += f"; {one.missing:,} of {len(one.table.rows):,} in {one.name} are not there"
    if aside:
        note += f"; {len(aside):,} pictures that these do not name are set aside"
    data = replace(data, samples=tuple(samples), strays=tuple(strays)).with_note(note)
    return pictures._replace(data=data)


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
        if not part_of and (sets := _of_sets(lists)):
            return {None: sets}
        if by_number := _of_home([one for one in lists if one[1] in part_of], part_of):
            return by_number
    return {}


def _of_sets(lists: Sequence[tuple[str, str, int | None]]) -> dict[str, str]:
    """The part of each list, where several sets have lists of the same parts: DomainNet's."""
    sets: dict[str, dict[str, str]] = {}
    for name, stem, number in lists:
        part, rest = part_in(stem), _PART_WORD.sub("", stem)
        if part and rest and number is None:
            sets.setdefault(rest.casefold(), {})[name] = part
    alike = [own for own in sets.values() if len(set(own.values())) == len(own) > 1]
    if len(alike) < 2 or any({*own.values()} != {*alike[0].values()} for own in alike):
        return {}
    if "train" not in alike[0].values():
        return {}
    return dict(sorted(((n, p) for own in alike for n, p in own.items()), key=_is_not_to_train_on))


def _is_not_to_train_on(list_and_part: tuple[str, str]) -> bool:
    return list_and_part[1] != "train"


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


def _with_the_rest(pictures: Pictures, part_of: Mapping[str, tuple[str, str]]) -> Pictures:
    """With the parts of lists, and all others to train on, where no list says what is for that."""
    data = pictures.data
    if unused := [s.name for s in data.strays if _is_to_train_on(s.name)]:
        note = f"{unused[0]} names none of the pictures; parts by lists are left out"
        return pictures._replace(data=data.with_note(note))
    samples = [s._replace(part=part_of.get(s.name, ("", "train"))[1]) for s in data.samples]
    of_table = dict(part_of.values())
    strays = _with_lists(data.strays, of_table)
    counts = ", ".join(f"{part} is in {table}" for table, part in of_table.items())
    left = len(samples) - len(part_of)
    note = f"{pictures.labels_from}{counts}; the {left:,} pictures that no list names are for train"
    data = replace(data, samples=tuple(samples), strays=tuple(strays)).with_note(note)
    return pictures._replace(data=data)


def _with_lists(strays: Iterable[Stray], lists: Collection[str]) -> list[Stray]:
    """Strays of which some are lists of parts."""
    detail = "says which files are in a part"
    return [Stray(s.name, "table", detail) if s.name in lists else s for s in strays]


def _is_to_train_on(name: str) -> bool:
    return ending(name) in COMPANIONS and part_in(stem_of(name)) == "train"

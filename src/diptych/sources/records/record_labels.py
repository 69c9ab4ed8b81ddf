"""The labels of records: in files of their own, under a key of their JSON, or in both."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from diptych.data.class_order import is_number
from diptych.errors import InputError, shortened
from diptych.sources.parts import part_named
from diptych.sources.tables.cells import no_labels, says_nothing
from diptych.sources.tables.label_column import NoLabelsError, label_column
from diptych.sources.tables.onehot import OneHot
from diptych.sources.tables.rows import Records, position
from diptych.sources.tables.titles import is_label_title

CLASS, TEXT = "cls", "txt"

Words = list[Sequence[str]]  # the labels of each record: one, none or several


class Record(NamedTuple):
    """What stands in a record beside its picture."""

    picture: str
    folder: str  # the last one of its key; "" where there is none
    texts: Mapping[str, str]  # what .cls and .txt say, where they are there
    lists: Mapping[str, Sequence[str]]  # keys of its JSON under which several values stand


class Labels(NamedTuple):
    """The labels of records, in their order."""

    words: Words
    column: int | None  # the column of the table in which they are
    note: str = ""


class _Source(NamedTuple):
    title: str
    option: str  # what --label takes for it
    words: Words
    column: int | None = None


def labels_of(
    table: Records,
    free: Sequence[int],
    records: Sequence[Record],
    said: str | None,
    names: Sequence[str] | None,
) -> Labels:
    """The labels of records whose JSON makes a table, by the key that was said or inferred.

    `names` are what numbers of classes stand for. Raises InputError where two files of a record say
    what cannot be the same, and nobody said which is meant.
    """
    files = {kind for record in records for kind in record.texts}
    in_json = _in_json(table, free, records, said, bool(files))
    if said is not None:
        sources = [in_json or _in_files(records, said)]
    else:
        sources = [one for one in (in_json, _in_files(records, CLASS)) if one]
    sources = _with_labels(table, sources, names)
    if not sources and said is None and TEXT in files:
        sources = _with_labels(table, [_in_files(records, TEXT)], names)
    if not sources:
        return Labels([() for _ in records], None)
    first, note = sources[0], ""
    if len(sources) > 1:
        first, note = _agreed(table, records, *sources)
    elif names is None and first.option == CLASS:
        first, note = _in_words(records, first)
    nothing, doubts = no_labels(one for own in first.words for one in own)
    words: Words = [[one for one in own if one not in nothing] for own in first.words]
    return Labels(words, first.column, "; ".join(filter(None, (note, doubts))))


def _with_labels(
    table: Records, sources: Sequence[_Source], names: Sequence[str] | None
) -> list[_Source]:
    """Those that have any labels, called by the names of their numbers."""
    called = [
        one._replace(words=[_called(table, own, names) for own in one.words]) for one in sources
    ]
    return [one for one in called if any(one.words)]


def _in_json(
    table: Records,
    free: Sequence[int],
    records: Sequence[Record],
    said: str | None,
    in_files: bool,
) -> _Source | None:
    """The labels under a key of JSON; beside files of labels only one that is called so."""
    if said is not None:
        if said not in table.titles and said in (CLASS, TEXT):
            return None
        at: int | OneHot = position(table, said, "label")
    else:
        if in_files and all(not is_label_title(table.titles[i]) for i in free):
            return None
        try:
            at = label_column(table, free)
        except NoLabelsError:
            return None
    if isinstance(at, OneHot):
        return _Source("its JSON", "", [at.labels(row) for row in table.rows])
    title = table.titles[at]
    lists = [record.lists.get(title) for record in records]
    words = [own or [cell] for own, cell in zip(lists, table.column(at), strict=True)]
    return _Source(f"{title} of its .json", title, words, at)


def _in_files(records: Sequence[Record], kind: str) -> _Source:
    """The labels in files of this kind; raises InputError where boxes are in them."""
    for record in records:
        if kind == TEXT and _are_numbers(record.texts.get(kind, "")):
            raise InputError(
                f"{PurePosixPath(record.picture).with_suffix('.txt')} holds several numbers, as "
                "boxes are noted, and no label; put the pictures into a folder for each class, "
                "without these files"
            )
    return _Source(f".{kind}", kind, [[record.texts.get(kind, "")] for record in records])


def _are_numbers(text: str) -> bool:
    """Whether a text has several numbers: a class and the corners of a box, as YOLO writes them."""
    words = text.replace(",", " ").replace(";", " ").split()
    return len(words) > 1 and all(map(is_number, words))


def _called(table: Records, words: Sequence[str], names: Sequence[str] | None) -> list[str]:
    """Labels by the names of their numbers, without those that say nothing."""
    called = (_name(table, word.strip(), names) for word in words if not says_nothing(word.strip()))
    return [one for one in called if one]


def _name(table: Records, word: str, names: Sequence[str] | None) -> str:
    if not is_number(word):
        return word
    text = str(int(float(word))) if float(word).is_integer() else word
    if names is None or not text.removeprefix("-").isdigit():
        return text
    if text.startswith("-"):
        return ""  # of a test part of Hugging Face
    if int(text) >= len(names):
        raise InputError(
            f"{table.path}: there is a class {text}, and names for {len(names)} classes from 0 on; "
            "mend the file of names, or leave it out"
        )
    return names[int(text)]


def _agreed(
    table: Records, records: Sequence[Record], one: _Source, other: _Source
) -> tuple[_Source, str]:
    """The labels of two sources that say the same, in words where one has them.

    A record that lacks one of them has that of the other. Raises InputError where they differ.
    """
    there: dict[str, str] = {}
    back: dict[str, str] = {}
    for record, own, others in zip(records, one.words, other.words, strict=True):
        if len(own) != 1 or len(others) != 1:
            continue
        (a,), (b,) = own, others
        if there.setdefault(a, b) != b or back.setdefault(b, a) != a:
            raise InputError(
                f"{table.path}: labels may be in {one.title} or in {other.title}, which differ "
                f"({record.picture}: {a}, but {b}); say which are meant: --label {one.option} or "
                f"--label {other.option}"
            )
    if _are_all_numbers(one.words) and not _are_all_numbers(other.words):
        one, other, there, back = other, one, back, there
    words: Words = []
    for record, own, others in zip(records, one.words, other.words, strict=True):
        lone = others[0] if len(others) == 1 and not own else ""
        if lone and is_number(lone) and lone not in back and not _are_all_numbers(one.words):
            raise InputError(
                f"{table.path}: {record.picture} has the label {lone} in {other.title}, others "
                f"have words in {one.title}; mend it, or say which are meant: --label {one.option}"
            )
        words.append([back.get(lone, lone)] if lone else own)
    same = all(a == b for a, b in there.items())
    note = "" if same else f"classes called as {one.title} says, which goes with {other.title}"
    return one._replace(words=words), note


def _are_all_numbers(words: Words) -> bool:
    return all(is_number(one) for own in words for one in own)


def _in_words(records: Sequence[Record], source: _Source) -> tuple[_Source, str]:
    """Numbers of classes by the words that go with them, each with one, in .txt or as folders."""
    texts = [record.texts.get(TEXT, "") for record in records]
    folders = ["" if part_named(record.folder) else record.folder for record in records]
    for title, words in ((".txt says", texts), ("the folders are", folders)):
        pairs = {(own[0], word) for own, word in zip(source.words, words, strict=True) if own}
        named = dict(pairs)
        as_many = len(pairs) == len(named) == len({word for _, word in pairs}) > 1
        if as_many and all(named.values()) and not all(map(is_number, named.values())):
            called = shortened([f"{number} is {named[number]}" for number in sorted(named)], 3)
            note = f"classes called as {title}: {called}"
            return source._replace(
                words=[[named[one] for one in own] for own in source.words]
            ), note
    return source, ""

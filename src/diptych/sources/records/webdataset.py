"""WebDataset: tars in which files of one key make a record, such as 000017.jpg and 000017.cls."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError, nearest, shortened
from diptych.sources.endings import PICTURES
from diptych.sources.meaning import Meaning, level
from diptych.sources.parts import are_parts, folder_part
from diptych.sources.records.parquet import part_of_file
from diptych.sources.records.record_labels import CLASS, TEXT, Record, labels_of
from diptych.sources.records.small_files import NAMES, class_names_in, json_of, text_of
from diptych.sources.tables.attributes import (
    Attributes,
    attributes_of,
    may_have_labels,
    parts_said,
    table_of,
    with_partless_aside,
)
from diptych.sources.tables.rows import Records
from diptych.sources.trees import Tree
from diptych.sources.trees.archives import ending_of
from diptych.sources.trees.shown import set_aside, shown

# What writers of shards call pictures of any kind.
_ANY_KIND = ("image", "img")
JSON = "json"


class Key(NamedTuple):
    """What a file is in its record, which all files of the same key make."""

    key: str
    kind: str  # such as "jpg", "cls", "seg.png"


def key_of(name: str) -> Key:
    """A file's key, which ends at the first dot of its name, as WebDataset has it."""
    folder, _, file = name.rpartition("/")
    stem, _, kind = file.partition(".")
    return Key(f"{folder}/{stem}" if folder else stem, kind.lower())


def is_webdataset(tree: Tree) -> bool:
    """Whether a tree's pictures have their labels beside them, by the names of its files.

    Files that end in .cls are only there. Of .txt and .json it is so where most of the pictures
    have one, and they lie in no folder, which may be a class.
    """
    pictures, labels = set[str](), set[str]()
    for name in shown(tree.names):
        key, kind = key_of(name)
        if kind == CLASS:
            return True
        if _is_picture(kind):
            pictures.add(key)
        elif kind in (TEXT, JSON):
            labels.add(key)
    flat = not any("/" in key.removeprefix(f"{shard_of(key)}/") for key in pictures)
    return flat and 2 * len(pictures & labels) > len(pictures)


def shard_of(name: str) -> str:
    """The path of the archive that a file lies in; "" where its name has none in it."""
    parts = name.split("/")
    at = next((i for i, part in enumerate(parts) if ending_of(part)), -1)
    return "/".join(parts[: at + 1])


def read_webdataset(tree: Tree, meaning: Meaning) -> Dataset:
    """Every record as a sample; one without a picture or without one label is a stray.

    A label is a number (.cls), a word (.txt), or stands in an object of JSON, whose other keys are
    as the columns of a table. Parts are those that the shards or the folders of the keys are called
    by, or that a key of the JSON says. Raises InputError where no label is there, where two files
    say different ones, or a file of names does not fit.
    """
    meaning.refuse_unused(tree.root, "a data set of records", "label", "part", "group", "fold")
    strays, files_of = _records(tree)
    pictured = [files for files in files_of.values() if _picture(files)]
    records = [_record(tree, files) for files in pictured]
    facts = [_object(tree, files[JSON]) if JSON in files else {} for files in pictured]
    _refuse_lacking(tree, pictured, facts, meaning)
    records = [
        record._replace(lists={title: own for title, own in said.items() if len(own) > 1})
        for record, said in zip(records, facts, strict=True)
    ]
    table = _table(tree, records, facts, meaning)
    shards = [part_of_file(shard_of(record.picture)) for record in records]
    at = table.titles.index(meaning.label) if meaning.label in table.titles else None
    parts = parts_said(table, meaning, at, any(shards))
    names = class_names_in(tree)
    labels = labels_of(table, may_have_labels(table, parts, meaning), records, meaning.label, names)
    single = [own[0] if len(own) == 1 else "" for own in labels.words]
    said = attributes_of(
        table, [record.picture for record in records], single, parts, meaning, labels.column
    )
    said, note = _with_own_parts(said, records, shards, meaning)
    samples = [
        Sample(record.picture, label, tree.place(record.picture), part, group)
        for record, label, part, group in zip(records, single, said.parts, said.groups, strict=True)
        if label
    ]
    if not samples:
        raise InputError(
            f"{tree.root}: none of its {len(files_of):,} records has a picture and a label; a "
            'label is key.cls, key.txt, or "label" in key.json beside key.jpg'
        )
    words_of = dict(zip((record.picture for record in records), labels.words, strict=True))
    for files in files_of.values():
        strays += _strays(files, words_of)
    notes = [*filter(None, (note, labels.note)), *said.notes]
    data = _dataset(tree, samples, strays, said.columns, names, notes)
    return with_partless_aside(data, parts)


def _records(tree: Tree) -> tuple[list[Stray], dict[str, dict[str, str]]]:
    """The files of each record by their kinds, and those that are of none."""
    strays, records = list(tree.strays), dict[str, dict[str, str]]()
    visible = set(shown(tree.names))
    for name in tree.names:
        key, kind = key_of(name)
        if name not in visible:
            strays += set_aside([name], "hidden file", "")
        elif PurePosixPath(name).name.lower() in NAMES:
            strays.append(Stray(name, "table", "names the classes"))
        elif kind in records.get(key, {}):
            strays.append(Stray(name, "named twice", "its record has such a file already"))
        else:
            records.setdefault(key, {})[kind] = name
    return strays, records


def _is_picture(kind: str) -> bool:
    last = kind.rpartition(".")[2]
    return f".{last}" in PICTURES or last in _ANY_KIND


def _picture(files: Mapping[str, str]) -> str:
    """The picture of a record; "" where it has none."""
    return next((files[kind] for kind in files if _is_picture(kind)), "")


def _record(tree: Tree, files: Mapping[str, str]) -> Record:
    picture = _picture(files)
    texts = {kind: text_of(tree, files[kind]) for kind in (CLASS, TEXT) if kind in files}
    folders = _folders(picture)
    return Record(picture, folders[-1] if folders else "", texts, {})


def _folders(picture: str) -> list[str]:
    """The folders of a record's key, below the shard that it lies in."""
    return picture.removeprefix(f"{shard_of(picture)}/").split("/")[:-1]


def _strays(files: Mapping[str, str], words_of: Mapping[str, Sequence[str]]) -> list[Stray]:
    """The files of a record that are of no use, and why."""
    picture = _picture(files)
    if not picture:
        return [Stray(name, "no picture", "its record has no picture") for name in files.values()]
    words = words_of[picture]
    if len(words) > 1:
        detail = f"its record has {len(words)} labels: {shortened(list(words))}"
        return [Stray(name, "several labels", detail) for name in files.values()]
    if not words:
        return [Stray(name, "no label", "its record has no label") for name in files.values()]
    return [
        Stray(name, "not listed", f"its record's picture is {picture}")
        for kind, name in files.items()
        if _is_picture(kind) and name != picture
    ]


def _refuse_lacking(
    tree: Tree,
    pictured: Sequence[Mapping[str, str]],
    facts: Sequence[Mapping[str, Sequence[str]]],
    meaning: Meaning,
) -> None:
    """Raise InputError where a record lacks a key that was named."""
    wanted = [(title, "group") for title in meaning.group if level(title) is None]
    if meaning.label is not None and level(meaning.label) is None:
        files = meaning.label in (CLASS, TEXT) and not any(meaning.label in own for own in facts)
        wanted += [] if files else [(meaning.label, "label")]
    for title, option in wanted:
        for files_of, own in zip(pictured, facts, strict=True):
            if title not in own and (option == "group" or JSON in files_of):
                lacking = files_of.get(JSON) or f"the record of {min(files_of.values())}"
                hint = nearest(title, own) if own else ""
                raise InputError(f"{tree.root}: {lacking} has no {title!r} for --{option}{hint}")


def _table(
    tree: Tree,
    records: Sequence[Record],
    facts: Sequence[Mapping[str, Sequence[str]]],
    meaning: Meaning,
) -> Records:
    """What the JSON of all records says, and the folders of their keys that were named."""
    titles = dict.fromkeys(title for own in facts for title in own)
    columns = {title: [", ".join(own.get(title, ())) for own in facts] for title in titles}
    for title in filter(None, (meaning.label, meaning.part, *meaning.group)):
        if (number := level(title)) is not None:
            folders = [_folders(record.picture) for record in records]
            columns[title] = [own[number] if number < len(own) else "" for own in folders]
    names = [record.picture for record in records]
    return table_of(tree.root, columns, range(len(records)), names)


def _with_own_parts(
    said: Attributes, records: Sequence[Record], shards: Sequence[str], meaning: Meaning
) -> tuple[Attributes, str]:
    """With the parts that shards or the folders of keys are called by, and a word on them."""
    if meaning.part is not None or meaning.fold is not None:
        return said, ""
    if any(shards):
        return said._replace(parts=shards), "parts by the shards' names"
    folders = [folder_part("/".join(_folders(record.picture))) for record in records]
    if any(said.parts) or not are_parts(folders):
        return said, ""
    return said._replace(parts=folders), "parts as the folders are called"


def _object(tree: Tree, name: str) -> dict[str, Sequence[str]]:
    """An object of JSON, of which texts, numbers and lists of these are kept."""
    value = json_of(tree, name)
    if not isinstance(value, dict):
        return {} if value is None else {"label": [str(value)]}
    kept: dict[str, Sequence[str]] = {}
    for title, own in value.items():
        several = own if isinstance(own, list) else [own]
        if title and all(isinstance(one, str | int | float) for one in several):
            kept[str(title)] = [str(one).strip() for one in several]
    return kept


def _dataset(
    tree: Tree,
    samples: Sequence[Sample],
    strays: Sequence[Stray],
    columns: Mapping[str, Mapping[str, str]],
    names: Sequence[str] | None,
    notes: Sequence[str],
) -> Dataset:
    classes = {sample.label for sample in samples}
    if len(classes) > max(1000, len(samples) // 2):
        raise InputError(
            f"{tree.root}: {len(classes):,} different labels of {len(samples):,} pictures look "
            "like descriptions, and no classes to learn; say which key of their JSON is the label: "
            "--label KEY"
        )
    called = f", called as its file of names says ({shortened(list(names), 3)})" if names else ""
    note = f"{tree.root.name}: {len(samples):,} records{called}"
    return Dataset(
        tree.root,
        in_order(classes),
        tuple(samples),
        tuple(strays),
        note="; ".join((note, *notes)),
        columns=columns,
    )

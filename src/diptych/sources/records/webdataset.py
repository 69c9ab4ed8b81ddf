"""WebDataset: tars in which files of one key make a record, such as 000017.jpg and 000017.cls."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError, shortened
from diptych.images.decoding import read_file
from diptych.sources.meaning import Meaning
from diptych.sources.records.parquet import part_of_file
from diptych.sources.tables.cells import is_number, is_telling, says_nothing
from diptych.sources.tables.grouping import group_names
from diptych.sources.tables.titles import LABELS, column
from diptych.sources.trees import Tree
from diptych.sources.trees.archives import ending_of
from diptych.sources.trees.shown import set_aside, shown
from diptych.sources.trees.walking import is_hidden

# Endings of pictures in shards; what they hold is told by their content, as everywhere.
PICTURES = (
    *("jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "heic", "avif", "jp2", "ppm"),
    *("image", "img"),
)
CLASS, TEXT, JSON = "cls", "txt", "json"
# Files beside the shards that say what the numbers of classes stand for.
NAMES = ("classes.txt", "labels.txt", "classnames.txt", "dataset-info.json", "dataset_info.json")


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
    """Every record as a sample; one without a picture or without a label is a stray.

    A label is a number (.cls), a word (.txt), or stands in an object of JSON. Raises InputError
    where none is there, or a file of names does not fit.
    """
    meaning.refuse_unused(tree.root, "a data set of records", "label", "group")
    strays, records = list(tree.strays), dict[str, dict[str, str]]()
    for name in tree.names:
        key, kind = key_of(name)
        if _hidden(name):
            strays += set_aside([name], "hidden file", "")
        elif PurePosixPath(name).name.lower() in NAMES:
            strays.append(Stray(name, "table", "names the classes"))
        elif kind in records.get(key, {}):
            strays.append(Stray(name, "named twice", "its record has such a file already"))
        else:
            records.setdefault(key, {})[kind] = name
    names = _class_names(tree)
    samples, facts = list[Sample](), dict[str, Mapping[str, str]]()
    grouped_by = list[Mapping[str, str]]()
    for files in records.values():
        picture = next((files[kind] for kind in files if _is_picture(kind)), "")
        said = _said(tree, files, meaning)
        label = _named(tree, said.pop("", ""), names)
        for kind, name in files.items():
            if not (picture and label) or (_is_picture(kind) and name != picture):
                strays.append(_stray(name, picture, label, kind))
        if picture and label:
            part = part_of_file(shard_of(picture))
            samples.append(Sample(picture, label, tree.place(picture), part))
            facts[picture] = said
            grouped_by.append(_grouped_by(tree, files, said, meaning))
    if not samples:
        raise InputError(
            f"{tree.root}: none of its {len(records):,} records has a picture and a label; a label "
            'is key.cls, key.txt, or "label" in key.json beside key.jpg'
        )
    pairs = zip(samples, group_names(grouped_by), strict=True)
    samples = [sample._replace(group=group) for sample, group in pairs]
    return _dataset(tree, samples, strays, facts, names)


def _hidden(name: str) -> bool:
    return any(map(is_hidden, name.split("/")))


def _is_picture(kind: str) -> bool:
    return kind.rpartition(".")[2] in PICTURES


def _stray(name: str, picture: str, label: str, kind: str) -> Stray:
    if not picture:
        return Stray(name, "no picture", "its record has no picture")
    if not label:
        return Stray(name, "no label", "its record has no label")
    return Stray(name, "not listed", f"its record's picture is {picture}")


def _said(tree: Tree, files: Mapping[str, str], meaning: Meaning) -> dict[str, str]:
    """What a record says of its picture, by title; its label under ""."""
    said: dict[str, str] = {}
    if JSON in files:
        said = _object(tree, files[JSON])
        title = _label_title(tree, files[JSON], said, meaning.label)
        if title:
            said[""] = said[title] if title in meaning.group else said.pop(title)
    for kind in (CLASS, TEXT) if meaning.label is None else ():
        if kind in files and not said.get(""):
            said[""] = _text(tree, files[kind])
            if kind == TEXT and _are_numbers(said[""]):
                raise InputError(
                    f"{tree.root}: {files[kind]} holds several numbers, as boxes are noted, and "
                    "no label; put the pictures into a folder for each class, without these files"
                )
    return said


def _are_numbers(text: str) -> bool:
    """Whether a text has several numbers: a class and the corners of a box, as YOLO writes them."""
    words = re.split(r"[\s,;]+", text)
    return len(words) > 1 and all(map(is_number, words))


def _grouped_by(
    tree: Tree, files: Mapping[str, str], said: Mapping[str, str], meaning: Meaning
) -> dict[str, str]:
    """What a record says under the keys to group by; raises InputError where it lacks one."""
    for wanted in meaning.group:
        if wanted not in said:
            lacking = files.get(JSON) or f"the record of {next(iter(files.values()))}"
            raise InputError(f"{tree.root}: {lacking} has no {wanted!r} for --group")
    return {wanted: said[wanted] for wanted in meaning.group}


def _label_title(tree: Tree, name: str, said: Mapping[str, str], wanted: str | None) -> str | None:
    if wanted is not None:
        if wanted not in said:
            raise InputError(f"{tree.root}: {name} has no {wanted!r} for --label")
        return wanted
    titles = list(said)
    at = column(titles, LABELS)
    return None if at is None else titles[at]


def _object(tree: Tree, name: str) -> dict[str, str]:
    """An object of JSON, of which texts and numbers are kept."""
    value = _json(tree, name)
    if not isinstance(value, dict):
        return {} if value is None else {"label": str(value)}
    return {
        str(title): str(one).strip()
        for title, one in value.items()
        if title and isinstance(one, str | int | float)
    }


def _text(tree: Tree, name: str) -> str:
    """A small file of a record as text."""
    return read_file(tree.place(name)).decode("utf-8-sig", "replace").strip()


def _class_names(tree: Tree) -> Sequence[str] | None:
    """What the numbers of the classes stand for, where a file of the tree says so."""
    for name in tree.names:
        if PurePosixPath(name).name.lower() not in NAMES:
            continue
        text = _text(tree, name)
        if not name.lower().endswith(".json"):
            return [line.strip() for line in text.splitlines() if line.strip()]
        return next(_lists_of_names(_json(tree, name)), None)
    return None


def _json(tree: Tree, name: str) -> Any:
    try:
        return json.loads(_text(tree, name))
    except ValueError as cause:
        raise InputError(f"{tree.root}: {name} is no JSON ({cause})") from cause


def _lists_of_names(value: Any) -> Iterator[list[str]]:
    """The lists of names in what a JSON file holds: of ClassLabel in Hugging Face's, of classes."""
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        are_names = isinstance(inner, list) and all(isinstance(one, str) for one in inner)
        if key in ("names", "classes", "class_names", "labels") and are_names and inner:
            yield inner
        yield from _lists_of_names(inner)


def _named(tree: Tree, label: str, names: Sequence[str] | None) -> str:
    if says_nothing(label):
        return ""
    if not is_number(label):
        return label
    number = float(label)
    text = str(int(number)) if number.is_integer() else label
    if names is None or not text.removeprefix("-").isdigit():
        return text
    if text.startswith("-"):
        return ""  # of a test part of Hugging Face
    if int(text) >= len(names):
        raise InputError(
            f"{tree.root}: there is a class {text}, and names for {len(names)} classes from 0 on; "
            "mend the file of names, or leave it out"
        )
    return names[int(text)]


def _dataset(
    tree: Tree,
    samples: Sequence[Sample],
    strays: Sequence[Stray],
    facts: Mapping[str, Mapping[str, str]],
    names: Sequence[str] | None,
) -> Dataset:
    classes = {sample.label for sample in samples}
    if len(classes) > max(1000, len(samples) // 2):
        raise InputError(
            f"{tree.root}: {len(classes):,} different labels of {len(samples):,} pictures look "
            "like descriptions, and no classes to learn; say which key of their JSON is the label: "
            "--label KEY"
        )
    titles = Counter(title for said in facts.values() for title in said)
    columns = {t: {name: said.get(t, "") for name, said in facts.items()} for t in titles}
    parts = "; parts by the shards' names" if any(sample.part for sample in samples) else ""
    called = f", called as its file of names says ({shortened(list(names), 3)})" if names else ""
    return Dataset(
        tree.root,
        in_order(classes),
        tuple(samples),
        tuple(strays),
        note=f"{tree.root.name}: {len(samples):,} records{called}{parts}",
        columns={t: cells for t, cells in columns.items() if is_telling(cells.values())},
    )

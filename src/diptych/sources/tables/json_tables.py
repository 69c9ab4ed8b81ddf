"""Tables in JSON, of the forms in which programs write them: objects, pairs, columns, COCO's."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from diptych.errors import InputError
from diptych.sources.endings import is_called_picture
from diptych.sources.parts import part_named
from diptych.sources.tables.opening import Table, open_table

FILE, LABEL, PART = "file", "label", "split"
# A file of more bytes is no list of labels, and takes many times that in memory.
_LIMIT = 2**28
_PLACES = ("bbox", "segmentation", "coordinates", "keypoints", "bndbox", "shape_attributes")
_OF_OBJECTS = (
    "it says where objects lie on pictures; a classifier needs one label a picture: write "
    "a table of files and labels, or a folder for each class"
)
_FORMS = (
    'it may be [{"file": "1.jpg", "label": "cat"}, …], or {"1.jpg": "cat", …}; save it so, or '
    "as CSV"
)


class JsonTable(NamedTuple):
    """Cells as JSON has them, as many in each row as there are titles."""

    titles: Sequence[str]
    rows: Sequence[Sequence[Any]]
    headed: bool = True  # whether the titles are the file's own


def json_table(path: Table) -> JsonTable:
    """The table that a file of JSON holds; raises InputError where there is none."""
    with open_table(path) as file:
        data = file.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise InputError(f"{path}: more than {_LIMIT // 2**20} MiB of JSON; save it as CSV")
    try:
        table = _table(_value(data.decode("utf-8-sig")))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as cause:
        raise InputError(f"{path}: is no JSON: {cause}") from cause
    if table is None or not table.rows:
        raise InputError(f"{path}: no table is in this JSON; {_FORMS}")
    return table


def _value(text: str) -> Any:
    """What JSON says; objects of a line each are a list."""
    try:
        return json.loads(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        try:
            return [json.loads(line) for line in lines]
        except ValueError:
            pass
        raise


def _table(value: Any) -> JsonTable | None:
    if isinstance(value, list):
        return _of_list(value)
    if not isinstance(value, dict):
        return None
    if {"images", "annotations"} <= value.keys():
        return _of_coco(value)
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        return JsonTable([str(title) for title in value["columns"]], value["data"])
    values = list(value.values())
    if not values:
        return None
    if all(isinstance(one, dict) for one in values):
        return _of_objects_by_name(value)
    if all(isinstance(one, list) for one in values):
        return _of_lists_by_name(value)
    if not any(isinstance(one, dict | list) for one in values):
        # Numbers may be names of files, and of classes: what they have is called no label then.
        sure = any(map(_is_picture, value))
        return JsonTable((FILE, LABEL if sure else "value"), list(value.items()))
    # Among what else there is to say: pandas' orient="table", "labels" of a data set.
    lists = _tables_among(values)
    named = [one for one in values if isinstance(one, dict) and any(map(_is_picture, one))]
    if len(lists) + len(named) != 1:
        return None
    return lists[0] if lists else _in_words(_table(named[0]), values)


def _tables_among(values: Iterable[Any]) -> list[JsonTable]:
    """The lists of objects or rows; words alone are those of classes."""
    lists = [one for one in values if isinstance(one, list) and not _is_of_words(one)]
    return [table for one in lists if (table := _of_list(one)) is not None]


def _is_of_words(items: Sequence[Any]) -> bool:
    return all(isinstance(item, str) for item in items)


def _in_words(table: JsonTable | None, values: Sequence[Any]) -> JsonTable | None:
    """With numbers of labels as the only list of words calls them."""
    words = [v for v in values if isinstance(v, list) and _is_of_words(v)]
    if table is None or len(words) != 1 or len(table.titles) != 2:
        return table
    numbers = [row[1] for row in table.rows]
    if not all(type(n) is int and 0 <= n < len(words[0]) for n in numbers):
        return table
    return table._replace(rows=[[file, words[0][number]] for file, number in table.rows])


def _of_list(items: Sequence[Any]) -> JsonTable | None:
    if items and all(isinstance(item, dict) for item in items):
        objects = [_flat(item) for item in items]
        titles = _short_titles(dict.fromkeys(key for one in objects for key in one))
        return JsonTable(list(titles.values()), [[o.get(key) for key in titles] for o in objects])
    if items and _is_of_words(items):
        return JsonTable(["column 1"], [[item] for item in items], False)
    if items and all(isinstance(item, list) and len(item) == len(items[0]) for item in items):
        return JsonTable([f"column {i + 1}" for i in range(len(items[0]))], items, False)
    return None


def _of_names(items: Sequence[Any]) -> JsonTable | None:
    if not all(isinstance(item, str) for item in items):
        return None
    return JsonTable((FILE,), [[item] for item in items])


def _of_objects_by_name(value: Mapping[str, Mapping[str, Any]]) -> JsonTable | None:
    """Objects by the names of files, or columns by their titles, as pandas writes them."""
    inner = list(dict.fromkeys(key for one in value.values() for key in one))
    numbered = all(key.isdecimal() for key in inner)
    if not any(map(_is_picture, value)) and (numbered or any(map(_is_picture, inner))):
        names = [] if numbered else [FILE]
        own: Iterable[list[Any]] = ([] if numbered else [key] for key in inner)
        return JsonTable(
            [*names, *value],
            [
                [*row, *(one.get(k) for one in value.values())]
                for row, k in zip(own, inner, strict=True)
            ],
        )
    title = FILE if FILE not in inner else "name"
    return _of_list([{title: name, **one} for name, one in value.items()])


def _of_lists_by_name(value: Mapping[str, Sequence[Any]]) -> JsonTable | None:
    """Lists by the names of parts, classes or files, or columns by their titles."""
    items = [item for one in value.values() for item in one]
    if all(map(part_named, value)):
        parts = {name: _of_names(one) or _of_list(one) for name, one in value.items() if one}
        tables = [table for table in parts.values() if table is not None]
        if len(tables) < len(parts) or len({tuple(table.titles) for table in tables}) != 1:
            return None
        rows = [[*row, name] for name, t in parts.items() if t is not None for row in t.rows]
        return JsonTable([*tables[0].titles, PART], rows, tables[0].headed)
    if any(isinstance(item, dict | list) for item in items):
        lists = _tables_among(value.values())
        return lists[0] if len(lists) == 1 else None
    if any(map(_is_picture, value)):
        return JsonTable((FILE, LABEL), [[n, _alone(labels)] for n, labels in value.items()])
    lengths = {len(one) for one in value.values()}
    columns = sum(any(map(_is_picture, one)) for one in value.values())
    # Without endings too, where each begins with its class: Food-101's train.json.
    below = all(str(item).startswith(f"{name}/") for name, own in value.items() for item in own)
    if columns == len(value) or len(lengths) > 1 or below:  # the files of each class
        return JsonTable((FILE, LABEL), [[f, label] for label, own in value.items() for f in own])
    return JsonTable(list(value), list(zip(*value.values(), strict=True)))


def _of_coco(value: Mapping[str, Any]) -> JsonTable:
    """COCO's form with a label a picture, as iNaturalist has it.

    Raises InputError where it says where objects lie.
    """
    annotations = [one for one in value["annotations"] if isinstance(one, dict)]
    if any(one.get("bbox") or one.get("segmentation") for one in annotations):
        raise InputError(_OF_OBJECTS)
    names = {one.get("id"): one.get("name") for one in value.get("categories", [])}
    labels: dict[Any, list[Any]] = {}
    for one in annotations:
        number = one.get("category_id")
        labels.setdefault(one.get("image_id"), []).append(names.get(number, number))
    rows = [
        [one.get("file_name"), _alone(labels.get(one.get("id"), []))] for one in value["images"]
    ]
    return JsonTable((FILE, LABEL), rows)


def _flat(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """The cells of an object, and of the only objects within it, by their ways in it: a.b.

    Raises InputError for what says where objects lie.
    """
    cells: dict[str, Any] = {}
    for key, one in value.items():
        if key in _PLACES and one:
            raise InputError(_OF_OBJECTS)
        way = f"{above}{key}"
        one = one[0] if isinstance(one, list) and len(one) == 1 else one
        cells |= _flat(one, f"{way}.") if isinstance(one, dict) else {way: one}
    return cells


def _short_titles(ways: Iterable[str]) -> dict[str, str]:
    """What each way is called: by its last word, where no other is."""
    last = {way: way.rpartition(".")[2] for way in ways}
    times = Counter(last.values())
    return {way: word if times[word] == 1 else way for way, word in last.items()}


def _alone(labels: Sequence[Any]) -> Any:
    """The only label; none, or all of them."""
    return (labels[0] if labels else None) if len(labels) < 2 else labels


def _is_picture(name: Any) -> bool:
    return isinstance(name, str) and is_called_picture(name)

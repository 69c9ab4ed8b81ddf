"""Files of a tree that are read as text or JSON, and what they say the classes are called."""

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from diptych.errors import InputError
from diptych.images.decoding import read_file
from diptych.sources.trees import Tree

# Files beside the shards that say what the numbers of classes stand for.
NAMES = ("classes.txt", "labels.txt", "classnames.txt", "dataset-info.json", "dataset_info.json")


def class_names_in(tree: Tree) -> Sequence[str] | None:
    """What the numbers of the classes stand for, where a file of the tree says so."""
    for name in tree.names:
        if PurePosixPath(name).name.lower() not in NAMES:
            continue
        text = text_of(tree, name)
        if not name.lower().endswith(".json"):
            return [line.strip() for line in text.splitlines() if line.strip()]
        return next(_lists_of_names(json_of(tree, name)), None)
    return None


def json_of(tree: Tree, name: str) -> Any:
    """What a small file of JSON holds; raises InputError for one that is none."""
    try:
        return json.loads(text_of(tree, name))
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


def text_of(tree: Tree, name: str) -> str:
    """A small file as text."""
    return read_file(tree.place(name)).decode("utf-8-sig", "replace").strip()

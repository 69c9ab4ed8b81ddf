"""Files of a tree that may be tables of its pictures, by their names alone."""

import re
from collections.abc import Iterable, Iterator

from diptych.sources.tables.file_names import PICTURES, fold
from diptych.sources.tables.spaced import TEXTS
from diptych.sources.trees import Tree
from diptych.sources.trees.walking import is_hidden

ENDINGS = (
    *(".csv", ".tsv", ".tab", ".psv", ".jsonl", ".ndjson", ".feather"),
    *(".csv.gz", ".csv.zst", ".tsv.gz", ".tsv.zst", ".txt.gz", ".txt.zst", ".csv.zip"),
)
# More tables than this are no list of pictures each, but one for each folder, or for each picture.
MOST_TABLES = 24
# Texts that people and programs put beside data, and that list no pictures.
_NO_LISTS = re.compile(
    r"(read[ _-]?me|licen[cs]e|requirements|copying|notice|change(log|s)|cite|citation|about|todo"
    r"|version|info|thumbs|robots|cmakelists).*",
    re.IGNORECASE,
)


def tables_among(tree: Tree) -> list[str]:
    """The tables in the root, or where there are none, those in the folders in it.

    Lists of text are told apart from texts about single pictures, which are called as these are.
    """
    names = [
        name
        for name in tree.names
        if name.count("/") < 2
        and not any(map(is_hidden, name.split("/")))
        and "submission" not in name.lower()
    ]
    tables = _upmost(name for name in names if name.lower().endswith(ENDINGS))
    return [*tables, *(name for name in _texts(tree, names) if name not in tables)]


def _upmost(tables: Iterable[str]) -> list[str]:
    """Those in the root, if there are any; none where there are very many."""
    tables = list(tables)
    tables = [name for name in tables if "/" not in name] or tables
    return tables if len(tables) <= MOST_TABLES else []


def _texts(tree: Tree, names: Iterable[str]) -> list[str]:
    texts = [
        name
        for name in names
        if name.lower().endswith((*TEXTS, ".json")) and not _NO_LISTS.fullmatch(_stem(name))
    ]
    if not texts:
        return []
    pictures = set(_picture_stems(tree.names))
    return _upmost(name for name in texts if fold(_stem(name)) not in pictures)


def _picture_stems(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name[name.rfind(".") :].lower() in PICTURES:
            yield fold(_stem(name))


def _stem(name: str) -> str:
    """A file's name without folders and ending; pathlib takes ten times as long."""
    return name.rpartition("/")[2].rpartition(".")[0]

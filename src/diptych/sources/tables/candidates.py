"""Files of a tree that may be tables of its pictures, by their names alone."""

import re
from collections.abc import Iterable, Iterator, Sequence

from diptych.sources.endings import is_called_picture, stem_of
from diptych.sources.tables.file_names import fold
from diptych.sources.tables.spaced import TEXTS
from diptych.sources.trees import Tree
from diptych.sources.trees.shown import other_files

ENDINGS = (
    *(".csv", ".tsv", ".tab", ".psv", ".jsonl", ".ndjson", ".feather"),
    *(".csv.gz", ".csv.zst", ".tsv.gz", ".tsv.zst", ".txt.gz", ".txt.zst", ".csv.zip"),
    *(".jsonl.gz", ".jsonl.zst", ".jsonl.zip", ".ndjson.gz", ".ndjson.zst", ".ndjson.zip"),
)
# More tables than this as deep are no list of pictures each, but one for each folder or picture.
MOST_TABLES = 64
MOST_FOLDERS = 512
DEEPEST = 3  # folders above a table: archive/set/lists/train.txt
# What is called so describes the files of its folder.
METADATA = (
    *("metadata.csv", "metadata.jsonl", "metadata.parquet", "_classes.csv"),
    *("metadata.csv.gz", "metadata.jsonl.gz", "metadata.csv.zst", "metadata.jsonl.zst"),
)
# What `diptych gather` writes: facts about pictures, whose labels are the folders that they lie in.
GATHERED = "gathered.csv"
# Its columns that say how a picture came, and nothing of what is on it.
OF_GATHERING = ("url", "outcome", "detail", "status", "bytes", "sha256", "final_url")
_MAY_BE_LISTS = (*TEXTS, ".json", ".json.gz", ".json.zst", ".json.zip")
_MAY_BE_TABLES = (*ENDINGS, *METADATA, *_MAY_BE_LISTS)
# What a program said of pictures, which are no labels to learn.
_PREDICTED = re.compile(r"(^|[ _.-])(predictions?|predicted|preds?)($|[ _.-])", re.IGNORECASE)
# Texts that people and programs put beside data, and that list no pictures.
_NO_LISTS = re.compile(
    r"(read[ _-]?me|licen[cs]e|requirements|copying|notice|change(log|s)|cite|citation|about|todo"
    r"|version|info|thumbs|robots|cmakelists).*",
    re.IGNORECASE,
)


def tables_among(tree: Tree) -> list[str]:
    """The tables in the root, then those in the folders in it, and so on.

    Lists of text are told apart from texts about single pictures, which are called as these are.
    """
    names = [
        name
        for name in other_files(tree)
        if name.lower().endswith(_MAY_BE_TABLES)
        and name.count("/") <= DEEPEST
        and "submission" not in name.lower()
        and not _PREDICTED.search(stem_of(name))
    ]
    tables = _few(n for n in names if n.lower().endswith(ENDINGS) or n.endswith(METADATA))
    known = set(tables)
    return [*tables, *(name for name in _texts(tree, names) if name not in known)]


def _few(tables: Iterable[str]) -> list[str]:
    """Those nearest to the root first, without levels on which there are very many."""
    levels: dict[int, list[str]] = {}
    for name in tables:
        levels.setdefault(name.count("/"), []).append(name)
    return [name for depth in sorted(levels) if _are_few(levels[depth]) for name in levels[depth]]


def _are_few(tables: Sequence[str]) -> bool:
    """Whether these are not very many, but where each lies in a folder of its own."""
    folders = {name.rpartition("/")[0] for name in tables}
    most = MOST_FOLDERS if len(folders) == len(tables) else MOST_TABLES
    return len(tables) <= most


def _texts(tree: Tree, names: Iterable[str]) -> list[str]:
    texts = [
        name
        for name in names
        if name.lower().endswith(_MAY_BE_LISTS) and not _NO_LISTS.fullmatch(stem_of(name))
    ]
    if not texts:
        return []
    pictures = set(_picture_stems(tree.names))
    return _few(name for name in texts if fold(stem_of(name)) not in pictures)


def _picture_stems(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if is_called_picture(name):
            yield fold(stem_of(name))

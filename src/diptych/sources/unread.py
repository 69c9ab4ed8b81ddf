"""Files that are not opened, and what to do: pickles, which may run any program, and others."""

import re
from collections.abc import Iterable
from pathlib import Path

from diptych.errors import InputError
from diptych.sources.tables.opening import Table, open_bytes

_PICKLES = (".pkl", ".pickle", ".p", ".pt", ".pth", ".joblib")
_CIFAR = re.compile(r"data_batch(_\d)?|test_batch|batches\.meta", re.IGNORECASE)
_OTHERS = {".mat": "MATLAB", ".h5": "HDF5", ".hdf5": "HDF5"}
_TEXTS = (".md", ".txt", ".html", ".json", ".csv", ".xml", ".pdf")
_AS_CSV = (
    "save files and labels as CSV: pandas.DataFrame({'file': …, 'label': …}).to_csv('labels.csv')"
)
_INSTEAD = "save its arrays with numpy.savez('data.npz', images=…, labels=…), and give that file"


ARCHIVES = (".7z", ".rar")
_SPLIT = re.compile(
    r"\.(zip|7z|rar|tar|tgz|tar\.\w+)\.(\d{2,}|part\w*|[a-z]{2})$|\.[zr]\d\d$", re.IGNORECASE
)
_OF_SPLIT = (
    "a piece of an archive that was split; unpack it with what split it, and give the folder"
)
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
# What to do with files of other programs.
_FOREIGN = {
    **dict.fromkeys(ARCHIVES, "an archive of a kind that is not read; unpack it"),
    **dict.fromkeys(WORKBOOKS, "a workbook; save the sheet of labels as CSV"),
    **dict.fromkeys(
        (".yaml", ".yml", ".xml", ".toml", ".ini"),
        "no table; write files and labels as CSV",
    ),
    **dict.fromkeys(
        (".rds", ".rda", ".rdata", ".sav", ".dta", ".sas7bdat"),
        "a table of another program; save it there as CSV",
    ),
    **dict.fromkeys(
        (".tfrecord", ".tfrecords", ".lmdb", ".arrow"),
        "records of another program; write their pictures into a folder for each class",
    ),
    **dict.fromkeys(
        (".sqlite", ".sqlite3", ".db", ".mdb", ".accdb"),
        "a database; write files and labels into a CSV",
    ),
}


def refuse_unread(path: Path) -> None:
    """Raise InputError for a file that is not opened, with what to do."""
    if _SPLIT.search(path.name):
        raise InputError(f"{path}: {_OF_SPLIT}")
    if foreign := _FOREIGN.get(path.suffix.lower()):
        raise InputError(f"{path}: {foreign}")
    if reason := _reason(path):
        raise InputError(f"{path}: {reason}; {_INSTEAD}")


def is_unread_archive(name: str) -> bool:
    """Whether a file is called as archives that are not read, or as a piece of one."""
    return name.lower().endswith(ARCHIVES) or bool(_SPLIT.search(name))


def how_to_save(name: str) -> str:
    """What a file is that is not opened and may have labels, and how to save them; "" for others.

    It is the end of a sentence: "labels.xlsx is …".
    """
    ending = Path(name).suffix.lower()
    if _SPLIT.search(name):
        return _OF_SPLIT
    if ending in _FOREIGN:
        return _FOREIGN[ending]
    kind = _OTHERS.get(ending, "a pickle, which may run any program")
    if ending in (*_OTHERS, *_PICKLES):
        return (
            f"{kind if ending in _PICKLES else f'a file of {kind}'}, and is not opened; {_AS_CSV}"
        )
    return ""


def refuse_unread_folder(root: object, names: Iterable[str]) -> None:
    """Raise InputError where a folder holds such files, as CIFAR's does, and texts about them."""
    paths = [path for path in map(Path, names) if path.suffix.lower() not in _TEXTS]
    unread = [
        path
        for path in paths
        if _CIFAR.fullmatch(path.name) or path.suffix.lower() in (*_PICKLES, *_OTHERS)
    ]
    if unread and len(unread) == len(paths):
        kind = _OTHERS.get(unread[0].suffix.lower())
        what = f"a file of {kind}" if kind else "a pickle, which may run any program"
        raise InputError(f"{root}: {unread[0].as_posix()} is {what}, and is not opened; {_INSTEAD}")


def _reason(path: Table) -> str:
    suffix = path.suffix.lower()
    if suffix in _OTHERS:
        return f"a file of {_OTHERS[suffix]} is not opened"
    if suffix in _PICKLES or _is_pickle(path):
        return "a pickle, which may run any program, is not opened"
    return ""


def _is_pickle(path: Table) -> bool:
    """Whether a file begins as pickles do: with their protocol, 2 or later."""
    with open_bytes(path) as file:
        head = file.read(2)
    return len(head) == 2 and head[0] == 0x80 and 2 <= head[1] <= 5

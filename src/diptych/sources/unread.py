"""Files that are not opened, and what to do: pickles, which may run any program, and others."""

import re
from collections.abc import Iterable
from pathlib import Path

from diptych.errors import InputError
from diptych.sources.foreign import foreign
from diptych.sources.tables.opening import Table, open_bytes

_PICKLES = (".pkl", ".pickle", ".p", ".pt", ".pth", ".joblib")
_CIFAR = re.compile(r"data_batch(_\d)?|test_batch|batches\.meta", re.IGNORECASE)
_OTHERS = {".mat": "MATLAB", ".h5": "HDF5", ".hdf5": "HDF5"}
_TEXTS = (".md", ".txt", ".html", ".json", ".csv", ".xml", ".pdf")
_INSTEAD = "save its arrays with numpy.savez('data.npz', images=…, labels=…), and give that file"


def refuse_unread(path: Path) -> None:
    """Raise InputError for a file that is not opened, with what to do."""
    if what := foreign(path.name):
        raise InputError(f"{path}: {what}")
    if reason := _reason(path):
        raise InputError(f"{path}: {reason}; {_INSTEAD}")


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

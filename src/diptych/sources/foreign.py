"""Files of other programs: what each is, by its name or how it begins, and what to do instead.

None is opened; a pickle may run any program. One that somebody gives is refused, and a folder of
such; beside pictures they are for `unheard`, which asks whether they have the labels.
"""

import re
from pathlib import Path, PurePosixPath

from diptych.errors import InputError
from diptych.sources.endings import ending
from diptych.sources.tables.opening import Table, open_bytes
from diptych.sources.trees import Tree
from diptych.sources.trees.shown import shown

ARCHIVES = (".7z", ".rar")
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
# LMDB calls its files data.mdb.
RECORDS = (".tfrecord", ".tfrecords", ".lmdb", ".mdb", ".rec", ".arrow")
_SPLIT = re.compile(
    r"\.(zip|7z|rar|tar|tgz|tar\.\w+)\.(\d{2,}|part\w*|[a-z]{2})$|\.[zr]\d\d$", re.IGNORECASE
)
_OF_SPLIT = (
    "a piece of an archive that was split; unpack it with what split it, and give the folder"
)
_AS_CSV = (
    "save files and labels as CSV: pandas.DataFrame({'file': …, 'label': …}).to_csv('labels.csv')"
)
_NOT_OPENED = f"and is not opened; {_AS_CSV}"
_KINDS = {
    **dict.fromkeys(ARCHIVES, "an archive of a kind that is not read; unpack it"),
    ".tm": "a project of Teachable Machine; save the samples of each class there, and unpack them "
    "into a folder for each",
    **dict.fromkeys(WORKBOOKS, "a workbook; save the sheet of labels as CSV"),
    **dict.fromkeys(
        (".yaml", ".yml", ".xml", ".toml", ".ini"), "no table; write files and labels as CSV"
    ),
    **dict.fromkeys(
        (".rds", ".rda", ".rdata", ".sav", ".dta", ".sas7bdat"),
        "a table of another program; save it there as CSV",
    ),
    **dict.fromkeys(
        RECORDS,
        "records of another program, which are not opened; write their pictures into a folder for "
        "each class",
    ),
    **dict.fromkeys(
        (".sqlite", ".sqlite3", ".db", ".accdb"),
        "a database; write files and labels into a CSV",
    ),
}
# What may have arrays as well as labels.
_OF_LABELS = {
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), f"a pickle, {_NOT_OPENED}"),
    **dict.fromkeys((".mat",), f"a file of MATLAB, {_NOT_OPENED}"),
    **dict.fromkeys((".h5", ".hdf5"), f"a file of HDF5, {_NOT_OPENED}"),
}
_PICKLES = (".pkl", ".pickle", ".p", ".pt", ".pth", ".joblib")
# What CIFAR and STL-10 call files of numbers that say nothing of themselves.
_BARE = re.compile(
    r"(data_batch(_\d)?|(un)?(test|train|labeled)(_batch|_[xy])?)\.bin", re.IGNORECASE
)
# Kinds of files by their endings, and what opens them in Python.
_OTHERS = {
    ".mat": ("MATLAB", "scipy.io.loadmat"),
    **dict.fromkeys((".h5", ".hdf5", ".hdf"), ("HDF5", "h5py.File")),
}
_PACKED = (".gz", ".zst")
_TEXTS = (".md", ".txt", ".html", ".json", ".csv", ".xml", ".pdf")
_INSTEAD = "save its arrays with numpy.savez('data.npz', images=…, labels=…), and give that file"
# So many files without an ending are looked into: CIFAR-10 has eight, CIFAR-100 three.
_MOST_OPENED = 20


def foreign(name: str) -> str:
    """What a file of another program is, and what to do; "" for others. It ends a sentence."""
    return _OF_SPLIT if _SPLIT.search(name) else _KINDS.get(ending(name), "")


def with_labels(name: str) -> str:
    """The same of a file that may have labels in it: how to save these."""
    return foreign(name) or _OF_LABELS.get(ending(name), "")


def is_foreign_archive(name: str) -> bool:
    """Whether a file is called as archives that are not read, or as a piece of one."""
    return name.lower().endswith((*ARCHIVES, ".tm")) or bool(_SPLIT.search(name))


def refuse_foreign(path: Path) -> None:
    """Raise InputError for a file that is not opened, with what to do."""
    if what := foreign(_unpacked(path.name)):
        raise InputError(f"{path}: {what}")
    if reason := _reason(path):
        raise InputError(f"{path}: {reason}; {_INSTEAD}")


def is_never_opened(name: str) -> bool:
    """Whether a file is called as those are that are not opened, packed or not."""
    suffix = _suffix(name)
    return suffix in (*_PICKLES, *_OTHERS) or bool(_BARE.fullmatch(_unpacked(name)))


def refuse_foreign_folder(tree: Tree) -> None:
    """Raise InputError where a tree holds such files alone, as CIFAR's does, and texts about them.

    Files without an ending are looked into.
    """
    names = [n for n in shown(tree.names) if _suffix(n) not in _TEXTS and not n.endswith("~")]
    unsure = [name for name in names if not is_never_opened(name)]
    if len(unsure) > _MOST_OPENED or any(_suffix(name) not in ("", ".meta") for name in unsure):
        return
    reasons = [f"{name}: {reason}" for name in names if (reason := _reason(tree.place(name)))]
    if reasons and len(reasons) == len(names):
        raise InputError(f"{tree.root}: {reasons[0]}; {_INSTEAD}")


def _reason(place: Table) -> str:
    suffix = _suffix(place.name)
    if suffix in _OTHERS:
        kind, opener = _OTHERS[suffix]
        return f"a file of {kind} is not opened; open it with {opener}"
    if suffix in _PICKLES or _is_pickle(place):
        return "a pickle, which may run any program, is not opened"
    if _BARE.fullmatch(_unpacked(place.name)):
        return "bare numbers, of which nothing says what they are, are not opened"
    return ""


def _suffix(name: str) -> str:
    return PurePosixPath(_unpacked(name)).suffix.lower()


def _unpacked(name: str) -> str:
    """What a file is called once it is unpacked, without folders."""
    file = PurePosixPath(name)
    return file.stem if file.suffix.lower() in _PACKED else file.name


def _is_pickle(path: Table) -> bool:
    """Whether a file begins as pickles do: with their protocol, 2 or later."""
    with open_bytes(path) as file:
        head = file.read(2)
    return len(head) == 2 and head[0] == 0x80 and 2 <= head[1] <= 5

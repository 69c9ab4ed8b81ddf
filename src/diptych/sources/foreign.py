"""Files of other programs that may have pictures or labels, and what to do with them."""

import re
from pathlib import PurePosixPath

ARCHIVES = (".7z", ".rar")
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
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
    **dict.fromkeys(WORKBOOKS, "a workbook; save the sheet of labels as CSV"),
    **dict.fromkeys(
        (".yaml", ".yml", ".xml", ".toml", ".ini"), "no table; write files and labels as CSV"
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
# What may have arrays as well as labels.
_OF_LABELS = {
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), f"a pickle, {_NOT_OPENED}"),
    **dict.fromkeys((".mat",), f"a file of MATLAB, {_NOT_OPENED}"),
    **dict.fromkeys((".h5", ".hdf5"), f"a file of HDF5, {_NOT_OPENED}"),
}


def foreign(name: str) -> str:
    """What a file of another program is, and what to do; "" for others. It ends a sentence."""
    return _OF_SPLIT if _SPLIT.search(name) else _KINDS.get(_ending(name), "")


def with_labels(name: str) -> str:
    """The same of a file that may have labels in it: how to save these."""
    return foreign(name) or _OF_LABELS.get(_ending(name), "")


def is_foreign_archive(name: str) -> bool:
    """Whether a file is called as archives that are not read, or as a piece of one."""
    return name.lower().endswith(ARCHIVES) or bool(_SPLIT.search(name))


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()

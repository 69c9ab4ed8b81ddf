"""Where pictures come from: `read(path)` tells what there is, without opening a picture."""

from pathlib import Path

from diptych.dataset import Dataset
from diptych.errors import InputError
from diptych.sources.folder import read_folder


def read(path: str | Path) -> Dataset:
    """List the samples of a data set.

    A folder holds `root/<class>/…`, or `root/{train,valid,test}/<class>/…` whose split is kept.
    Raises InputError where there is nothing to read.
    """
    root = Path(path)
    if not root.exists():
        raise InputError(f"{path}: no such folder")
    if not root.is_dir():
        raise InputError(f"{path}: not a folder; give one that holds a folder for each class")
    return read_folder(root)

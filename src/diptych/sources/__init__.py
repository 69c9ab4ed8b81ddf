"""Where pictures come from: `read(path)` tells what there is, without opening a picture."""

import os
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

from diptych.data.dataset import NONE, Dataset
from diptych.errors import InputError, described
from diptych.images.preprocess import is_picture
from diptych.sources.folders.classes import read_folder
from diptych.sources.in_memory import read_labelled
from diptych.sources.joining import refuse_overlap, with_test
from diptych.sources.pixels.layout import looks_like_pixels
from diptych.sources.pixels.pixel_csv import read_pixel_csv
from diptych.sources.tables.files import METADATA, read_described, read_table
from diptych.system.files import path_of

TABLES = (".csv", ".tsv", ".gz", ".zst", ".zip")


def is_table(path: Path) -> bool:
    """Whether a file is called as tables are, and is no picture."""
    return path.suffix.lower() in TABLES and not is_picture(path)


def read(
    data: Any,
    labels: Any = None,
    *,
    test: Any = None,
    shape: str | None = None,
    value_range: str | None = None,
) -> Dataset:
    """List the samples of a data set: of a folder or table, or of pictures with `labels`.

    A folder holds `root/<class>/…`, or `root/{train,valid,test}/<class>/…` whose split is kept, or
    a metadata.csv that names files and labels. A table (.csv, .tsv; .gz, .zst or .zip of one) names
    files and labels too, or holds a picture's pixels in each row; what those mean is inferred, or
    said by `shape` ("28x28", "32x32x3") and `value_range` ("0-255", "0-1", "0-16").

    Pictures that a program has at hand come with a label each: uint8 arrays (N, H, W) or
    (N, H, W, 3), or a list of names of files, pictures of PIL, bytes or arrays. `test` is a second
    data set, in one value (a pair of pictures and labels), whose samples are the test part, of a
    data set that has none of its own. Raises InputError where there is nothing to read, or
    something in it cannot be.
    """
    both_lie_somewhere = all(isinstance(one, str | os.PathLike) and one for one in (data, test))
    if both_lie_somewhere:
        refuse_overlap(Path(data), Path(test))
    samples = _labelled(data, labels) if labels is not None else _read(data, shape, value_range)
    if test is None:
        return samples
    pair = isinstance(test, tuple | list) and len(test) == 2
    return with_test(samples, _labelled(*test) if pair else _read(test, shape, value_range))


def as_dataset(data: Any, labels: Any = None) -> Dataset:
    """A data set as it is, or what `read` makes of anything else."""
    return data if labels is None and isinstance(data, Dataset) else read(data, labels)


def _labelled(pictures: Any, labels: Any) -> Dataset:
    return _with_one_spelling(read_labelled(pictures, labels))


def _read(data: Any, shape: str | None, value_range: str | None) -> Dataset:
    if not isinstance(data, str | os.PathLike):
        raise InputError(
            f"{described(data)} is no folder or table; pictures in memory, or a list of names, "
            "want a label each: read(pictures, labels)"
        )
    path = path_of(data, "the folder or table")
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    data = _as_it_lies(path, shape, value_range)
    if (shape or value_range) and not data.shape:
        raise InputError(
            f"{path}: a shape and a range are said of pixels in a table; leave them out"
        )
    return _with_one_spelling(data)


def _with_one_spelling(data: Dataset) -> Dataset:
    """The same with class names of one spelling: macOS and others write ä in two ways."""
    spelt = {label: unicodedata.normalize("NFC", label) for label in data.classes}
    if NONE in spelt.values():
        raise InputError(
            f"{data.root}: no class may be called '{NONE}', which is the answer for pictures of "
            "something else; call it otherwise"
        )
    if all(label == name for label, name in spelt.items()):
        return data
    samples = tuple(sample._replace(label=spelt[sample.label]) for sample in data.samples)
    return replace(data, classes=tuple(sorted(set(spelt.values()))), samples=samples)


def _as_it_lies(path: Path, shape: str | None, value_range: str | None) -> Dataset:
    if path.is_dir():
        if not os.access(path, os.R_OK | os.X_OK):
            raise InputError(f"{path}: Permission denied")
        return read_described(path) if (path / METADATA).is_file() else read_folder(path)
    if not is_table(path):
        raise InputError(
            f"{path}: not a folder; give one that holds a folder for each class, or a table "
            f"({', '.join(TABLES)})"
        )
    if looks_like_pixels(path):
        return read_pixel_csv(path, shape, value_range)
    return read_table(path)

"""A data set written anew: a folder of class folders, or a table that names the files.

The originals are read, or linked to, and never touched.
"""

import csv
import io
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from diptych.data.dataset import Dataset, Sample
from diptych.errors import InputError
from diptych.system.files import folder_aside, write_file
from diptych.system.progress import Track, unwatched


class Written(NamedTuple):
    """How a folder was filled."""

    linked: int
    copied: int


def write_folder(dataset: Dataset, out: Path, track: Track = unwatched) -> Written:
    """Fill a new folder with part/class/file, parts only where the data set has some.

    Files are hard links where the file system can, so that they take no space, else copies. What
    lies deeper below a class folder stays so. Raises InputError where the folder is there and not
    empty, cannot be written, or would not be read as the same data set.
    """
    _refuse_numbers(dataset, "a folder")
    _refuse_nothing(dataset)
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise InputError(f"{out} exists; name a new folder")
    linked = 0
    with folder_aside(out.absolute()) as aside:
        placed = track(_placed(dataset), "writing pictures", len(dataset))
        for sample, within in placed:
            linked += _put(sample, aside / within)
        if out.exists():
            out.rmdir()
        aside.rename(out)
    return Written(linked, len(dataset) - linked)


def write_manifest(dataset: Dataset, out: Path) -> None:
    """Write a table of path, label and sha256, a row a sample; part and group where any has one.

    Paths are relative to the table where the files lie below its folder, so that both can move
    together. Raises InputError where samples are no files of their own.
    """
    _refuse_numbers(dataset, "a table of files")
    _refuse_nothing(dataset)
    text = io.StringIO()
    shared = Counter(sample.group for sample in dataset.samples)
    samples = [s if shared[s.group] > 1 else s._replace(group="") for s in dataset.samples]
    # A column with nothing in it would be taken for one of parts that are missing.
    extra = [one for one in ("part", "group") if any(getattr(s, one) for s in samples)]
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("path", "label", *extra, "sha256"))
    base = out.absolute().parent
    for sample in samples:
        if not isinstance(sample.path, Path):
            raise InputError(
                f"{sample.path} lies in an archive; name a folder as --out, which takes it out"
            )
        path = sample.path.absolute()
        named = path.relative_to(base) if path.is_relative_to(base) else path
        own = (getattr(sample, one) for one in extra)
        rows.writerow((named.as_posix(), sample.label, *own, sample.digest))
    write_file(out, text.getvalue().encode(errors="surrogateescape"))


def _refuse_numbers(dataset: Dataset, what: str) -> None:
    if dataset.shape:
        raise InputError(
            f"{dataset.root}: its pictures came as numbers, which {what} cannot hold; give the "
            "plan to `diptych train` itself"
        )


def _refuse_nothing(dataset: Dataset) -> None:
    if not dataset.samples:
        raise InputError(f"{dataset.root}: no picture with a label is left, so nothing was written")


def _placed(dataset: Dataset) -> Iterator[tuple[Sample, PurePosixPath]]:
    """Where each sample goes; of names that a system may take for one the later get a number."""
    taken = set[str]()
    for sample in dataset.samples:
        _refuse_label(sample.label)
        within = PurePosixPath(sample.part, sample.label, *_below_class(sample, dataset))
        free, number = within, 1
        while str(free).casefold() in taken:
            number += 1
            free = within.with_name(f"{within.stem}-{number}{within.suffix}")
        taken.add(str(free).casefold())
        yield sample, free


def _below_class(sample: Sample, dataset: Dataset) -> tuple[str, ...]:
    """The name of a file with the folders between it and that of its class."""
    parts = PurePosixPath(sample.name).parts
    classes = {*dataset.classes, sample.label}
    levels = [level for level, folder in enumerate(parts[:-1]) if folder in classes]
    below = parts[levels[-1] + 1 :] if levels else parts[-1:]
    return tuple(part for part in below if part not in ("..", "/"))


def _refuse_label(label: str) -> None:
    if "/" in label or "\\" in label or label.startswith(".") or label != label.strip():
        raise InputError(
            f"the label '{label}' cannot be the name of a folder; write a table: --out cleaned.csv"
        )


def _put(sample: Sample, target: Path) -> bool:
    """Bring a picture to where it belongs; whether it could be linked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(sample.path, Path):
        target.write_bytes(sample.path.read_bytes())
        return False
    try:
        os.link(sample.path, target, follow_symlinks=True)
    except OSError:
        # Another disk, or a file system without links.
        shutil.copyfile(sample.path, target)
        return False
    return True

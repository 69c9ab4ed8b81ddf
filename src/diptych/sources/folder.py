"""A folder with one folder for each class."""

import os
from collections.abc import Iterator
from pathlib import Path

from diptych.dataset import Dataset, Sample, Stray
from diptych.errors import InputError

# What people call the parts of a data set.
PART_NAMES = {
    "train": "train",
    "val": "valid",
    "valid": "valid",
    "validation": "valid",
    "test": "test",
}


def read_folder(root: Path) -> Dataset:
    """Every file below root, as a sample or as a stray with its reason.

    Classes are the folders in root, or in root/train, root/valid and root/test where those exist;
    files may lie deeper than their class folder. Raises InputError where a folder may not be
    opened, there is no file, or the parts have different classes.
    """
    names = sorted(_names(root))
    if not names:
        raise InputError(f"{root}: there is no file in it")
    depth = 1 if _is_split(root) else 0
    samples, strays = [], []
    for name in names:
        folders = name.split("/")[:-1]
        if hidden := next(filter(_is_hidden, folders), ""):
            strays.append(Stray(name, "hidden folder", f"{hidden} is a folder of a program"))
        elif depth and (not folders or folders[0].lower() not in PART_NAMES):
            strays.append(Stray(name, "no part", "outside of train, valid and test"))
        elif len(folders) <= depth:
            strays.append(Stray(name, "no class", "not inside a class folder"))
        else:
            part = PART_NAMES[folders[0].lower()] if depth else ""
            samples.append(Sample(name, folders[depth], root / name, part))
    if depth:
        _same_classes(samples)
    # An empty class folder is still a class: training on it must fail, not forget it.
    classes = {s.label for s in samples} | (set() if depth else set(_folders(root)))
    return Dataset(root, tuple(sorted(classes)), tuple(samples), tuple(strays))


def _is_split(root: Path) -> bool:
    """Whether root holds parts rather than classes; a class may be called "train" too."""
    parts = {PART_NAMES[f.lower()] for f in _folders(root) if f.lower() in PART_NAMES}
    others = {f for f in _folders(root) if f.lower() not in PART_NAMES}
    return "train" in parts and (len(parts) > 1 or not others)


def _folders(root: Path) -> list[str]:
    return [e.name for e in root.iterdir() if e.is_dir() and not _is_hidden(e.name)]


def _is_hidden(folder: str) -> bool:
    """Whether a folder is one that some program keeps for itself."""
    return folder.startswith(".") or folder == "__MACOSX"


def _names(root: Path) -> Iterator[str]:
    def refuse(cause: OSError) -> None:
        raise InputError(f"{cause.filename}: {cause.strerror}") from cause

    for folder, _, files in os.walk(root, onerror=refuse):
        for file in files:
            path = Path(folder, file)
            if path.is_file():
                yield path.relative_to(root).as_posix()


def _same_classes(samples: list[Sample]) -> None:
    """Parts that disagree on the classes would be scored against the wrong ones."""
    by_part: dict[str, set[str]] = {}
    for sample in samples:
        by_part.setdefault(sample.part, set()).add(sample.label)
    for part, classes in by_part.items():
        for other, expected in by_part.items():
            if missing := sorted(expected - classes):
                raise InputError(
                    f"the classes of {part} and {other} differ: "
                    f"{part} lacks {', '.join(missing)}; add or rename the folder"
                )

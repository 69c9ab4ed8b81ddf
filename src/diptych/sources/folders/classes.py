"""A folder with one folder for each class."""

from pathlib import Path

from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError
from diptych.sources.parts import PART_NAMES
from diptych.sources.trees.walking import is_folder, is_hidden, regular_files


def read_folder(root: Path) -> Dataset:
    """Every file below root, as a sample or as a stray with its reason.

    Classes are the folders in root, or in root/train, root/valid and root/test where those exist;
    files may lie deeper than their class folder. Raises InputError where a folder may not be
    opened, there is no file, or the parts have different classes.
    """
    names, strays = regular_files(root)
    if not names:
        raise InputError(f"{root}: there is no file in it")
    depth = 1 if _is_split(root) else 0
    samples = []
    for name in names:
        *folders, file = name.split("/")
        if hidden := next(filter(is_hidden, folders), ""):
            strays.append(Stray(name, "hidden folder", f"{hidden} is a folder of a program"))
        elif is_hidden(file):
            strays.append(Stray(name, "hidden file", "its name begins with a dot"))
        elif depth and (not folders or folders[0].lower() not in PART_NAMES):
            strays.append(Stray(name, "no part", "outside of train, valid and test"))
        elif len(folders) <= depth:
            strays.append(Stray(name, "no class", "not inside a class folder"))
        else:
            part = PART_NAMES[folders[0].lower()] if depth else ""
            samples.append(Sample(name, folders[depth], root / name, part))
    # An empty class folder is still a class: training on it must fail, not forget it.
    classes = _same_classes(root, samples) if depth else set(_folders(root))
    return Dataset(root, tuple(sorted(classes)), tuple(samples), tuple(strays))


def _is_split(root: Path) -> bool:
    """Whether root holds parts rather than classes; a class may be called "train" too."""
    folders = _folders(root)
    parts = {PART_NAMES[f.lower()] for f in folders if f.lower() in PART_NAMES}
    others = {f for f in folders if f.lower() not in PART_NAMES}
    if others:
        return len(parts) > 1 and "train" in parts
    return bool(parts)


def _folders(root: Path) -> list[str]:
    return [e.name for e in root.iterdir() if is_folder(e) and not is_hidden(e.name)]


def _same_classes(root: Path, samples: list[Sample]) -> set[str]:
    """The classes of every part; parts that disagree would be scored against the wrong ones."""
    labels_of: dict[str, set[str]] = {}
    for folder in sorted(_folders(root)):
        empty = all(is_hidden(entry.name) for entry in (root / folder).iterdir())
        # Files without class folders are a part without labels, as Kaggle's tests are: all strays.
        if folder.lower() in PART_NAMES and (empty or _folders(root / folder)):
            labels_of[folder] = {s.label for s in samples if s.name.startswith(f"{folder}/")}
    every = {
        label for folder in labels_of for label in (*labels_of[folder], *_folders(root / folder))
    }
    lacking = [
        f"{folder} has no picture of {', '.join(sorted(every - labels))}"
        for folder, labels in labels_of.items()
        if every - labels
    ]
    if lacking:
        raise InputError(
            f"{root}: the classes of its parts differ: {'; '.join(lacking)}; "
            "add, rename or remove folders"
        )
    return every

"""A tree with one folder for each class."""

from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError
from diptych.sources.meaning import Meaning
from diptych.sources.parts import PART_NAMES
from diptych.sources.trees import Tree
from diptych.sources.trees.walking import is_hidden


def read_folders(tree: Tree, meaning: Meaning) -> Dataset:
    """Every file of a tree, as a sample or as a stray with its reason.

    Classes are the folders in its root, or in root/train, root/valid and root/test where those
    exist; files may lie deeper than their class folder. Raises InputError where there is no file,
    or the parts have different classes.
    """
    root, strays = tree.root, list(tree.strays)
    meaning.refuse_unused(root, "a folder with a folder for each class")
    if not tree.names:
        raise InputError(f"{root}: there is no file in it")
    depth = 1 if _is_split(tree) else 0
    samples = []
    for name in tree.names:
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
            samples.append(Sample(name, folders[depth], tree.place(name), part))
    # An empty class folder is still a class: training on it must fail, not forget it.
    classes = _same_classes(tree, samples) if depth else set(_folders(tree))
    return Dataset(root, tuple(sorted(classes)), tuple(samples), tuple(strays))


def _is_split(tree: Tree) -> bool:
    """Whether a tree holds parts rather than classes; a class may be called "train" too."""
    folders = _folders(tree)
    parts = {PART_NAMES[f.lower()] for f in folders if f.lower() in PART_NAMES}
    others = {f for f in folders if f.lower() not in PART_NAMES}
    if others:
        return len(parts) > 1 and "train" in parts
    return bool(parts)


def _folders(tree: Tree, within: str = "") -> list[str]:
    """The folders in the root, or in a folder of it."""
    return [
        name
        for above, _, name in (folder.rpartition("/") for folder in sorted(tree.folders))
        if above == within and not is_hidden(name)
    ]


def _same_classes(tree: Tree, samples: list[Sample]) -> set[str]:
    """The classes of every part; parts that disagree would be scored against the wrong ones."""
    labels_of: dict[str, set[str]] = {}
    for folder in _folders(tree):
        inside = (name for name in tree.names if name.startswith(f"{folder}/"))
        empty = all(any(map(is_hidden, name.split("/"))) for name in inside)
        # Files without class folders are a part without labels, as Kaggle's tests are: all strays.
        if folder.lower() in PART_NAMES and (empty or _folders(tree, folder)):
            labels_of[folder] = {s.label for s in samples if s.name.startswith(f"{folder}/")}
    every = {
        label for folder in labels_of for label in (*labels_of[folder], *_folders(tree, folder))
    }
    lacking = [
        f"{folder} has no picture of {', '.join(sorted(every - labels))}"
        for folder, labels in labels_of.items()
        if every - labels
    ]
    if lacking:
        raise InputError(
            f"{tree.root}: the classes of its parts differ: {'; '.join(lacking)}; "
            "add, rename or remove folders"
        )
    return every

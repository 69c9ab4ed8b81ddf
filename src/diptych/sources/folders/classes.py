"""A tree with one folder for each class."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError
from diptych.sources.folders.annotations import listed_labels
from diptych.sources.folders.masks import masks_among
from diptych.sources.folders.nesting import note_on_nested
from diptych.sources.folders.outline import Levels, is_document
from diptych.sources.folders.roles import Role, Roles, roles_of
from diptych.sources.folders.said import said_of
from diptych.sources.meaning import Meaning
from diptych.sources.parts import parts_named
from diptych.sources.trees import Tree
from diptych.sources.trees.walking import is_hidden


def read_folders(tree: Tree, meaning: Meaning) -> Dataset:
    """Every file of a tree, as a sample or as a stray with its reason.

    Classes are the folders in its root or in folders of parts, with others on the way; files may
    lie deeper than their class folder. Raises InputError where there is no file, the folders can be
    meant in several ways, or the parts have different classes.
    """
    root = tree.root
    meaning.refuse_unused(
        root, "a folder with a folder for each class", "label", "part", "group", "fold"
    )
    if not tree.names:
        raise InputError(f"{root}: there is no file in it")
    files, strays = _by_folder(tree)
    counts = _counts(tree, files)
    said = said_of(meaning, counts, root)
    roles = roles_of(counts, said, root, root.name)
    samples = _samples(tree, files, roles, strays)
    if meaning.fold is None:
        _refuse_different(root, roles, samples)
    # An empty class folder is still a class: training on it must fail, not forget it.
    classes = {sample.label for sample in samples}.union(*roles.classes_of.values())
    notes = [*roles.notes, *_notes_on(strays), *note_on_nested(roles.of, counts)]
    return Dataset(
        root, tuple(sorted(classes)), tuple(samples), tuple(strays), None, "\n".join(notes)
    )


def _by_folder(tree: Tree) -> tuple[dict[str, list[str]], list[Stray]]:
    """The files in each folder, but those of programs, which are strays."""
    files: dict[str, list[str]] = {}
    strays = list(tree.strays)
    program_of: dict[str, str] = {}
    for name in tree.names:
        folder, _, file = name.rpartition("/")
        if folder not in files:
            files[folder] = []
            program_of[folder] = next(filter(is_hidden, folder.split("/")), "") if folder else ""
        if program := program_of[folder]:
            strays.append(Stray(name, "hidden folder", f"{program} is a folder of a program"))
        elif is_hidden(file):
            dot = file.startswith(".")
            detail = "its name begins with a dot" if dot else "a file that a program keeps"
            strays.append(Stray(name, "hidden file", detail))
        else:
            files[folder].append(file)
    return {folder: some for folder, some in files.items() if not program_of[folder]}, strays


def _counts(tree: Tree, files: Mapping[str, Collection[str]]) -> dict[Levels, tuple[int, int]]:
    """How many pictures and documents lie in each folder, empty ones too, that is no program's."""
    counts = {}
    for folder in ("", *sorted(tree.folders)):
        levels = _levels(folder)
        if not any(map(is_hidden, levels)):
            inside = files.get(folder, ())
            documents = sum(map(is_document, inside))
            counts[levels] = len(inside) - documents, documents
    return counts


def _samples(
    tree: Tree, files: Mapping[str, Sequence[str]], roles: Roles, strays: list[Stray]
) -> list[Sample]:
    """The samples by the roles of their folders; every other file becomes a stray."""
    samples: list[Sample] = []
    lists = _lists(tree, roles)
    for folder, inside in files.items():
        role = roles.of[_levels(folder)]
        labels = lists.get(role.listed, {})
        aside = _set_aside(inside, role, labels)
        above = f"{folder}/" if folder else ""
        samples += [
            Sample(
                name := above + file,
                labels.pop(file, role.label),
                tree.place(name),
                role.part,
                role.group,
            )
            for file in inside
            if file not in aside
        ]
        strays += [Stray(above + file, *why) for file, why in aside.items()]
    for listed, left in lists.items():
        detail = "a list of labels names it"
        strays += [Stray(f"{listed}/{file}", "missing", detail) for file in left]
    samples.sort()
    return samples


def _lists(tree: Tree, roles: Roles) -> dict[str | None, dict[str, str]]:
    """The labels in the lists of parts, by the folders of these; parts without one are left out."""
    classes = set().union(*roles.classes_of.values())
    folders = {role.listed for role in roles.of.values() if role.listed is not None}
    lists = {folder: listed_labels(tree, folder, classes) for folder in sorted(folders)}
    return {folder: labels for folder, labels in lists.items() if labels}


def _set_aside(
    files: Sequence[str], role: Role, labels: Mapping[str, str]
) -> dict[str, tuple[str, str]]:
    """The files of a folder that are no samples, each with its reason and detail."""
    if labels:
        why = ("not listed", "no line of the list of labels names it")
        return {file: why for file in files if file not in labels}
    if role.reason:
        return dict.fromkeys(files, (role.reason, role.detail))
    return {
        file: ("mask", f"drawn over {picture}, by its name") for file, picture in masks_among(files)
    }


def _notes_on(strays: Sequence[Stray]) -> list[str]:
    """A line on what is set aside though it may be a picture."""
    masks = [stray.name for stray in strays if stray.reason == "mask"]
    unlabelled = Counter(
        stray.name.partition("/")[0] for stray in strays if stray.reason == "unlabelled"
    )
    notes = [
        f"{folder}: {count:,} files without labels are set aside; `diptych predict` is for these"
        for folder, count in unlabelled.items()
    ]
    if masks:
        notes.append(
            f"{len(masks):,} masks beside pictures are set aside, such as {masks[0]}; "
            "a picture that is none needs another name"
        )
    return notes


def _refuse_different(root: object, roles: Roles, samples: Sequence[Sample]) -> None:
    """Raise InputError where parts have different classes: they would be scored against others."""
    every = set().union(*roles.classes_of.values())
    parts = parts_named(roles.classes_of)
    labels_of: dict[str, set[str]] = {}
    for sample in samples:
        labels_of.setdefault(sample.part, set()).add(sample.label)
    folders = {part: name for name, part in sorted(parts.items(), reverse=True)}
    lacking = [
        f"{name} has no picture of {', '.join(sorted(gone))}"
        for name, part in sorted((name, part) for part, name in folders.items())
        if (gone := every - labels_of.get(part, set()))
    ]
    if lacking:
        raise InputError(
            f"{root}: the classes of its parts differ: {'; '.join(lacking)}; "
            "add, rename or remove folders"
        )


def _levels(folder: str) -> Levels:
    return tuple(folder.split("/")) if folder else ()

"""A tree with one folder for each class."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from types import MappingProxyType

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError
from diptych.sources.endings import is_called_picture
from diptych.sources.folder_groups import note_on_restarts
from diptych.sources.folders.companions import companions_among
from diptych.sources.folders.folder_roles import Roles, roles_of
from diptych.sources.folders.group_levels import refuse_groups_for_all, refuse_parts_for_groups
from diptych.sources.folders.hints import hint
from diptych.sources.folders.label_lists import LabelList, label_list
from diptych.sources.folders.leftovers import note_on_origins
from diptych.sources.folders.masks import masks_among
from diptych.sources.folders.names_of_files import grouped_by_names, labelled_by_names
from diptych.sources.folders.nesting import note_on_nested, notes_on_leftovers
from diptych.sources.folders.outline import Levels, documents
from diptych.sources.folders.part_classes import refuse_different
from diptych.sources.folders.said_levels import Said, note_on_parts_above, said_of
from diptych.sources.meaning import Meaning
from diptych.sources.trees import Tree
from diptych.sources.trees.shown import why_hidden
from diptych.sources.trees.walking import hidden_among, is_hidden


def read_folders(
    tree: Tree, meaning: Meaning, labels: Mapping[str, str] = MappingProxyType({})
) -> Dataset:
    """Every file of a tree, as a sample or as a stray with its reason.

    Classes are the folders in its root or in folders of parts, with others on the way; files may
    lie deeper than their class folder. Of files in a part without class folders `labels` may say
    the class. Raises InputError where there is no file, the folders can be meant in several ways,
    or the parts have different classes.
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
    refuse_parts_for_groups(said, counts, root)
    roles = roles_of(counts, said, root, root.name)
    lists = _lists(tree, roles)
    samples = _samples(tree, files, roles, lists, labels, strays)
    samples, in_names = _with_names(samples, said, meaning, strays, root)
    if said.label_of:
        roles = roles._replace(classes_of=_classes_by_part(samples))
    strays += sorted(_missing(lists, samples))
    if meaning.fold is None:
        refuse_different(root, roles.classes_of, samples)
    # An empty class folder is still a class: training on it must fail, not forget it.
    classes = {sample.label for sample in samples}.union(*roles.classes_of.values())
    lines = [
        f"{name}: {len(labels):,} labels of files are read from it"
        for name, labels in lists.values()
    ]
    notes = [
        *roles.notes,
        *in_names,
        *lines,
        *_notes_on(strays, roles),
        *notes_on_leftovers(roles.of, counts),
        *(note_on_origins(classes) if meaning.label is None else ()),
        *note_on_nested(roles.of, counts, said),
    ]
    if not any(sample.part for sample in samples):
        notes += filter(None, [note_on_parts_above(said, counts)])
    refuse_groups_for_all(said, counts, samples, root)
    if may_be := _hint(samples, strays):
        notes.append(may_be)
    return Dataset(root, in_order(classes), tuple(samples), tuple(strays), None, "\n".join(notes))


def _hint(samples: Sequence[Sample], strays: Sequence[Stray]) -> str:
    """What may be meant, where there are no classes to tell apart."""
    if len({sample.label for sample in samples}) > 1:
        return ""
    if not samples:
        return hint([stray.name for stray in strays])
    kinds = hint([sample.name for sample in samples])
    return kinds or hint([stray.name for stray in strays if stray.reason != "hidden file"])


def _with_names(
    samples: list[Sample], said: Said, meaning: Meaning, strays: list[Stray], where: object
) -> tuple[list[Sample], list[str]]:
    """Samples with the labels and groups that the names of files say; lines on both."""
    notes = []
    if said.label_of:
        samples, without, note = labelled_by_names(
            samples, str(meaning.label), said.label_of, where
        )
        strays += without
        notes.append(note)
    if said.groups_of_names and samples:
        samples, note = grouped_by_names(samples, said)
        notes.append(note)
    notes.append(note_on_restarts({sample.group for sample in samples}, meaning.group))
    return samples, list(filter(None, notes))


def _classes_by_part(samples: Sequence[Sample]) -> dict[str, set[str]]:
    classes: dict[str, set[str]] = {}
    for sample in samples:
        classes.setdefault(sample.part, set()).add(sample.label)
    return classes


def _by_folder(tree: Tree) -> tuple[dict[str, list[str]], list[Stray]]:
    """The files in each folder, but those of programs, which are strays."""
    files: dict[str, list[str]] = defaultdict(list)
    for name in tree.names:
        slash = name.rfind("/")
        files[name[:slash] if slash > 0 else ""].append(name[slash + 1 :])
    strays = list(tree.strays)
    for folder in list(files):
        above = f"{folder}/" if folder else ""
        if program := next(filter(is_hidden, _levels(folder)), ""):
            detail = f"{program} is a folder of a program"
            strays += [Stray(above + file, "hidden folder", detail) for file in files.pop(folder)]
        elif hidden := hidden_among(files[folder]):
            strays += [Stray(above + file, "hidden file", why_hidden(file)) for file in hidden]
            files[folder] = [file for file in files[folder] if not is_hidden(file)]
    return files, strays


def _counts(tree: Tree, files: Mapping[str, Sequence[str]]) -> dict[Levels, tuple[int, int]]:
    """How many pictures and documents lie in each folder, empty ones too, that is no program's."""
    counts = {}
    for folder in ("", *sorted(tree.folders)):
        levels = _levels(folder)
        if not any(map(is_hidden, levels)):
            inside = files.get(folder, ())
            texts = documents(inside)
            counts[levels] = len(inside) - texts, texts
    return counts


def _samples(
    tree: Tree,
    files: Mapping[str, Sequence[str]],
    roles: Roles,
    lists: Mapping[str, LabelList],
    said: Mapping[str, str],
    strays: list[Stray],
) -> list[Sample]:
    """The samples by the roles of their folders; every other file becomes a stray."""
    samples: list[Sample] = []
    for folder, inside in files.items():
        label, part, group, reason, detail, _, listed = roles.of[_levels(folder)]
        above = f"{folder}/" if folder else ""
        if listed in lists:
            labels = lists[listed].labels
            whys = {file: NOT_LISTED for file in inside if file not in labels}
            if lists[listed].name.startswith(above):
                whys[lists[listed].name.removeprefix(above)] = LIST
        elif reason == "unlabelled":
            labels = {file: said[above + file] for file in inside if above + file in said}
            whys = {file: (reason, detail) for file in inside if file not in labels}
        else:
            labels = {}
            whys = dict(_aside(inside, reason, detail) if reason else _beside(inside))
        strays += [Stray(above + file, *why) for file, why in whys.items()]
        kept = [file for file in inside if file not in whys] if whys else inside
        own = (labels.get(file, label) for file in kept) if labels else repeat(label)
        names = [above + file for file in kept]
        # A loop without a line of Python for each: this is where a large folder's time goes.
        samples += map(Sample, names, own, map(tree.place, names), repeat(part), repeat(group))
    samples.sort()
    return samples


NOT_LISTED = "not listed", "no line of the list of labels names it"
LIST = "table", "names the files and their labels"


def _aside(files: Sequence[str], reason: str, detail: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Files of one folder that is set aside; beside masks lie texts that say the same."""
    for file in files:
        is_text = reason == "mask" and not is_called_picture(file)
        yield file, ("annotation" if is_text else reason, detail)


def _beside(files: Sequence[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """What lies beside pictures in their folder."""
    for file, picture in masks_among(files):
        yield file, ("mask", f"drawn over {picture}, by its name")
    yield from companions_among(files)


def _lists(tree: Tree, roles: Roles) -> dict[str, LabelList]:
    """The lists of labels of parts, by the folders of these."""
    classes = set().union(*roles.classes_of.values())
    folders = sorted({role.listed for role in roles.of.values() if role.listed})
    lists = {folder: label_list(tree, folder, classes) for folder in folders}
    return {folder: one for folder, one in lists.items() if one}


def _missing(lists: Mapping[str, LabelList], samples: Sequence[Sample]) -> Iterator[Stray]:
    """The files that a list names and that are not there."""
    for folder, (_, labels) in lists.items():
        inside = (s.name for s in samples if s.name.startswith(f"{folder}/"))
        there = {name.rpartition("/")[2] for name in inside}
        for file in labels.keys() - there:
            yield Stray(f"{folder}/{file}", "missing", "a list of labels names it")


def _notes_on(strays: Sequence[Stray], roles: Roles) -> list[str]:
    """A line on what is set aside though it may be a picture."""
    masks = [stray.name for stray in strays if stray.reason == "mask"]
    unlabelled = Counter[str]()
    for stray in strays:
        if stray.reason == "unlabelled" and not documents((stray.name,)):
            folder = stray.name.rpartition("/")[0]
            unlabelled[roles.of[_levels(folder)].listed or folder] += 1
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


def _levels(folder: str) -> Levels:
    return tuple(folder.split("/")) if folder else ()

"""Folders that can be meant in several ways which give different labels: one question each."""

from collections import Counter
from collections.abc import Iterable

from diptych.errors import InputError
from diptych.sources import part_words
from diptych.sources.folders.folder_names import (
    are_pieces,
    fold_of,
    is_of_many_masks,
    is_of_masks,
    is_of_pages,
    is_wrapper,
    may_lack_labels,
)
from diptych.sources.folders.masks import masks_among
from diptych.sources.folders.outline import Outline, branching
from diptych.sources.parts import part_named
from diptych.sources.tables.file_names import fold

_FEW_PARTS = 4  # so many folders may be parts


def refuse_shared(top: Outline, where: object, level: int) -> None:
    """Raise InputError where several folders hold the same ones: persons, years, folds, or classes.

    `level` is theirs, from 1 at the root.
    """
    deeper = [branching(folder) for folder in top.folders.values()]
    if top.all_pictures - top.pictures <= 2 * sum(one.pictures for one in deeper):
        return  # most pictures lie in these folders themselves
    spelt = {fold(name): name for one in deeper for name in one.folders}
    times = Counter(key for one in deeper for key in set(map(fold, one.folders)))
    again = sorted(key for key, count in times.items() if count > 1)
    most = max(times.values(), default=0)
    if len(times) < 2 or not again or (len(again) < 2 and 2 * most < len(deeper)):
        return
    above = some(
        name for name, one in top.folders.items()
        if any(fold(inner) in again for inner in branching(one).folders)
    )  # fmt: skip
    inside = some(spelt[key] for key in again)
    parts = {spelt[key] for key in again if part_named(spelt[key])}
    if parts and all(spelt[key] in parts or is_of_masks(spelt[key]) for key in again):
        raise InputError(
            f"{where}: {above} hold parts each ({some(parts)}); give one of these folders alone, "
            f"or --group folder:{level} joins them and keeps each of them in one part"
        )
    lower = max(len(one.places[0]) for one in deeper) - top.depth + level
    folds = _are_folds(top.folders) or _are_folds(spelt[key] for key in again)
    option = "--fold K" if folds else f"--part folder:{level} --fold K"
    few = not folds and len(top.folders) <= _FEW_PARTS
    parts_of = part_words.option(f"folder:{level}", sorted(top.folders)) if few else ""
    is_part = f"; with {parts_of} each is train, valid, test or none" if few else ""
    raise InputError(
        f"{where}: {above} hold the same folders ({inside}); which are the classes? "
        f"--label folder:{lower} says {inside} (with --group folder:{level} each of {above} stays "
        f"in one part; with {option} one of them is to test on{is_part}), --label "
        f"folder:{level} says {above} (with --group folder:{lower} each of {inside} does)"
    )


def refuse_hidden_part(top: Outline, where: object, level: int) -> None:
    """Raise InputError where a folder may be a class or hold what has no label."""
    doubtful = {name: "pictures without labels" for name in top.folders if may_lack_labels(name)}
    doubtful |= {name: "masks" for name in top.folders if is_of_many_masks(name)}
    doubtful |= {name: f"masks of {base}" for name, base in masks_among([*top.folders])}
    others = [name for name in top.folders if name not in doubtful]
    for name, kind in doubtful.items():
        folder = top.folders[name]
        if len(others) < 1 + (kind == "masks") or folder.is_empty or folder.is_way:
            continue
        raise InputError(
            f"{where}: is {name} a class, beside {some(others)}, or does it hold {kind}? "
            f"--label folder:{level} says a class; else take it out of there"
        )


def refuse_flat_pieces(top: Outline, where: object, level: int) -> None:
    """Raise InputError where the pieces of one archive have no folders of classes in them."""
    if are_pieces(top.folders, top.places[0][-1] if top.depth else ""):
        raise InputError(
            f"{where}: {some(top.folders)} are called as pieces of one archive and hold no folders "
            f"of classes; read a table that names files and labels, or --label folder:{level} "
            "takes the pieces for classes"
        )


def refuse_beside_wrapper(top: Outline, where: object, level: int) -> None:
    """Raise InputError where a folder of classes lies beside other folders of pictures."""
    plain = [name for name in top.folders if not is_of_pages(name)]
    ways = [name for name in plain if len(branching(top.folders[name]).folders) > 1]
    for name, folder in sorted(top.folders.items()):
        inner = branching(folder)
        if not (is_wrapper(name) or ways == [name]) or len(inner.folders) < 2 or not folder.is_way:
            continue
        others = [other for other, one in top.folders.items() if other != name and not one.is_empty]
        # Of two folders, one may hold all classes; of many, one may have folders as the others not.
        may_hold_all = ways == [name] and len(set(others) & set(plain)) <= 1
        if others and (is_wrapper(name) or may_hold_all):
            lower = inner.depth - top.depth + level
            kinds = list(inner.folders)
            if all(map(part_named, kinds)):  # the classes lie in these
                lower += 1
                kinds = [kind for one in inner.folders.values() for kind in one.folders]
            raise InputError(
                f"{where}: {name} holds folders ({some(inner.folders)}) and lies beside "
                f"{some(others)}; which are the classes? --label folder:{lower} says "
                f"{some({*kinds})}, --label folder:{level} says {some([name, *others])}"
            )


def refuse_classes_within(top: Outline, where: object, level: int) -> None:
    """Raise InputError where a folder among the classes holds folders of the same names again."""
    names = {fold(name) for name in top.folders}
    for name, folder in sorted(top.folders.items()):
        for inner in folder.every():
            again = [one for one in inner.folders if fold(one) in names]
            if len(again) > 1 and not inner.is_empty:
                lies = "/".join(inner.places[0][top.depth :])
                raise InputError(
                    f"{where}: {lies} holds folders of the classes again ({some(again)}); is "
                    f"{name} a class too? --label folder:{level} says that it is; else take it out "
                    "of there"
                )


def some(names: Iterable[str], most: int = 4) -> str:
    """The first few of several names, by the alphabet."""
    every = sorted(names)
    return ", ".join(every[:most]) + (", …" if len(every) > most else "")


def _are_folds(names: Iterable[str]) -> bool:
    return all(fold_of(name) is not None for name in names)

"""Folders beside those of pictures that hold masks, texts about them, or pictures of a page."""

from collections.abc import Mapping, Sequence

from diptych.sources.folders.folder_names import (
    is_new,
    is_of_lists,
    is_of_many_masks,
    is_of_masks,
    is_of_pages,
    is_wrapper,
)
from diptych.sources.folders.outline import Levels, Outline, branching
from diptych.sources.parts import parts_named

Why = tuple[str, str]  # reason and detail


def leave_out(root: Outline, classes_at: int | None = None) -> dict[Levels, Why]:
    """Take folders of masks, texts and pages out of an outline; the reason and detail of each.

    Names decide, and what lies beside: masks beside a folder of images, texts beside folders of
    pictures, figures beside the folder of all classes. At the level `classes_at`, from 0 at the
    first, all folders are classes.
    """
    aside: dict[Levels, Why] = {}
    for folder in reversed(list(root.every())):  # deeper ones first
        if not folder.folders or folder.depth == classes_at:
            continue
        whys = {**_new(folder.folders), **_beside_pictures(folder), **_pages(folder, classes_at)}
        for name, why in whys.items():
            aside |= dict.fromkeys(folder.folders[name].places, why)
            del folder.folders[name]
    return aside


def _beside_pictures(folder: Outline) -> dict[str, Why]:
    """Folders of masks and of texts."""
    with_pictures = [name for name, one in folder.folders.items() if one.all_pictures]
    wrappers = [name for name in with_pictures if is_wrapper(name)]
    # Here classes lie deeper, and a folder of texts is none of them.
    above = wrappers or "train" in parts_named(with_pictures).values()
    whys = {}
    for name, one in folder.folders.items():
        if one.is_empty:
            continue
        if is_of_masks(name) and wrappers and one.all_pictures:
            whys[name] = "mask", f"{name} lies beside {wrappers[0]}"
        elif is_of_many_masks(name) and one.all_pictures and (twin := _twin(name, folder)):
            whys[name] = "mask", f"{name} lies beside {twin}, and has the same folders"
        elif with_pictures and not one.all_pictures and (above or _is_of_texts(name, folder)):
            whys[name] = "no class", f"{name} has no pictures in it"
    return whys


def _is_of_texts(name: str, above: Outline) -> bool:
    """Whether a folder without pictures holds texts about those beside it; one text may be a
    README of a class that is still empty."""
    texts = sum(one.documents for one in above.folders[name].every())
    beside = sum(bool(one.all_pictures) for one in above.folders.values())
    return (texts > 1 and beside > 1) or is_of_lists(name) or bool(_twin(name, above))


def _twin(name: str, above: Outline) -> str:
    """Another folder with pictures that has most of the folders in this one too; "" for none."""
    names = set(branching(above.folders[name]).folders)
    if len(names) < 2:
        return ""
    for other, one in above.folders.items():
        same = names & set(branching(one).folders)
        if other != name and len(same) > 1 and 2 * len(same) > len(names) and one.all_pictures:
            return other
    return ""


def notes_on_figures(aside: Mapping[Levels, Why], numbers: Sequence[int]) -> list[str]:
    """A line on each folder of figures, with the option that says it is a class.

    `numbers` are those of the levels, from 1 at the first below the root.
    """
    return [
        f"{'/'.join(way)} is set aside: {detail}; --label folder:{numbers[len(way) - 1]} takes it "
        "for a class"
        for way, (reason, detail) in aside.items()
        if reason == "figure"
    ]


def _pages(folder: Outline, classes_at: int | None) -> dict[str, Why]:
    """Folders of the figures of a page, beside the only other one, which holds several folders.

    A file such as README has to lie there too, or the other folder be called as such ones are, and
    the figures be fewer than the pictures in any of those folders: else they may be a class, unless
    it was said that the classes lie deeper.
    """
    with_pictures = {name: one for name, one in folder.folders.items() if one.all_pictures}
    pages = [name for name in with_pictures if is_of_pages(name)]
    others = [name for name in with_pictures if name not in pages]
    if not pages or len(others) != 1:
        return {}
    [name] = others
    classes = with_pictures[name]
    figures = sum(with_pictures[page].all_pictures for page in pages)
    inside = [one.all_pictures for one in branching(classes).folders.values() if one.all_pictures]
    if not (classes.is_way and len(inside) > 1):
        return {}
    few = figures < min(inside) and (folder.documents or is_wrapper(name))
    deeper = classes_at is not None and folder.depth < classes_at
    if not (few or deeper):
        return {}
    return {page: ("figure", f"{page} lies beside {name}, which holds folders") for page in pages}


def _new(folders: Mapping[str, Outline]) -> dict[str, Why]:
    """Empty folders that still have the name that they were made with."""
    return {
        name: ("no class", "an empty folder without a name of its own")
        for name, one in folders.items()
        if one.is_empty and is_new(name)
    }

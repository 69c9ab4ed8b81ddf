"""Folders beside those of pictures that hold masks, or texts about them."""

from diptych.sources.folders.folder_names import is_of_lists, is_of_masks, is_wrapper
from diptych.sources.folders.outline import Levels, Outline
from diptych.sources.parts import parts_named


def leave_out(root: Outline, classes_at: int | None = None) -> dict[Levels, tuple[str, str]]:
    """Take folders of masks and of texts out of an outline; the reason and detail of each.

    Names decide, and what lies beside: masks beside a folder of images, texts beside folders of
    pictures. At the level `classes_at`, from 0 at the first, all folders are classes.
    """
    aside: dict[Levels, tuple[str, str]] = {}
    for folder in list(root.every()):
        if folder.depth == classes_at:
            continue
        with_pictures = [name for name, one in folder.folders.items() if one.all_pictures]
        wrappers = [name for name in with_pictures if is_wrapper(name)]
        # Here classes lie deeper, and a folder of texts is none of them.
        above = wrappers or "train" in parts_named(with_pictures).values()
        for name, one in list(folder.folders.items()):
            if one.is_empty:
                continue
            if is_of_masks(name) and wrappers and one.all_pictures:
                why = "mask", f"{name} lies beside {wrappers[0]}"
            elif with_pictures and not one.all_pictures and (above or is_of_lists(name)):
                why = "no class", f"{name} has no pictures in it"
            else:
                continue
            aside |= dict.fromkeys(one.places, why)
            del folder.folders[name]
    return aside

"""Folders whose own folders, or those below these, may be the classes: one question each."""

from collections import Counter
from collections.abc import Iterator, Sequence

from diptych.errors import InputError
from diptych.sources.folders.ambiguity import some
from diptych.sources.folders.folder_names import is_of_masks, is_wrapper
from diptych.sources.folders.outline import Outline
from diptych.sources.parts import part_named


def refuse_index(top: Outline, where: object, level: int) -> None:
    """Raise InputError where folders are letters, and all in them begin with these: a/abbey."""
    letters = [name for name in top.folders if len(name) == 1 and name.isalpha()]
    inside = [name for letter in letters for name in top.folders[letter].folders]
    if len(letters) < 2 or len(letters) < len(top.folders) or len(inside) <= len(letters):
        return
    alike = all(
        one.is_way and all(name.casefold().startswith(letter.casefold()) for name in one.folders)
        for letter, one in top.folders.items()
    )
    if alike:
        raise InputError(
            f"{where}: the folders in {some(letters)} begin with these letters ({some(inside)}); "
            f"which are the classes? --label folder:{level + 1} says {some(inside)}, "
            f"--label folder:{level} says {some(letters)}"
        )


def refuse_shared_below(top: Outline, where: object, level: int) -> None:
    """Raise InputError where most folders deeper down hold the same few words: site/patient/class.

    Numbers of series, or of an enlargement, tell no classes apart.
    """
    names = [sorted(top.folders)]
    for depth, folders in enumerate(_levels_below(top), 1):
        words = _shared_words(folders)
        if depth > 1 and len(words) > 1 and len(names[-1]) > 1:
            parents = some(names[-1])
            others = ", ".join(
                f"--label folder:{level + at} says {some(names[at])}"
                for at in reversed(range(depth))
            )
            raise InputError(
                f"{where}: {parents} hold the same folders ({some(words)}); which are the classes? "
                f"--label folder:{level + depth} says {some(words)} (with "
                f"--group folder:{level + depth - 1} each of {parents} stays in one part), {others}"
            )
        names.append(sorted({name for one in folders for name in one.folders}))


def _levels_below(top: Outline) -> Iterator[list[Outline]]:
    """The folders at each level below one, as long as most pictures lie deeper."""
    folders = [one for one in top.folders.values() if one.all_pictures]
    while folders and 2 * sum(one.is_way for one in folders) > len(folders):
        yield folders
        if any(part_named(name) for one in folders for name in one.folders):
            return
        folders = [deeper for one in folders for deeper in one.folders.values()]
        folders = [one for one in folders if one.all_pictures]


def _shared_words(folders: Sequence[Outline]) -> list[str]:
    """The names without digits that most of these folders hold, where they hold no others."""
    times = Counter(name for one in folders for name in one.folders)
    words = [name for name, count in times.items() if 2 * count > len(folders)]
    are_words = not any(letter.isdigit() for name in words for letter in name)
    no_words = any(is_wrapper(one) or is_of_masks(one) or part_named(one) for one in words)
    few = len(folders) > 2 and len(words) == len(times)
    return sorted(words) if few and are_words and not no_words else []

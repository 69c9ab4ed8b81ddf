"""Files that phones, programs and browsers lay beside pictures, known by their names."""

import re
from collections.abc import Collection, Iterator, Sequence

from diptych.sources.endings import but_pictures, ending, is_called_picture, stem_of

Why = tuple[str, str]  # reason and detail

_CHANGES = ("aae", "xmp", "pp3", "dop", "on1", "vrd", "nksc", "arp")
_VIDEOS = ("mov", "mp4", "m4v")
_UNFINISHED = ("crdownload", "part", "partial", "download", "opdownload")
_SHORTCUTS = ("lnk", "url", "webloc", "desktop")
_BACKUPS = ("bak", "orig", "tmp", "old", "backup")
# Google Takeout cuts long names: a.jpg.supplemental-metadata.json, a.jpg.supplemental-me.json.
_TAKEOUT = re.compile(r"(.+?)(?:\.s(?:u[a-z-]*)?)?(\(\d+\))?\.json", re.IGNORECASE)
_ALBUM = re.compile(r"(?:metadata|metadaten|métadonnées|metadatos)(\(\d+\))?\.json", re.IGNORECASE)
# One of these is in the name of each: most folders have none, and are done with at once.
_ALL = (*_CHANGES, *_VIDEOS, *_UNFINISHED, *_SHORTCUTS, *_BACKUPS, "thm", "json")


def companions_among(files: Sequence[str]) -> Iterator[tuple[str, Why]]:
    """The files of a folder that go with its pictures and are none, each with a reason and detail.

    Those that could be something else are companions only where their picture is beside them.
    """
    text = "\n".join((*but_pictures(files), "")).lower()
    if "~\n" not in text and not any(f".{kind}\n" in text for kind in _ALL):
        return
    names = set(files)
    pictures = {_stem(file): file for file in files if is_called_picture(file)}
    for file in files:
        if why := _why(file, names, pictures):
            yield file, why


def _why(file: str, names: Collection[str], pictures: dict[str, str]) -> Why | None:
    kind = ending(file).lstrip(".")
    # a.xmp and a.jpg.xmp are both of a.jpg.
    bare = file.rpartition(".")[0]
    picture = pictures.get(_stem(file)) or (bare if bare in names else "")
    if kind in _CHANGES:
        return "sidecar", f"notes of a program on {picture or 'a picture'}, such as changes to it"
    if kind == "thm":
        return "sidecar", "the small preview of a video"
    if kind in _VIDEOS and picture:
        return "sidecar", f"the moving part of {picture}, a Live Photo"
    if kind in _UNFINISHED:
        return "truncated", "a download that was not finished, by its ending"
    if kind in _SHORTCUTS:
        return "link", "a shortcut; put the file itself here"
    if kind in _BACKUPS and bare in names:
        return "backup", f"what a program kept of {bare}"
    if file.endswith("~") and file[:-1] in names:
        return "backup", f"what a program kept of {file[:-1]}"
    if kind == "json":
        return _of_takeout(file, names, pictures)
    return None


def _of_takeout(file: str, names: Collection[str], pictures: dict[str, str]) -> Why | None:
    if _ALBUM.fullmatch(file) and pictures:
        return "sidecar", "notes of a program on the pictures of this folder"
    match = _TAKEOUT.fullmatch(file)
    if not match:
        return None
    for base in (match[1], file[: -len(".json")]):
        # a.jpg(1).json is of a(1).jpg
        name, dot, last = base.rpartition(".")
        numbered = f"{name}{match[2]}{dot}{last}" if match[2] else base
        for one in (base, numbered):
            if one in names and (is_called_picture(one) or ending(one).lstrip(".") in _VIDEOS):
                return "sidecar", f"notes of a program on {one}, such as Google Takeout's"
    return None


def _stem(file: str) -> str:
    return stem_of(file).lower()

"""Masks and other drawings that lie beside the pictures they were made from."""

import re
from collections.abc import Iterable, Iterator, Sequence

from diptych.sources.endings import stem_of

_WORDS = (
    r"masks?|labels?|seg|segmentations?|gt|ground[ _-]?truth|annotations?|annot|trimap"
    r"|superpixels|overlay"
)
# x_mask.png, x-seg.png, x_mask_1.png; mask_x.png
_AFTER = re.compile(rf"(.+?)[ _.-]+(?:{_WORDS})(?:[ _-]?\d+)?", re.IGNORECASE)
_BEFORE = re.compile(rf"(?:{_WORDS})[ _.-]+(.+)", re.IGNORECASE)
# One of these is in each of those words: most folders have none, and are done with at once.
_ALL = ("mask", "label", "seg", "gt", "ground", "annot", "trimap", "superpixels", "overlay")


def masks_among(files: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The files of a folder that are drawn over another one of it, each with that one.

    A file tells so by its name alone: that of the other, and a word for what it is.
    """
    text = "\n".join(files).lower()
    if not any(word in text for word in _ALL):
        return
    by_stem = {stem_of(file): file for file in files}
    for file in files:
        for base in _bases(stem_of(file)):
            if base in by_stem and by_stem[base] != file:
                yield file, by_stem[base]
                break


def _bases(stem: str) -> Iterable[str]:
    return [match[1] for match in (_AFTER.fullmatch(stem), _BEFORE.fullmatch(stem)) if match]

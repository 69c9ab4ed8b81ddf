"""What each column of a pixel CSV is: the pixels, the label, the part, what is left out."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from diptych.data.pixel_format import Shape
from diptych.errors import InputError, nearest
from diptych.sources.meaning import LEVEL, Meaning
from diptych.sources.pixels.colour_titles import in_order_of_colours
from diptych.sources.pixels.number_cells import FEWEST
from diptych.sources.pixels.shapes import shape_of
from diptych.sources.pixels.unnamed import unnamed_label
from diptych.sources.tables.opening import Table
from diptych.sources.tables.titles import (
    LABEL_TITLES,
    LABELS,
    TOGETHER,
    column,
    label_tier,
    may_be_parts,
)

_ID = re.compile(r"|id|index|image_?id|level_0|unnamed: ?\d+(\.\d+)?", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")


class Roles(NamedTuple):
    """The columns by what they are; positions from 0."""

    pixels: tuple[int, ...]  # one, where all numbers share a cell
    label: int | None
    said: tuple[int, ...] = ()  # that were named as those of parts and groups
    others: tuple[int, ...] = ()  # that say something else
    texts: bool = False  # whether there are cells that are no numbers
    coloured: bool = False  # the titles say which pixel is red, green and blue; they come in turn

    @property
    def words(self) -> tuple[int, ...]:
        """The columns whose cells are kept as they are, the labels first."""
        label = () if self.label is None else (self.label,)
        return tuple(dict.fromkeys((*label, *self.said, *self.others)))


def roles_of(
    path: Table,
    titles: Sequence[str],
    kinds: Sequence[str],
    rows: Sequence[Sequence[str]],
    meaning: Meaning,
    shape: Shape | None,
    labelled: bool,
) -> Roles:
    """The roles of columns with these titles, or none, and kinds of cells.

    `shape` is that of a picture, where it is known; `rows` are the first ones. Raises InputError
    where what was said is not there, or it is not clear which column holds the labels, if there
    are to be some.
    """
    label = column(titles, LABELS)
    if meaning.label is not None:
        label = _position(path, titles, meaning.label, "label")
    parts = [] if meaning.part is None else [_position(path, titles, meaning.part, "part")]
    groups = [_position(path, titles, title, "group") for title in meaning.group]
    said = Roles((), label, (*parts, *groups))
    free = [i for i in range(len(kinds)) if i not in said.words and kinds[i] != "empty"]
    numbers = [i for i in free if kinds[i] == "number"]
    colours = in_order_of_colours(titles, numbers) if titles else ()
    pixels = colours or _pixels(titles, kinds, free, shape)
    _refuse_said_pixels(path, titles, kinds, said, pixels, shape)
    if not pixels:
        raise InputError(f"{path}: no column of numbers that could be pixels")
    if label is None:
        left = [i for i in free if i not in pixels and not _is_id(titles, i)]
        label = _label(path, titles, rows, left, labelled)
    if not colours and kinds[pixels[0]] == "number" and shape_of(len(pixels), shape) is None:
        if _counts_rows(rows, pixels[0]):
            pixels = pixels[1:]
        if label is None and shape_of(len(pixels) - 1, shape) is not None:
            label = unnamed_label(path, pixels, titles)
            pixels = tuple(i for i in pixels if i != label)
    if meaning.label is None and labelled:
        _refuse_other_labels(path, titles, rows, label)
    others = tuple(
        i for i in free if i not in pixels and i != label and not _is_id(titles, i) and titles
    )
    texts = any(kind != "number" for kind in kinds)
    pixels = colours or _in_order(titles, pixels)
    return said._replace(
        pixels=pixels, label=label, others=others, texts=texts, coloured=bool(colours)
    )


def _in_order(titles: Sequence[str], pixels: tuple[int, ...]) -> tuple[int, ...]:
    """The pixels by the numbers in their titles, where these differ in one number alone.

    Columns that were sorted as text come as p0, p1, p10. Of two numbers in a title neither says
    whether it is the row.
    """
    if not titles or len({_DIGITS.sub("#", titles[i].strip()) for i in pixels}) > 1:
        return pixels
    numbers = {i: _DIGITS.findall(titles[i]) for i in pixels}
    if any(len(own) != 1 for own in numbers.values()):
        return pixels
    return tuple(sorted(pixels, key=lambda i: int(numbers[i][0])))


def _position(path: Table, titles: Sequence[str], title: str, option: str) -> int:
    if title.startswith(LEVEL):
        raise InputError(f"{path}: --{option} {title}: a table of pixels has no folders")
    stripped = [one.strip() for one in titles]
    if title.strip() in stripped:
        return stripped.index(title.strip())
    at = column(titles, (title.strip().lower(),))
    if at is None:
        few = [one for one in stripped if one and not _DIGITS.search(one)]
        hint = nearest(title, few) if few else "; the table has no titles" if not titles else ""
        raise InputError(f"{path}: --{option} {title}: no column is called so{hint}")
    return at


def _pixels(
    titles: Sequence[str], kinds: Sequence[str], free: Sequence[int], shape: Shape | None
) -> tuple[int, ...]:
    """The columns of numbers: one where they share a cell, else those that are titled alike."""
    together = [i for i in free if kinds[i] == "picture"]
    named = column(titles, TOGETHER)
    if together:
        return (named,) if named in together else (together[0],)
    numbers = [i for i in free if kinds[i] == "number" and not _is_id(titles, i)]
    if titles:
        numbers = [i for i in numbers if titles[i].strip().lower() not in LABELS]
        # p0, p1, p2 … but not `age`; 1x1, 1x2 …
        patterns = Counter(_DIGITS.sub("#", titles[i].strip()) for i in numbers)
        (pattern, count), *_ = patterns.most_common(1) or [("", 0)]
        alike = tuple(i for i in numbers if _DIGITS.sub("#", titles[i].strip()) == pattern)
        fits = shape_of(count, shape) or not shape_of(len(numbers), shape)
        if "#" in pattern and count >= FEWEST and fits:
            return alike
    return tuple(numbers)


def _refuse_said_pixels(
    path: Table,
    titles: Sequence[str],
    kinds: Sequence[str],
    said: Roles,
    pixels: Sequence[int],
    shape: Shape | None,
) -> None:
    """Raise InputError where a column that was said to be something else has pixels."""
    for at in said.words if titles else ():
        pattern = _DIGITS.sub("#", titles[at].strip())
        alike = "#" in pattern and any(
            _DIGITS.sub("#", titles[i].strip()) == pattern for i in pixels
        )
        missing = alike and shape_of(len(pixels), shape) is None
        if kinds[at] == "picture" or (missing and shape_of(len(pixels) + 1, shape)):
            raise InputError(
                f"{path}: {titles[at]} is a column of pixels, without which there is no picture; "
                "name another column"
            )


def _is_id(titles: Sequence[str], i: int) -> bool:
    return bool(titles) and bool(_ID.fullmatch(titles[i].strip()))


def _counts_rows(rows: Sequence[Sequence[str]], i: int) -> bool:
    """Whether a column counts the rows, as an index does."""
    cells = [row[i].strip() for row in rows if i < len(row)]
    if len(cells) < FEWEST or not all(cell.isdecimal() for cell in cells):
        return False
    return all(int(b) == int(a) + 1 for a, b in pairwise(cells))


def _label(
    path: Table,
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    left: Sequence[int],
    labelled: bool,
) -> int | None:
    """The column of labels among those that are neither pixels nor numbers of rows.

    Of several, it is the one that is called so most surely, or else the only one with fewer
    different cells than rows: others name each picture. Parts and groups are labels where nothing
    else can be.
    """
    if titles:
        left = [i for i in left if not may_be_parts(titles[i])] or left
        surest = min((label_tier(titles[i]) for i in left), default=len(LABEL_TITLES))
        if surest < len(LABEL_TITLES):
            left = [i for i in left if label_tier(titles[i]) == surest]
    if len(left) < 2 or not labelled:
        return left[0] if left else None
    repeating = [i for i in left if len({row[i] for row in rows if i < len(row)}) < len(rows)]
    if len(repeating) == 1:
        return repeating[0]
    names = " or ".join(titles[i] if titles else f"column {i + 1}" for i in repeating or left)
    raise InputError(f"{path}: labels may be in {names}; say where with --label COLUMN")


def _refuse_other_labels(
    path: Table, titles: Sequence[str], rows: Sequence[Sequence[str]], label: int | None
) -> None:
    """Raise InputError where another column is called as labels are, and tells others apart."""
    for i, title in enumerate(titles):
        if label is None or i == label or title.strip().lower() not in LABELS:
            continue
        pairs = {(row[label], row[i]) for row in rows if len(row) == len(titles)}
        if len(pairs) > min(len({one for one, _ in pairs}), len({other for _, other in pairs})):
            raise InputError(
                f"{path}: labels may be in {titles[label]} or in {title}, which differ; say which "
                "are meant with --label COLUMN"
            )

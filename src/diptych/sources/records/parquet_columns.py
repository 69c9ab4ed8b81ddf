"""Which columns of a Parquet file hold the pictures, the labels and the rest."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning
from diptych.sources.tables.titles import LABELS, SPLITS, column

if TYPE_CHECKING:
    import polars as pl

    Schema = Mapping[str, pl.DataType]

PICTURES = ("image", "img", "picture", "photo", "images", "pixels", "jpg", "png", "bytes", "data")
HUGGING_FACE = "huggingface"  # the key of what the library datasets notes with a file


class Columns(NamedTuple):
    """The titles of what was said or inferred; "" where there is none."""

    picture: str
    label: str
    part: str
    groups: tuple[str, ...]
    further: tuple[str, ...]
    names: tuple[str, ...] | None  # what the numbers of the labels stand for


def columns_of(
    root: object, schema: "Schema", words: Mapping[str, str], meaning: Meaning
) -> Columns:
    """The columns of a file by their types and titles, and by what `datasets` noted with it.

    Raises InputError where that does not tell which column is which.
    """
    import polars as pl

    features = _features(words)
    single = [t for t, kind in schema.items() if not kind.is_nested() and kind != pl.Binary]
    picture = picture_column(root, schema, meaning.files)
    rest = [title for title in single if title != picture]
    label = _label(root, rest, features, meaning.label)
    part = _said(root, rest, meaning.part, "part") or ""
    if not part and meaning.fold is not None:
        part = next((title for title in rest if title.lower() in ("fold", "folds", "kfold")), "")
        if not part:
            raise InputError(f"{root}: no column of folds; say which: --part COLUMN")
    groups = tuple(_said(root, rest, title, "group") or "" for title in meaning.group)
    further = tuple(title for title in rest if title not in (label, part, *groups))
    names = _class_names(features.get(label))
    return Columns(picture, label, part, groups, further, names)


def part_column(titles: Sequence[str]) -> str:
    """The column that may be one of parts by its title; "" where there is none."""
    at = column(titles, SPLITS)
    return "" if at is None else titles[at]


def _features(words: Mapping[str, str]) -> Mapping[str, Any]:
    """What `datasets` noted of each column, by title."""
    try:
        features = json.loads(words.get(HUGGING_FACE, "{}"))["info"]["features"]
    except (ValueError, LookupError, TypeError):
        return {}
    return features if isinstance(features, dict) else {}


def _class_names(feature: Any) -> tuple[str, ...] | None:
    if not isinstance(feature, dict) or feature.get("_type") != "ClassLabel":
        return None
    names = feature.get("names")
    return tuple(map(str, names)) if isinstance(names, list) else None


def picture_column(root: object, schema: "Schema", said: str | None) -> str:
    """The column that holds bytes of pictures: the one that was said, or the only one.

    Raises InputError where that is none.
    """
    import polars as pl

    def holds_bytes(kind: "pl.DataType") -> bool:
        if isinstance(kind, pl.Struct):
            return any(f.name == "bytes" and f.dtype == pl.Binary for f in kind.fields)
        return kind == pl.Binary

    having = [title for title, kind in schema.items() if holds_bytes(kind)]
    if said is not None:
        if said not in having:
            raise InputError(f"{root}: no column {said!r} of pictures among {shortened([*schema])}")
        return said
    if not having:
        raise InputError(
            f"{root}: no column of pictures among {shortened([*schema])}; it holds the bytes of a "
            "file in each row, as the library datasets writes them"
        )
    by_title = [title for title in having if title.lower() in PICTURES]
    if len(having) > 1 and len(by_title) != 1:
        raise InputError(
            f"{root}: several columns hold pictures ({shortened(having)}); say one: --files COLUMN"
        )
    return (by_title if len(having) > 1 else having)[0]


def _label(
    root: object, titles: Sequence[str], features: Mapping[str, Any], said: str | None
) -> str:
    if said is not None:
        return _said(root, titles, said, "label") or ""
    if (at := column(titles, LABELS)) is not None:
        return titles[at]
    classes = [title for title in titles if _class_names(features.get(title)) is not None]
    candidates = classes or titles
    if len(candidates) != 1:
        raise InputError(
            f"{root}: no column is called as labels are, among {shortened(candidates) or 'none'}; "
            "say which: --label COLUMN"
        )
    return candidates[0]


def _said(root: object, titles: Sequence[str], said: str | None, what: str) -> str | None:
    """A title as it stands in the table; raises InputError where it does not."""
    if said is None or said in titles:
        return said
    at = column(titles, [said.strip().lower()])
    if at is None:
        raise InputError(f"{root}: no column {said!r} for --{what} among {shortened(titles)}")
    return titles[at]

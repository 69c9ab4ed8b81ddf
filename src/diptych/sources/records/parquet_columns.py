"""Which columns of a Parquet file hold pictures, which hold words, and what `datasets` noted."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from diptych.errors import InputError, nearest, shortened

if TYPE_CHECKING:
    import polars as pl

    Schema = Mapping[str, pl.DataType]

PICTURE_TITLES = (
    "image",
    "img",
    "picture",
    "photo",
    "images",
    "pixels",
    "jpg",
    "png",
    "bytes",
    "data",
)
HUGGING_FACE = "huggingface"  # the key of what the library datasets notes with a file


class Columns(NamedTuple):
    """The titles of columns by what they hold."""

    picture: str
    has_paths: bool  # whether each picture has a path beside its bytes
    cells: tuple[str, ...]  # words, numbers, or lists of them
    names: Mapping[str, tuple[str, ...]]  # what numbers of classes stand for, by title

    def title(self, title: str) -> str:
        """How the file spells a title; "" where it has none that is called so."""
        return next((own for own in self.cells if own.casefold() == title.casefold()), "")


def columns_of(
    root: object, schema: "Schema", words: Mapping[str, str], picture: str | None
) -> Columns:
    """The columns of a file by their types and titles, and by what `datasets` noted with it.

    `picture` is the one of pictures, where it was said. Raises InputError where that does not tell
    which has the pictures.
    """
    import polars as pl

    title = picture_column(root, schema, picture)
    cells = tuple(t for t, kind in schema.items() if t != title and _holds_cells(kind))
    features = _features(words)
    named = {t: names for t in cells if (names := _class_names(features.get(t)))}
    kind = schema[title]
    paths = isinstance(kind, pl.Struct) and any(
        field.name == "path" and field.dtype == pl.String for field in kind.fields
    )
    return Columns(title, paths, cells, named)


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
            hint = nearest(said, having or schema)
            raise InputError(f"{root}: no column {said!r} of pictures for --files{hint}")
        return said
    if not having:
        raise InputError(
            f"{root}: no column of pictures among {shortened([*schema])}; it holds the bytes of a "
            "file in each row, as the library datasets writes them; pixels that are numbers are "
            "read from a CSV: polars.read_parquet(…).write_csv(…)"
        )
    by_title = [title for title in having if title.lower() in PICTURE_TITLES]
    if len(having) > 1 and len(by_title) != 1:
        raise InputError(
            f"{root}: several columns hold pictures ({shortened(having)}); say one: --files COLUMN"
        )
    return (by_title if len(having) > 1 else having)[0]


def _holds_cells(kind: "pl.DataType") -> bool:
    """Whether a column holds words or numbers, one to a row or a list of them."""
    import polars as pl

    inner = kind.inner if isinstance(kind, pl.List | pl.Array) else kind
    return isinstance(inner, pl.DataType) and not inner.is_nested() and inner != pl.Binary


def _features(words: Mapping[str, str]) -> Mapping[str, Any]:
    """What `datasets` noted of each column, by title."""
    try:
        features = json.loads(words.get(HUGGING_FACE, "{}"))["info"]["features"]
    except (ValueError, LookupError, TypeError):
        return {}
    return features if isinstance(features, dict) else {}


def _class_names(feature: Any) -> tuple[str, ...] | None:
    """The names of classes of a column, or of the lists in it."""
    if isinstance(feature, list) and feature:
        return _class_names(feature[0])
    if not isinstance(feature, dict):
        return None
    if feature.get("_type") != "ClassLabel":
        return _class_names(feature.get("feature"))
    names = feature.get("names")
    return tuple(map(str, names)) if isinstance(names, list) else None

"""What a file is by how its name ends: a picture, a text beside it; no file is looked into.

How tables, arrays and archives are called stands with their readers.
"""

from collections.abc import Sequence

PICTURES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
        *(".heic", ".heif", ".avif", ".ppm", ".pgm", ".jp2"),
    )
)
# Those that no table names by chance, and that a folder of arrays or of tables has not.
ANY_PICTURES = (*PICTURES, ".apng", ".pbm", ".tga", ".ico", ".mpo", ".dcm")
# Files that lie beside pictures, called as they are: annotations, captions, features.
COMPANIONS = frozenset(
    (
        *(".txt", ".xml", ".json", ".csv", ".tsv", ".jsonl", ".parquet", ".npy", ".npz", ".pkl"),
        *(".html", ".md", ".yaml", ".yml", ".zip", ".gz"),
    )
)
# Files that go with pictures in folders of classes, and are none.
DOCUMENTS = frozenset(
    (
        *(".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml"),
        *(".html", ".pdf", ".log", ".ini", ".cfg", ".toml", ".py", ".ipynb", ".names", ".cache"),
        *(".mat", ".npy", ".npz", ".h5", ".pkl", ".db", ".doc", ".docx", ".xls", ".xlsx"),
    )
)


def ending(name: str) -> str:
    """How a file's name ends, in small letters: .jpg; "" for none."""
    stem, dot, rest = name[name.rfind("/") + 1 :].rpartition(".")
    return f"{dot}{rest.lower()}" if stem else ""


def stem_of(name: str) -> str:
    """A file's name without folders and ending; pathlib takes ten times as long."""
    file = name[name.rfind("/") + 1 :]
    return file.rpartition(".")[0] or file


# Of the commonest pictures, in small letters and in capitals.
_USUAL = frozenset(
    case(end) for end in PICTURES if len(end) == 4 for case in (str.lower, str.upper)
)


def but_pictures(names: Sequence[str]) -> list[str]:
    """Those of many names that do not end as names of pictures do; soon told where none is."""
    if {name[-4:] for name in names} <= _USUAL:
        return []
    return [name for name in names if name[name.rfind(".") :].lower() not in PICTURES]


def is_called_picture(name: str) -> bool:
    """Whether a file, or a cell that may name one, ends as names of pictures do."""
    return ending(name) in PICTURES

"""Tables of pixels that lie together: fashion-mnist_train.csv beside fashion-mnist_test.csv."""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Stray
from diptych.data.pixel_format import PixelFormat
from diptych.errors import InputError, shortened
from diptych.sources.endings import ANY_PICTURES
from diptych.sources.meaning import Meaning
from diptych.sources.parts import parts_of_tables
from diptych.sources.pixels.layout import infer_layout, looks_like_pixels
from diptych.sources.pixels.pixel_csv import read_pixel_csv
from diptych.sources.tables.opening import Table, open_bytes
from diptych.sources.trees import Tree
from diptych.sources.trees.archives import archive_tree
from diptych.sources.trees.shown import other_files, set_aside, shown

TABLES = (".csv", ".tsv", ".csv.gz", ".csv.zst", ".csv.zip")
# Pictures about a data set, such as a chart of its classes, lie beside its tables.
MOST_BESIDE = 10


def pixel_tables(tree: Tree) -> list[str]:
    """The tables of pixels among the files of a tree; none where it holds pictures too.

    A few pictures that lie beside such a table, in no folder of a class, are about it.
    """
    tables = [name for name in other_files(tree) if name.lower().endswith(TABLES)]
    if not tables:
        return []
    names = shown(tree.names)
    pictures = [name for name in names if name.lower().endswith(ANY_PICTURES)]
    if len(pictures) > MOST_BESIDE:
        return []
    found = []
    for name in tables:
        with contextlib.suppress(InputError):  # it is no table, whatever its name says
            if looks_like_pixels(tree.place(name)):
                found.append(name)
    folders = {name.rpartition("/")[0] for name in found}
    return found if all(name.rpartition("/")[0] in folders for name in pictures) else []


def read_pixel_tables(
    tree: Tree, names: Sequence[str], meaning: Meaning, expected: PixelFormat
) -> Dataset:
    """All tables as one data set, whose parts their names tell; other files are strays.

    What the training table's numbers mean, those of the others do. One without labels is set aside.
    Raises InputError where the names tell no parts, and what `read_pixel_csv` raises.
    """
    others = [name for name in tree.names if name not in names]
    strays = [*tree.strays, *set_aside(others, "not used", "it is no table of pixels")]
    again = _copies(tree, names)
    strays += [Stray(name, "not used", f"{other} is the same") for name, other in again.items()]
    names = [name for name in names if name not in again]
    read: list[Dataset] = []
    for name, part in _parts(tree, names).items():
        place = tree.place(name)
        before = (read[0].pixel_format if read else None) or expected
        if part not in ("", "train") and not _has_labels(place, meaning, before):
            detail = "it has no column of labels; `diptych predict` answers for such"
            strays.append(Stray(name, "unlabelled", detail))
            continue
        data = read_pixel_csv(place, meaning, before)
        strays += _in_zip(place, name)
        if read:
            data = data.with_classes(read[0].classes, f"the train part, {read[0].root.name},")
        read.append(_of_part(data, part))
    return replace(
        read[0],
        root=tree.root,
        classes=in_order(sample.label for one in read for sample in one.samples),
        samples=tuple(sample for one in read for sample in one.samples),
        strays=(*strays, *(stray for one in read for stray in one.strays)),
        note="\n".join(one.note for one in read),
        columns={
            title: {name: v for one in read for name, v in one.columns.get(title, {}).items()}
            for title in dict.fromkeys(title for one in read for title in one.columns)
        },
    )


def _has_labels(place: Table, meaning: Meaning, expected: PixelFormat) -> bool:
    """Whether a table has labels; if not, it may lack columns of parts and groups as well."""
    of_pixels = replace(meaning, part=None, group=(), fold=None)
    return infer_layout(place, of_pixels, expected).roles.label is not None


def _in_zip(place: Table, name: str) -> list[Stray]:
    """What lies in the zip of a table beside that."""
    if not name.lower().endswith(".zip") or not isinstance(place, Path):
        return []
    inner = archive_tree(place, place)
    rest = [one for one in inner.names if not one.lower().endswith(TABLES)]
    rest += set(inner.names) - set(shown(inner.names)) - set(rest)
    strays = [*inner.strays, *set_aside(rest, "not used", "it is no table of pixels")]
    return [stray._replace(name=f"{name}/{stray.name}") for stray in strays]


def _copies(tree: Tree, names: Sequence[str]) -> dict[str, str]:
    """Tables that are called as another and are the same, and that other."""
    alike: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (name.count("/"), name)):
        alike.setdefault(name.rpartition("/")[2], []).append(name)
    copies: dict[str, str] = {}
    for some in alike.values():
        firsts: dict[str, str] = {}
        for name in some if len(some) > 1 else []:
            with open_bytes(tree.place(name)) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
            if (first := firsts.setdefault(digest, name)) != name:
                copies[name] = first
    return copies


def _parts(tree: Tree, names: Sequence[str]) -> Mapping[str, str]:
    """The part of each table, that for training first; of one alone none."""
    if len(names) == 1:
        return {names[0]: ""}
    parts = parts_of_tables(names)
    if len(parts) < len(names):
        raise InputError(
            f"{tree.root}: it has {len(names)} tables of pixels ({shortened(names, 4)}), and their "
            "names do not tell which is to train on and which to test; give one, and another with "
            "--test"
        )
    return parts


def _of_part(data: Dataset, part: str) -> Dataset:
    """Its samples as those of a part, unless a column of it says others."""
    if not part or data.parts():
        return data
    return data.with_samples(sample._replace(part=part) for sample in data.samples)

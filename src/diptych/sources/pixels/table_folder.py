"""Tables of pixels that lie together: fashion-mnist_train.csv beside fashion-mnist_test.csv."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Stray
from diptych.data.pixel_format import PixelFormat
from diptych.errors import InputError, shortened
from diptych.sources.meaning import Meaning
from diptych.sources.parts import parts_of_tables
from diptych.sources.pixels.arrays import ENDINGS
from diptych.sources.pixels.layout import infer_layout, looks_like_pixels
from diptych.sources.pixels.pixel_csv import read_pixel_csv
from diptych.sources.trees import Tree
from diptych.sources.trees.shown import set_aside, shown

TABLES = (".csv", ".tsv", ".csv.gz", ".csv.zst", ".csv.zip")


def pixel_tables(tree: Tree) -> list[str]:
    """The tables of pixels among the files of a tree; none where pictures lie there too."""
    names = shown(tree.names)
    if any(name.lower().endswith(ENDINGS) for name in names):
        return []
    found = []
    for name in names:
        if name.lower().endswith(TABLES):
            with contextlib.suppress(InputError):  # it is no table, whatever its name says
                if looks_like_pixels(tree.place(name)):
                    found.append(name)
    return found


def read_pixel_tables(
    tree: Tree, names: Sequence[str], meaning: Meaning, expected: PixelFormat
) -> Dataset:
    """All tables as one data set, whose parts their names tell; other files are strays.

    What the training table's numbers mean, those of the others do. One without labels is set aside.
    Raises InputError where the names tell no parts, and what `read_pixel_csv` raises.
    """
    others = [name for name in tree.names if name not in names]
    strays = [*tree.strays, *set_aside(others, "not used", "it is no table of pixels")]
    read: list[Dataset] = []
    for name, part in _parts(tree, names).items():
        place = tree.place(name)
        before = (read[0].pixel_format if read else None) or expected
        if part not in ("", "train") and infer_layout(place, meaning, before).roles.label is None:
            detail = "it has no column of labels; `diptych predict` answers for such"
            strays.append(Stray(name, "unlabelled", detail))
            continue
        data = read_pixel_csv(place, meaning, before)
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

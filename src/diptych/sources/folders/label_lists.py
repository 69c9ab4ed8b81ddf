"""Lists of labels beside the pictures of a part, such as Tiny ImageNet's val_annotations.txt."""

import re
from collections.abc import Collection
from typing import NamedTuple

from diptych.errors import InputError
from diptych.sources.trees import Tree

_NAME = re.compile(r"(?:.*[ _.-])?annotations?\.(?:txt|tsv)", re.IGNORECASE)


class LabelList(NamedTuple):
    """A list of labels."""

    name: str
    labels: dict[str, str]  # by the name of a file without its folder


def label_list(tree: Tree, folder: str, classes: Collection[str]) -> LabelList | None:
    """The list of labels in a folder, if there is one.

    A list has a line for each file: its name, a tab, its label, and what else there may be.
    Raises InputError for a label that is none of the classes.
    """
    for name in tree.names:
        above, _, file = name.rpartition("/")
        if above != folder or not _NAME.fullmatch(file):
            continue
        labels: dict[str, str] = {}
        text = tree.place(name).read_bytes().decode("utf-8-sig", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            picture, tab, rest = line.partition("\t")
            if not tab:
                continue
            label = rest.partition("\t")[0].strip()
            if label not in classes:
                raise InputError(
                    f"{tree.place(name)}: line {number}: '{label}' is none of the classes of "
                    "the train part"
                )
            labels[picture.strip()] = label
        if labels:
            return LabelList(name, labels)
    return None

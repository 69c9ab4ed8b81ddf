"""Lists of labels beside the pictures of a part, such as Tiny ImageNet's val_annotations.txt."""

import re
from collections.abc import Collection

from diptych.errors import InputError
from diptych.sources.trees import Tree

_NAME = re.compile(r"(?:.*[ _.-])?annotations?\.(?:txt|tsv)", re.IGNORECASE)


def listed_labels(tree: Tree, folder: str, classes: Collection[str]) -> dict[str, str]:
    """The label of each file that a list in a folder names; nothing where there is no list.

    A list has a line for each file: its name, a tab, its label, and what else there may be.
    Raises InputError for a label that is none of the classes.
    """
    labels: dict[str, str] = {}
    for name in tree.names:
        above, _, file = name.rpartition("/")
        if above != folder or not _NAME.fullmatch(file):
            continue
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
    return labels

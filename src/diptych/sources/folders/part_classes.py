"""Whether the parts of a data set have the same classes, as scores of them need."""

from collections.abc import Collection, Mapping, Sequence

from diptych.data.dataset import Sample
from diptych.errors import InputError
from diptych.sources.folders.ambiguity import some
from diptych.sources.folders.folder_names import plain
from diptych.sources.parts import parts_named

_ADVICE = "add, rename or remove folders"


def refuse_different(
    root: object,
    classes_of: Mapping[str, Collection[str]],
    samples: Sequence[Sample],
    tables: str = "",
) -> None:
    """Raise InputError where parts have different classes, with what may be the same by its name.

    `classes_of` are those of each folder of a part, empty ones too, or what `tables` say of it.
    """
    every = set().union(*classes_of.values())
    parts = parts_named(classes_of)
    if not parts:
        return
    labels_of: dict[str, set[str]] = {}
    for sample in samples:
        labels_of.setdefault(sample.part, set()).add(sample.label)
    folders = {part: name for name, part in sorted(parts.items(), reverse=True)}
    own_of = {name: labels_of.get(part, set()) for part, name in folders.items()}
    lacking = {name: gone for name in sorted(own_of) if (gone := every - own_of[name])}
    if not lacking:
        return
    said = [f"{name} has no picture of {', '.join(sorted(gone))}" for name, gone in lacking.items()]
    raise InputError(
        f"{root}: the classes of its parts differ: {'; '.join(said)}; "
        f"{_spelt_otherwise(own_of) or _in_tables(tables) or _others(own_of) or _ADVICE}"
    )


def _spelt_otherwise(own_of: Mapping[str, Collection[str]]) -> str:
    """Classes of parts that differ in how they are written alone."""
    spellings: dict[str, dict[str, str]] = {}
    for name, labels in own_of.items():
        for label in labels:
            spellings.setdefault(plain(label).rstrip("s"), {})[name] = label
    differ = [one for one in spellings.values() if len(set(one.values())) > 1]
    pairs = [" and ".join(map(repr, sorted(set(one.values())))) for one in differ]
    return f"if {some(pairs)} are the same, give both one name" if pairs else ""


def _in_tables(tables: str) -> str:
    return f"call the same class the same in {tables}" if tables else ""


def _others(own_of: Mapping[str, Collection[str]]) -> str:
    """A part to test on that has no class of any other."""
    for name, labels in own_of.items():
        if parts_named(own_of)[name] == "train":
            continue
        rest = set().union(*(own for other, own in own_of.items() if other != name))
        if labels and rest and not rest & set(labels):
            return (
                f"if the folders in {name} ({some(labels)}) are no classes, take it out of there: "
                "`diptych predict` is for pictures without labels"
            )
    return ""

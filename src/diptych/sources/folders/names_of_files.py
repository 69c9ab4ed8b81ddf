"""Labels and groups that the names of files say, where somebody said that they do."""

from collections import Counter
from collections.abc import Callable, Sequence

from diptych.data.dataset import Sample, Stray
from diptych.data.grouping import groups_by
from diptych.errors import InputError, shortened
from diptych.sources.folders.said_levels import Said

ClassOf = Callable[[str], str]


def labelled_by_names(
    samples: Sequence[Sample], pattern: str, label_of: ClassOf, where: object
) -> tuple[list[Sample], list[Stray], str]:
    """Samples with the labels in their names, those whose names say none as strays, and a line.

    Raises InputError where no name says a label.
    """
    labels = {sample.name: label_of(sample.name) for sample in samples}
    named = [s._replace(label=labels[s.name]) for s in samples if labels[s.name]]
    if samples and not named:
        raise InputError(
            f"{where}: no name of a file says a label by --label '{pattern}', such as "
            f"{samples[0].name.rpartition('/')[2]}; change the pattern"
        )
    folders = {sample.name.rpartition("/")[0] for sample in named}
    strays = [_stray(s.name, pattern, folders) for s in samples if not labels[s.name]]
    classes = sorted({sample.label for sample in named})
    note = f"classes are read from names of files, by {pattern}: {shortened(classes)}"
    return named, strays, note


def grouped_by_names(samples: Sequence[Sample], said: Said) -> tuple[list[Sample], str]:
    """Samples in groups by what their names and folders at levels say; and a line.

    What has any of them in common with another is of its group.
    """
    values = []
    for sample in samples:
        own = said.groups_in(tuple(sample.name.split("/")[:-1]), sample.label)
        values.append(own | {title: of(sample.name) for title, of in said.groups_of_names.items()})
    groups = groups_by(values)
    sizes = Counter(filter(None, groups))
    alone = groups.count("")
    title = " and ".join(said.groups_of_names)
    note = f"{len(sizes):,} groups are read from names of files, by {title}: {shortened([*sizes])}"
    if alone:
        first = samples[groups.index("")].name
        note += f"; in none of them: {alone:,}, such as {first}"
    return [s._replace(group=g) for s, g in zip(samples, groups, strict=True)], note


def _stray(name: str, pattern: str, folders: set[str]) -> Stray:
    """A file whose name says no label: one to predict, where none of its folder says any."""
    folder = name.rpartition("/")[0]
    if folder and folder not in folders:
        return Stray(
            name,
            "unlabelled",
            f"no name in {folder} says a label by {pattern}; `diptych predict` answers for such",
        )
    return Stray(name, "no class", f"its name says no label by {pattern}")

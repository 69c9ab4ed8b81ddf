"""Two data sets as one: the second is the test part of the first."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePath, PurePosixPath

from diptych.data.dataset import Dataset
from diptych.data.matching import matched
from diptych.data.places import Address
from diptych.errors import InputError


def refuse_overlap(path: Path | Address, test: Path | Address) -> None:
    """Raise InputError where pictures of one place would be the test part of themselves."""
    one: PurePath
    other: PurePath
    if isinstance(path, Path) and isinstance(test, Path):
        folders = path.is_dir() and test.is_dir()
        one, other = path.resolve(), test.resolve()
    else:
        folders = True
        one, other = (PurePosixPath(str(place)) for place in (path, test))
    if one == other or (folders and (one.is_relative_to(other) or other.is_relative_to(one))):
        raise InputError(
            f"{test}: its pictures are those of {path} too; name other ones to test on, or none: "
            "then some are kept for the test"
        )


def with_test(data: Dataset, test: Dataset) -> Dataset:
    """Both as one data set, whose test part is the second's samples.

    Raises InputError where the first has a test part already or the second has others, or they do
    not fit together.
    """
    if "test" in data.parts():
        count = sum(sample.part == "test" for sample in data.samples)
        raise InputError(
            f"{data.root}: it has a test part already ({count:,} pictures), and {test.root} is "
            "named as another; leave one of the two out, or put all of them into one"
        )
    if others := [part for part in test.parts() if part != "test"]:
        raise InputError(
            f"{test.root}: it has parts of its own ({', '.join(test.parts())}), of which "
            f"{', '.join(others)} would be tested on; name the pictures of its test part alone"
        )
    test = matched(test, "test", data)
    taken = {sample.name for sample in data.samples}
    prefix = _unused(test.root.name, {*taken, *(sample.name for sample in test.samples)})

    def renamed(name: str) -> str:
        return name if name not in taken else f"{prefix}/{name}"

    moved = (s._replace(name=renamed(s.name), part="test") for s in test.samples)
    columns = {title: dict(values) for title, values in data.columns.items()}
    for title, values in test.columns.items():
        columns.setdefault(title, {}).update((renamed(n), value) for n, value in values.items())
    return replace(
        data,
        samples=(*(s._replace(part=s.part or "train") for s in data.samples), *moved),
        strays=data.strays
        + tuple(stray._replace(name=f"{prefix}/{stray.name}") for stray in test.strays),
        note="\n".join(note for note in (data.note, test.note) if note),
        columns=columns,
    )


def _unused(prefix: str, names: Collection[str]) -> str:
    """What begins like a folder's name and no name begins with, so that all of them differ."""
    while any(name.startswith(f"{prefix}/") for name in names):
        prefix += "-test"
    return prefix

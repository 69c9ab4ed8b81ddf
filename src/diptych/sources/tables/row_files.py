"""The file of each row of a table."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from diptych.data.dataset import PARTS
from diptych.errors import InputError
from diptych.sources.parts import folder_part
from diptych.sources.tables.cells import says_nothing
from diptych.sources.tables.column_roles import Roles
from diptych.sources.tables.file_names import fold, parted
from diptych.sources.tables.matching import Files, Finder, Hints, Match
from diptych.sources.tables.rows import Records, Row

_ONE_OF_SEVERAL = "means one of several"


class NamedRow(NamedTuple):
    """A row with its file: in the tree, elsewhere on this machine, or why there is none."""

    line: int
    cells: Row
    name: str  # as the row calls it; with the line where a row before has the same
    file: str = ""
    place: Path | None = None
    why_missing: str = ""
    passed_over: str = ""  # a file of the same name that is no picture to use


def named_rows(table: Records, roles: Roles, files: Files, table_part: str) -> list[NamedRow]:
    """Each row with the file that it means.

    Raises InputError where names without folders are there in several parts, and nothing says in
    which one they are meant.
    """
    names = [roles.name(row) for row in table.rows]
    # One of each kind, as few are different: they are keys of what is known of folders.
    hint_of = cache(lambda label, part: Hints(label, part, table_part))
    said = [_hint(roles, row) for row in table.rows]
    parts_of = {(name, part) for name, (_, part) in zip(names, said, strict=True)}
    told_apart = len(parts_of) > len(set(names))  # 1.jpg is in two parts, and may be two files
    if roles.parts.columns and not told_apart and _are_of_one_part(names, files):
        said = [(label, "") for label, _ in said]  # a folder says no more than the table
    hints = [hint_of(*one) for one in said]
    finder = _finder(names, hints, files)
    matches = [_find(finder, name, hint) for name, hint in zip(names, hints, strict=True)]
    if not table_part and not roles.parts.columns and _of_several_parts(matches):
        matches = _of_train(table, names, hints, finder, matches)
    _refuse_folders_meant_twice(table, names, matches)
    missing = _claimed_twice(names, matches)
    seen: set[str] = set()
    rows = []
    for i, (line, cells, name, match) in enumerate(
        zip(table.lines, table.rows, names, matches, strict=True)
    ):
        # A file that is named twice is a duplicate, which an audit will find.
        own = f"{name}:{line}" if name in seen else name
        seen.add(name)
        why = missing.get(i) or _why_none(name, match)
        file, place = ("", None) if why else (match.files[0], match.place)
        own = own or f"line {line}"
        rows.append(NamedRow(line, cells, own, file, place, why, match.passed_over))
    return rows


def passed_over_note(rows: Sequence[NamedRow]) -> str:
    """A word on files that have the names of pictures, and are none to use."""
    passed = [row for row in rows if row.passed_over]
    if not passed:
        return ""
    one = passed[0]
    return (
        f"{len(passed):,} names are those of several files: {one.file} is taken, {one.passed_over} "
        "is not, for one; write the ending or the folder where another is meant"
    )


def disputed_note(labels_of_rows: Sequence[str], rows: Sequence[NamedRow]) -> str:
    """A word on files of which several rows say other labels."""
    labels: dict[str, set[str]] = {}
    for label, row in zip(labels_of_rows, rows, strict=True):
        labels.setdefault(row.file or str(row.place), set()).add(label)
    disputed = [(file, sorted(own)) for file, own in labels.items() if len(own) > 1]
    if not disputed:
        return ""
    file, own = disputed[0]
    count = len(disputed)
    return (
        f"{count:,} file{'s'[: count != 1]} named in several rows with other labels each ({file}: "
        f"{' and '.join(own)}), which an audit sets aside; leave one row of each"
    )


def _finder(names: Iterable[str], hints: Iterable[Hints], files: Files) -> Finder:
    """What all rows together say of folders, to find their files by."""
    labels = frozenset(fold(hint.label) for hint in set(hints) if hint.label)
    deep = {parted(name)[0][-1:] for name in names if "/" in name or "\\" in name}
    return Finder(files, labels, frozenset(folder for one in deep for folder in one))


def _are_of_one_part(names: Iterable[str], files: Files) -> bool:
    """Whether all files that are called so lie in folders of one part: all in train/."""
    of = {
        folder_part(file.rpartition("/")[0])
        for name in names
        for file in next(filter(None, files.called(parted(name)[1])), ())
    }
    return len(of) == 1 and "" not in of


def _find(finder: Finder, name: str, hint: Hints) -> Match:
    """The files that a name may mean."""
    return Match(()) if says_nothing(name) else finder.find(name, hint)


def _hint(roles: Roles, row: Row) -> tuple[str, str]:
    labels = [] if callable(roles.label) else roles.labels(row)
    return labels[0] if len(labels) == 1 else "", roles.parts.part_of_row(row)


def _of_several_parts(matches: Sequence[Match]) -> bool:
    """Whether some name is there in several parts."""
    several = (match.files for match in matches if len(match.files) > 1)
    return any(
        len({folder_part(file.rpartition("/")[0]) for file in some} - {""}) > 1 for some in several
    )


def _of_train(
    table: Records,
    names: Sequence[str],
    hints: Sequence[Hints],
    finder: Finder,
    matches: Sequence[Match],
) -> list[Match]:
    """The files of the train part, where all are there and not in another part too.

    Raises InputError where they are not: numbers that each part counts anew are in all of them.
    """
    complete = {}
    for part in PARTS:
        own = [
            _find(finder, name, hint._replace(table_part=part))
            for name, hint in zip(names, hints, strict=True)
        ]
        if all(len(match.files) == 1 for match in own):
            complete[part] = own
    if list(complete) == ["train"]:
        return complete["train"]
    several = next(match for match in matches if len(match.files) > 1)
    raise InputError(
        f"{table.path}: {several.files[0]} and {several.files[1]} have one name, and nothing says "
        "of which part it is; write folders into the names, or call the table as the part is: "
        "train.csv"
    )


def _refuse_folders_meant_twice(
    table: Records, names: Sequence[str], matches: Sequence[Match]
) -> None:
    """Raise InputError where a folder of names may be one of two, of which one lacks some files.

    Those that lie in one of them alone are no surer than the others.
    """
    meant: dict[tuple[str, ...], tuple[str, str]] = {}
    for name, match in zip(names, matches, strict=True):
        if len(match.files) < 2 or not (folders := parted(name)[0]):
            continue
        homes = sorted({file.rpartition("/")[0] for file in match.files})
        if len(homes) > 1:
            meant.setdefault(folders, (homes[0], homes[1]))
    if not meant:
        return
    for name, match in zip(names, matches, strict=True):
        if len(match.files) != 1:
            continue
        home = match.files[0].rpartition("/")[0]
        if home in (both := meant.get(parted(name)[0], ())):
            written = name.replace("\\", "/").rpartition("/")[0]
            raise InputError(
                f"{table.path}: {written} may mean {' or '.join(both)}: some of its files lie in "
                f"both, and {match.files[0]} in one of them; write the folders as they are there"
            )


def _claimed_twice(names: Sequence[str], matches: Sequence[Match]) -> Mapping[int, str]:
    """Why rows have no file that name, in other folders, what another row names too."""
    first: dict[str, str] = {}
    rows_of: dict[str, list[int]] = {}
    for name, match in zip(names, matches, strict=True):
        if len(match.files) == 1 and first.setdefault(match.files[0], name) != name:
            rows_of[match.files[0]] = []
    if rows_of:
        for i, match in enumerate(matches):
            if len(match.files) == 1 and match.files[0] in rows_of:
                rows_of[match.files[0]].append(i)
    missing = {}
    for file, rows in rows_of.items():
        folders = {"/".join(parted(names[i])[0]) for i in rows}
        if len(folders) > 1 and not _one_ends_the_others(folders):
            home = fold(file.rpartition("/")[0])
            for i in rows:
                if not f"/{home}".endswith("/" + "/".join(parted(names[i])[0])):
                    missing[i] = f"names {file} by another folder than other rows do"
    return missing


def _one_ends_the_others(folders: Iterable[str]) -> bool:
    longest = max(folders, key=len)
    return all(f"/{longest}".endswith(f"/{one}" if one else "") for one in folders)


def is_unclear(row: NamedRow) -> bool:
    """Whether a row may mean one of several files."""
    return row.why_missing.startswith(_ONE_OF_SEVERAL)


def _why_none(name: str, match: Match) -> str:
    """Why a name means no single file; "" where it does."""
    if len(match.files) > 1:
        return (
            f"{_ONE_OF_SEVERAL}: {len(match.files)} files could be meant: {match.files[0]}, "
            f"{match.files[1]}; write its folder or ending too"
        )
    if match.files:
        return ""
    return "names no file that is there" + (f": {match.against}" if match.against else "")

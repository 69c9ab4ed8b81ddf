"""Which columns of a table say in which folder a file lies, where another has its name alone."""

from collections.abc import Sequence
from itertools import combinations

from diptych.sources.tables.file_names import folders_in, parted
from diptych.sources.tables.matching import Files, agreement
from diptych.sources.tables.rows import Records
from diptych.sources.tables.titles import plain

FOLDER_TITLES = frozenset(
    (
        *("folder", "folder_name", "foldername", "folder_path", "dir", "directory", "dirname"),
        *("dir_name", "dir_path", "subfolder", "sub_folder", "subdir", "sub_dir", "image_folder"),
        *("image_dir", "img_dir", "parent", "parent_folder"),
    )
)
# Of so many rows the folder has to be there.
MOST = 0.5


def folder_columns(table: Records, file: int, free: Sequence[int], files: Files) -> tuple[int, ...]:
    """The columns among those free that say the folder of the name in column `file`.

    One that is called so, else the only ones that tell files of one name apart: a patient, and
    the series of it.
    """
    if any(folders for folders, _ in map(parted, set(table.column(file)))):
        return ()
    some = [at for at in free if _has_folders(table, at, files)]
    single = [(at,) for at in some if _leads_to_files(table, file, (at,), files)]
    if called := [one for one in single if plain(table.titles[one[0]]) in FOLDER_TITLES]:
        return called[0] if len(called) == 1 else ()
    for ways in (single, [*combinations(some, 2)], [*combinations(some, 3)]):
        telling = [one for one in ways if _tells_apart(table, file, one, files)]
        if telling:
            return telling[0] if len(telling) == 1 else ()
    return ()


def names_files_by_folders(table: Records, files: Files) -> bool:
    """Whether a column of names that come again names a file in each row, by one of folders."""
    for at in range(len(table.titles)):
        cells = set(table.column(at))
        if len(cells) < 2 or not all(map(files.names_one, cells)):
            continue
        others = [other for other in range(len(table.titles)) if other != at]
        if folders := folder_columns(table, at, others, files):
            different = {tuple(row[one] for one in (*folders, at)) for row in table.rows}
            return len(different) > MOST * len(table.rows)
    return False


def in_folder(folders: Sequence[str], name: str) -> str:
    """A name with the folders before it."""
    before = "/".join(folder.replace("\\", "/").rstrip("/") for folder in folders if folder)
    return f"{before}/{name}" if before and name else name


def _has_folders(table: Records, at: int, files: Files) -> bool:
    """Whether some cells of a column end as folders are called."""
    return any(
        own and own[-1] in files.folders for own in map(_folders, dict.fromkeys(table.column(at)))
    )


def _leads_to_files(table: Records, file: int, columns: tuple[int, ...], files: Files) -> bool:
    """Whether most rows name a file in the folder that their cells say."""
    there = sum(bool(_in([row[at] for at in columns], row[file], files)) for row in table.rows)
    return there >= MOST * len(table.rows)


def _tells_apart(table: Records, file: int, columns: tuple[int, ...], files: Files) -> bool:
    """Whether some names are those of several files, of which the folders of each row have one."""
    several = [row for row in table.rows if len(_called(row[file], files)) > 1]
    counts = [len(_in([row[at] for at in columns], row[file], files)) for row in several]
    return 1 in counts and max(counts) < 2 and counts.count(1) >= MOST * len(counts)


def _called(name: str, files: Files) -> Sequence[str]:
    """The files of a name, wherever they lie."""
    _, last = parted(name)
    return files.by_name.get(last) or next(filter(None, files.by_stem(last)), ())


def _folders(cell: str) -> tuple[str, ...]:
    return folders_in(cell.replace("\\", "/"))


def _in(folders: Sequence[str], name: str, files: Files) -> list[str]:
    """The files of a name in these folders, or in one of these.

    Their path may begin above the table or below it.
    """
    wanted = _folders("/".join(folders))
    found = []
    for file in _called(name, files):
        own = folders_in(file.rpartition("/")[0])
        agreeing, below = agreement(wanted, own)
        if agreeing and agreeing == min(len(own) - below, len(wanted)):
            found.append(file)
    return found

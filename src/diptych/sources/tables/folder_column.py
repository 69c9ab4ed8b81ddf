"""Which column of a table says in which folder a file lies, where another has its name alone."""

from collections.abc import Sequence

from diptych.sources.tables.file_names import folders_in, parted
from diptych.sources.tables.matching import Files
from diptych.sources.tables.records import Records
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


def folder_column(table: Records, file: int, free: Sequence[int], files: Files) -> int | None:
    """The column among those free whose folder, before the name in column `file`, leads to a file.

    One that is called so, or the only one that tells files of one name apart.
    """
    if not any(folders for folders, _ in map(parted, set(table.column(file)))):
        some = [at for at in free if _leads_to_files(table, file, at, files)]
        called = [at for at in some if plain(table.titles[at]) in FOLDER_TITLES]
        if len(called) == 1:
            return called[0]
        telling = [at for at in some if _tells_apart(table, file, at, files)]
        if len(telling) == 1 and not called:
            return telling[0]
    return None


def in_folder(folder: str, name: str) -> str:
    """A name with the folder before it."""
    stripped = folder.replace("\\", "/").rstrip("/")
    return f"{stripped}/{name}" if stripped and name else name


def _leads_to_files(table: Records, file: int, at: int, files: Files) -> bool:
    """Whether most rows name a file in the folder of a column's cell."""
    known = {folder: _folders(folder)[-1:] for folder in set(table.column(at))}
    if not any(own and own[0] in files.folders for own in known.values()):
        return False
    there = sum(bool(_in(row[at], row[file], files)) for row in table.rows)
    return there >= MOST * len(table.rows)


def _tells_apart(table: Records, file: int, at: int, files: Files) -> bool:
    """Whether some names are those of several files, of which each row's folder has one."""
    several = [row for row in table.rows if len(_called(row[file], files)) > 1]
    return bool(several) and all(len(_in(row[at], row[file], files)) < 2 for row in several)


def _called(name: str, files: Files) -> Sequence[str]:
    """The files of a name, wherever they lie."""
    _, last = parted(name)
    return files.by_name.get(last) or next(filter(None, files.by_stem(last)), ())


def _folders(cell: str) -> tuple[str, ...]:
    return folders_in(cell.replace("\\", "/"))


def _in(folder: str, name: str, files: Files) -> list[str]:
    """The files of a name in a folder, whose path may begin above the table or below it."""
    wanted = _folders(folder)
    found = []
    for file in _called(name, files):
        own = folders_in(file.rpartition("/")[0])
        shared = min(len(own), len(wanted))
        if shared and own[-shared:] == wanted[-shared:]:
            found.append(file)
    return found

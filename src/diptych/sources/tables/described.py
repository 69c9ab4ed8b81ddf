"""Folders that tables describe: Hugging Face's metadata.csv, Roboflow's _classes.csv, train.csv."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError
from diptych.sources.endings import stem_of
from diptych.sources.meaning import LEVEL, Meaning
from diptych.sources.parts import folder_part, part_in
from diptych.sources.tables.candidates import METADATA
from diptych.sources.tables.file_column import names_files
from diptych.sources.tables.files import read_rows
from diptych.sources.tables.label_column import NoLabelsError
from diptych.sources.tables.matching import Files
from diptych.sources.tables.rows import Records
from diptych.sources.tables.whereabouts import first_records
from diptych.sources.trees import Tree
from diptych.sources.trees.shown import other_files

# Of more tables only the first has its own line.
MOST_NOTES = 4


def describing(tree: Tree) -> list[str]:
    """The tables that describe a tree: one in its root, else those of the folders in it."""
    found = [name for name in other_files(tree) if name.rpartition("/")[2] in METADATA]
    in_root = [name for name in found if "/" not in name]
    if in_root:
        return in_root[:1]
    folders = {name.rpartition("/")[0] for name in found}
    nested = any(f"{one}/".startswith(f"{other}/") for one in folders for other in folders - {one})
    return [] if nested or len(folders) < len(found) else found


def read_described(
    tree: Tree,
    tables: Sequence[str],
    meaning: Meaning,
    rows_of: Mapping[str, Records] = MappingProxyType({}),
) -> tuple[Dataset, Mapping[str, str]]:
    """A tree as the tables in it say, each of its own folder; files without a row are strays.

    With the file that each name of a sample means. Their parts are those that the folders are
    called after, where no column says any. `rows_of` are the rows of tables that name files by way
    of something else. Raises what `read_table` raises.
    """
    file_of = dict[str, str]()
    pieces = _pieces(tree, tables, meaning, rows_of, file_of)
    named = set(file_of.values())
    samples = [sample for piece in pieces for sample in piece.samples]
    strays = [stray for piece in pieces for stray in piece.strays]
    names = " or ".join(tables[:2]) + (", …" if len(tables) > 2 else "")
    for name in tree.names:
        if name in tables:
            strays.append(Stray(name, "table", "names the files and their labels"))
        elif name not in named:
            strays.append(Stray(name, "not listed", f"{names} does not name it"))
    data = Dataset(
        tree.root,
        in_order(sample.label for sample in samples),
        tuple(samples),
        (*strays, *tree.strays),
        note="\n".join(_notes(tables, pieces, meaning)),
        columns=_together(piece.columns for piece in pieces),
    )
    return data, file_of


def _pieces(
    tree: Tree,
    tables: Sequence[str],
    meaning: Meaning,
    rows_of: Mapping[str, Records],
    file_of: dict[str, str],
) -> list[Dataset]:
    """What each table says; one without labels has none where another has some.

    The file that each name means is added to `file_of`.
    """
    several = len(tables) > 1
    pieces, refusals = list[Dataset](), list[NoLabelsError]()
    for table in tables:
        below = _is_of_its_folder(tree, table, several)
        rows = rows_of.get(table)
        own = replace(meaning, files=rows.titles[0]) if rows else meaning
        try:
            piece, files = read_rows(tree, table, own, below=below, rows=rows)
        except NoLabelsError as refusal:
            refusals.append(refusal)
            bare = replace(own, label=None)
            piece, files = read_rows(tree, table, bare, below=below, labelled=False, rows=rows)
        stem = stem_of(table)
        if several:
            piece = _in_part(piece, folder_part(table.rpartition("/")[0]) or part_in(stem))
        alike = sum(stem_of(other) == stem for other in tables) > 1
        before = table.rpartition(".")[0] if alike else stem
        new_names = {name: f"{before}/{name}" if name in file_of else name for name in files}
        _refuse_other_part(tree, table, piece, pieces, files, file_of)
        piece = piece.with_samples(s._replace(name=new_names[s.name]) for s in piece.samples)
        file_of |= {new_names[name]: file for name, file in files.items()}
        pieces.append(piece)
    if refusals and not any(piece.samples for piece in pieces):
        raise refusals[0]
    return pieces


def _refuse_other_part(
    tree: Tree,
    table: str,
    piece: Dataset,
    others: Sequence[Dataset],
    files: Mapping[str, str],
    file_of: Mapping[str, str],
) -> None:
    """Raise InputError where a table names a file that one before puts into another part."""
    part_of = {file_of[s.name]: s.part for other in others for s in other.samples}
    for sample in piece.samples:
        file = files[sample.name]
        if sample.part and part_of.get(file, "") not in ("", sample.part):
            raise InputError(
                f"{tree.root}: {table} says that {file} is in the {sample.part} part, and another "
                f"table that it is in the {part_of[file]} part; correct one of them"
            )


def _is_of_its_folder(tree: Tree, table: str, several: bool) -> bool:
    """Whether a table speaks of the files below its own folder alone."""
    base, _, last = table.rpartition("/")
    if last in METADATA or not several:
        return last in METADATA
    own = Files(tree, base, below=True)
    try:
        return bool(own.count) and names_files(first_records(tree.place(table)), own)
    except InputError:
        return False


def _notes(tables: Sequence[str], pieces: Sequence[Dataset], meaning: Meaning) -> list[str]:
    """What is to be said of the pieces; of very many the first tells how they were read."""
    notes = list(dict.fromkeys(piece.note for piece in pieces if piece.note))
    if len(notes) > MOST_NOTES:
        notes = [notes[0], f"and so of {len(notes) - 1:,} further tables"]
    folders = [table.rpartition("/")[0] for table in tables]
    alone = len(set(folders)) == len(folders) > 1
    if alone and not meaning.group and not any(map(folder_part, folders)):
        here = f"{LEVEL}{folders[0].count('/') + 1}"
        notes.append(f"each table is of its own folder; --group {here} keeps these together")
    return notes


def _in_part(data: Dataset, part: str) -> Dataset:
    """With the part of the folder, where the table says none."""
    if not part:
        return data
    samples: Iterable[Sample] = (s._replace(part=s.part or part) for s in data.samples)
    return data.with_samples(samples)


def _together(
    several: Iterable[Mapping[str, Mapping[str, str]]],
) -> Mapping[str, Mapping[str, str]]:
    columns: dict[str, dict[str, str]] = {}
    for one in several:
        for title, values in one.items():
            columns.setdefault(title, {}).update(values)
    return columns

"""A table that names files: Kaggle's `id,label`, Hugging Face's `metadata.csv`."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.errors import InputError, shortened
from diptych.sources.endings import stem_of
from diptych.sources.folder_groups import note_on_restarts
from diptych.sources.meaning import Meaning, level
from diptych.sources.part_words import parts_by_words
from diptych.sources.parts import are_parts, folder_part, part_in, part_of
from diptych.sources.tables.cells import label_spellings, no_labels, tells_kinds
from diptych.sources.tables.column_roles import USED, Roles, folder_of, table_roles
from diptych.sources.tables.grouping import group_names, groups_note, looks_like_groups
from diptych.sources.tables.label_cells import is_written, labels_in
from diptych.sources.tables.matching import Files
from diptych.sources.tables.onehot import OneHot
from diptych.sources.tables.part_columns import partless_note, within_fold
from diptych.sources.tables.row_files import (
    NamedRow,
    disputed_note,
    named_rows,
    passed_over_note,
)
from diptych.sources.tables.rows import Records, records
from diptych.sources.tables.titles import GROUPS, is_label_title, plain
from diptych.sources.trees import Tree
from diptych.sources.trees.archives import ending_of


def read_table(
    tree: Tree, table: str, meaning: Meaning, *, below: bool = False, labelled: bool = True
) -> Dataset:
    """Every row of a table as a sample, or as a stray where its file is missing, or its label.

    Files are looked for in the tree as `matching` says: from the table's folder, then anywhere, or
    only `below` that folder. Where nothing says what a column is, its cells tell. Further columns
    are kept where they may tell kinds of pictures apart. A table that is not `labelled` needs no
    column of labels. Raises InputError where no column names files or has labels, where several
    may, or where no file is there.
    """
    return read_rows(tree, table, meaning, below=below, labelled=labelled)[0]


def read_rows(
    tree: Tree,
    table: str,
    meaning: Meaning,
    *,
    below: bool = False,
    labelled: bool = True,
    rows: Records | None = None,
) -> tuple[Dataset, Mapping[str, str]]:
    """What `read_table` reads, and the file that each name means, with a label or without."""
    path = tree.place(table)
    meaning.refuse_unused(path, "a table of files", *USED)
    base = table.rpartition("/")[0] if rows is None else ""
    files = Files(tree, base, below)
    rows, roles = table_roles(rows or records(path, uneven=True), files, meaning, labelled)
    named = named_rows(rows, roles, files, hinted_part(path.name, base, roles))
    if meaning.label is None:
        _refuse_groups_for_labels(rows, roles, named)
    data = _Reading(tree, rows, roles, meaning, base if below else "").dataset(named)
    if base and not below:
        data = replace(data, note=f"{data.note}\n{path.name}: its files lie below {tree.root}")
    above = f"{base}/" if below and base else ""
    return data, {f"{above}{row.name}": row.file for row in named if row.file}


def _refuse_groups_for_labels(table: Records, roles: Roles, rows: Sequence[NamedRow]) -> None:
    """Raise InputError where the labels would be patients or the like, beside folders of others."""
    title = roles.label_title
    if is_label_title(title) or not GROUPS.search(plain(title)):
        return
    pairs = {(row.file.rpartition("/")[0], *roles.labels(row.cells)) for row in rows if row.file}
    folders = {folder for folder, *_ in pairs}
    names = {folder.rpartition("/")[2] for folder in folders}
    if len(names) < 2 or all(map(part_in, names)) or len(pairs) == len(folders):
        return
    depth = next(iter(folders)).count("/") + 1
    raise InputError(
        f"{table.path}: {title} looks like what groups pictures, and these lie in folders "
        f"({shortened(sorted(names), 3)}); which are the labels? --label folder:{depth} says the "
        f"folders, with --group '{title}', and --label '{title}' that column"
    )


def hinted_part(name: str, base: str, roles: Roles) -> str:
    """The part that a table is of by its name or its folder: trainLabels.csv, test/labels.csv."""
    if roles.parts.columns:
        return ""
    if "submission" in name.lower():
        return "test"
    words = [stem_of(name), *reversed(base.split("/"))]
    return next(filter(None, map(part_in, words)), "")


class _Reading(NamedTuple):
    """A table on its way to a data set."""

    tree: Tree
    table: Records
    roles: Roles
    meaning: Meaning
    prefix: str  # before the names of samples, where several tables are read

    def dataset(self, rows: Sequence[NamedRow]) -> Dataset:
        """The samples of the rows whose files and labels are there; the others as strays."""
        samples: list[Sample] = []
        strays: list[Stray] = []
        used: list[NamedRow] = []
        same: dict[tuple[str, str, str], NamedRow] = {}  # what was said of a file already
        labels = [self.roles.labels(row.cells, row.file) for row in rows]
        nothing, doubtful = no_labels(one for some in labels if len(some) == 1 for one in some)
        for own, row in zip(labels, rows, strict=True):
            name = f"{self.prefix}/{row.name}" if self.prefix else row.name
            label = own[0] if len(own) == 1 and own[0] not in nothing else ""
            if row.why_missing:
                strays.append(Stray(name, "missing", self._at(row, row.why_missing)))
            elif len(own) > 1:
                detail = f"has {len(own)} labels: {shortened(own)}"
                strays.append(Stray(name, "several labels", self._at(row, detail)))
            elif not label:
                strays.append(Stray(name, "no label", self._at(row, "has no label")))
            elif not (part := self._part(row)) and self.roles.parts.required:
                detail = f"says no part in {self.roles.parts.required}"
                strays.append(Stray(name, "no part", self._at(row, detail)))
            elif first := same.get((row.file or str(row.place), label, part)):
                detail = f"says what line {first.line} does"
                strays.append(Stray(name, "repeated", self._at(row, detail)))
            else:
                place = row.place or self.tree.place(row.file)
                samples.append(Sample(name, label, place, part))
                used.append(row)
                same[row.file or str(row.place), label, part] = row
        strays += self._uneven()
        if not samples and self.roles.label is not None:
            raise self._nothing(rows, strays)
        samples = self._spelt(samples)
        samples, parts_note = self._with_parts(samples, used)
        samples = self._with_groups(samples, used)
        notes = [self._note(samples), parts_note, self.roles.parts.note, doubtful]
        partless = sum(stray.reason == "no part" for stray in strays)
        notes += [partless_note(partless, self.roles.parts), self._written_note(used)]
        notes += [passed_over_note(used), disputed_note([s.label for s in samples], used)]
        notes.append(self.roles.label.note if isinstance(self.roles.label, OneHot) else "")
        notes += self._groups_note(samples, used)
        return Dataset(
            self.tree.root,
            in_order(sample.label for sample in samples),
            tuple(samples),
            tuple(strays),
            note="\n".join(filter(None, notes)),
            columns=self._columns(samples, used),
        )

    def _uneven(self) -> list[Stray]:
        """The rows with a comma too many, or one that is missing."""
        at, count = self.roles.file, len(self.table.titles)
        return [
            Stray(
                (row.cells[at] if at < len(row.cells) else "") or f"line {row.line}",
                "no label",
                f"line {row.line} of {self.table.path.name} has {len(row.cells)} columns, the "
                f"first line {count}",
            )
            for row in self.table.uneven
        ]

    def _part(self, row: NamedRow) -> str:
        """The part that a row says, else that of its folder, where each row has to have one."""
        part = self.roles.parts.part_of_row(row.cells)
        if part or not self.roles.parts.required:
            return part
        return folder_part(row.file.rpartition("/")[0])

    def _written_note(self, rows: Sequence[NamedRow]) -> str:
        """A word on labels that are written as lists."""
        at = self.roles.label
        written = (r.cells[at] for r in rows if isinstance(at, int) and is_written(r.cells[at]))
        if (cell := next(written, None)) is None:
            return ""
        return f"{self.roles.label_title} is written by a program: {cell} is '{labels_in(cell)[0]}'"

    def _at(self, row: NamedRow, what: str) -> str:
        return f"line {row.line} of {self.table.path.name} {what}"

    def _nothing(self, rows: Sequence[NamedRow], strays: Sequence[Stray]) -> InputError:
        path, count = self.table.path, Counter(stray.reason for stray in strays)
        if count["missing"] == len(rows) and "could be meant" in strays[0].detail:
            return InputError(f"{path}: no row names one file: {strays[0].detail}")
        if count["missing"] == len(rows):
            title = self.table.titles[self.roles.file]
            # A file of that name may be there, in a part or folder that the row contradicts.
            _, _, against = rows[0].why_missing.partition("is there: ")
            return InputError(
                f"{path}: none of the {len(rows):,} files that it names is there: "
                f"'{rows[0].cells[self.roles.file]}', for one, of {title}; looked below "
                f"{self.tree.root}"
                + (f", where {against}, which the row contradicts" if against else "")
                + (self._archive_beside() if not against else "")
            )
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in count.items())
        return InputError(
            f"{path}: no row has a file and a label: {reasons}; {strays[0].detail}, for one"
        )

    def _archive_beside(self) -> str:
        """A word on an archive that lies beside the table, which is looked into with the folder."""
        archive = next((name for name in self.tree.names if ending_of(name)), "")
        if not archive or archive == self.table.path.name:
            return ""
        return f", and not into {archive}; give the folder, whose archives are looked into"

    def _spelt(self, samples: Sequence[Sample]) -> list[Sample]:
        spelling = label_spellings(sample.label for sample in samples)
        if all(label == name for label, name in spelling.items()):
            return list(samples)
        return [sample._replace(label=spelling[sample.label]) for sample in samples]

    def _with_parts(
        self, samples: list[Sample], rows: Sequence[NamedRow]
    ) -> tuple[list[Sample], str]:
        """With the parts that folders are called after, where no column says any."""
        said = self.meaning.part
        number = level(said) if said else None
        if number is not None:
            of = folder_of(number)
            names = [of(row.cells, row.file) for row in rows]
            words = parts_by_words({*names}, self.meaning.part_words, f"{self.tree.root}: {said}")
            parts = [
                words[name] if name in words else part_of(name, str(row.file))
                for name, row in zip(names, rows, strict=True)
            ]
        elif self.meaning.fold is None and any(s.part for s in samples):
            return samples, self._outranked_note(rows, {sample.part for sample in samples})
        elif self.prefix:
            return samples, ""
        else:
            parts = [folder_part(row.file.rpartition("/")[0]) for row in rows]
        if number is None and not are_parts(parts):
            return samples, ""
        note = "parts as the folders are called"
        if number is None and self.meaning.fold is not None:
            if not (kept := {*parts} - {"", "train"}):
                return samples, ""
            parts = [within_fold(s.part, p, kept) for s, p in zip(samples, parts, strict=True)]
            note = f"the {' and '.join(sorted(kept))} part stays as the folders are called"
            note += ", and the fold is to validate on" * ("test" in kept)
        pairs = zip(samples, parts, strict=True)
        return [s._replace(part=part) for s, part in pairs], note

    def _outranked_note(self, rows: Sequence[NamedRow], parts: Collection[str]) -> str:
        """A word on a folder of one part that holds those of others too, by their rows."""
        folders = {folder_part(row.file.rpartition("/")[0]) for row in rows}
        if len(folders) != 1 or "" in folders or folders == {*parts}:
            return ""
        titles = " and ".join(self.table.titles[at] for at in self.roles.parts.columns)
        return f"all lie in a folder of {folders.pop()}; their parts are those of {titles}"

    def _with_groups(self, samples: list[Sample], rows: Sequence[NamedRow]) -> list[Sample]:
        if not self.roles.groups or not samples:
            return samples
        values = [
            self.roles.groups_in(row.cells, row.file, sample.label)
            for sample, row in zip(samples, rows, strict=True)
        ]
        named = zip(samples, group_names(values), strict=True)
        return [sample._replace(group=name) for sample, name in named]

    def _groups_note(self, samples: Sequence[Sample], rows: Sequence[NamedRow]) -> list[str]:
        if self.roles.groups:
            return [note_on_restarts({sample.group for sample in samples}, self.roles.groups)]
        labels = [sample.label for sample in samples]
        titles = self.table.titles
        return [
            groups_note(titles[at], cells)
            for at in self.roles.further
            if looks_like_groups(titles[at], cells := [row.cells[at] for row in rows], labels)
        ]

    def _columns(
        self, samples: Sequence[Sample], rows: Sequence[NamedRow]
    ) -> Mapping[str, Mapping[str, str]]:
        names, labels = [s.name for s in samples], [s.label for s in samples]
        cells_of = {at: [row.cells[at] for row in rows] for at in self.roles.further}
        return {
            self.table.titles[at]: dict(zip(names, cells, strict=True))
            for at, cells in cells_of.items()
            if tells_kinds(cells, labels)
        }

    def _note(self, samples: Sequence[Sample]) -> str:
        named = self.table.titles[self.roles.file] or "(no title)"
        header = "" if self.table.headed else ", and no header"
        labels = f", labels in {self.roles.label_title}" if self.roles.label_title else ""
        name = f"{self.prefix}/{self.table.path.name}" if self.prefix else self.table.path.name
        if folders := [self.table.titles[at] for at in self.roles.folders]:
            named += f", their folders in {' and '.join(folders)}"
        return f"{name}: {len(samples):,} files, named in {named}{labels}{header}"

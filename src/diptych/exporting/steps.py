"""The way of an export: processes make and check files aside, and good ones are put in place."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from safetensors.numpy import save

from diptych.bundles.format import GRAPH, Bundle
from diptych.errors import DiptychError, GateError, InputError
from diptych.exporting.folder import existing_rows, put_in_place
from diptych.exporting.formats.contract import FLOAT, RUNTIMES, TENSORFLOW, TORCH, Format
from diptych.exporting.jobs import Job, rows_of
from diptych.exporting.pictures import Pictures, pictures
from diptych.exporting.process import CHECK, GRAPH_OUTPUTS, MAKE, TARGETS
from diptych.exporting.quantization import LighterFile, make_lighter
from diptych.exporting.row import Row
from diptych.exporting.selection import choose_formats
from diptych.exporting.table import recommendation
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES, concatenated
from diptych.images.rows import in_batches
from diptych.runtimes import onnxruntime
from diptych.system.files import folder_aside

Log = Callable[[str], object]

# In this order, but that the network's own framework goes first.
PROCESSES = (TORCH, TENSORFLOW, RUNTIMES)
BATCH = 32


@dataclass(frozen=True)
class Export:
    """What came of an export."""

    folder: Path
    rows: tuple[Row, ...]
    reference: str  # what the files were compared with

    @property
    def refused(self) -> tuple[Row, ...]:
        """The files that failed their check, and are not there."""
        return tuple(row for row in self.rows if row.refusal)

    @property
    def written(self) -> bool:
        """Whether any file passed its check; else the folder is as it was."""
        return len(self.refused) < len(self.rows)

    def to_json(self) -> dict[str, Any]:
        """The export as plain data."""
        return {
            "folder": str(self.folder),
            "reference": self.reference,
            "recommendation": recommendation(self.rows),
            "files": [row.to_json() for row in self.rows],
        }


class Task(NamedTuple):
    """What is to be made, where, and who is told how far it is."""

    bundle: Bundle
    formats: tuple[Format, ...]
    pictures: Pictures
    stem: str  # what the names of files begin with
    folder: Path  # in which they are made
    log: Log


def export_bundle(
    bundle: Bundle,
    names: Sequence[str],
    out: Path,
    data: Path | None,
    lighter: Sequence[str],
    max_drop: float,
    force: bool,
    log: Log,
) -> Export:
    """As `exporting.export` says."""
    formats = choose_formats(names, bundle, lighter)
    if not max_drop >= 0:
        raise InputError(f"--max-drop {max_drop:g}: name 0 or more points")
    stem = bundle.path.resolve().name.removesuffix(".bundle")
    before = existing_rows(bundle, _file_names(formats, lighter, stem), out, force)
    inputs = pictures(bundle, data, calibrate=bool(lighter))
    was_there = out.exists()
    try:
        with folder_aside(out / stem) as folder:
            task = Task(bundle, formats, inputs, stem, folder, log)
            reference = _save_expected(task)
            rows = list(_float_rows(task))
            for kind in lighter:
                rows += _lighter_rows(task, rows, kind, max_drop)
            exported = Export(out, tuple(rows), reference)
            if exported.written:
                put_in_place(bundle, stem, rows, before, reference, folder, out)
    finally:
        if not was_there and out.is_dir() and not any(out.iterdir()):
            out.rmdir()
    return exported


def _file_names(formats: Sequence[Format], lighter: Sequence[str], stem: str) -> list[str]:
    planned = [(format, kind) for format in formats for kind in format.kinds]
    planned += [(format, kind) for format in formats for kind in lighter if kind in format.lighter]
    return [name for format, kind in planned for name in format.files(stem, kind)]


def _save_expected(task: Task) -> str:
    """Leave in the task what the bundle's graph answers; says what else files are compared with."""
    file = onnxruntime.open_file(task.bundle.path / GRAPH)
    validation = task.pictures.validation
    outputs = concatenated(map(file, in_batches(validation.pixels, BATCH)))
    arrays = {name: outputs[name] for name in (PROBABILITIES, OOD_SCORE)}
    expected = save({**arrays, TARGETS: validation.targets_N})
    (task.folder / GRAPH_OUTPUTS).write_bytes(expected)
    engine = task.bundle.facts["recipe"]["engine"]
    if _home(task):
        return f"the trained network in {engine}"
    return f"the bundle's graph, for {engine} is not installed here"


def _home(task: Task) -> str:
    """The process in which the network itself can be asked; "" where its framework is missing."""
    engine: str = task.bundle.facts["recipe"]["engine"]
    if engine == "linear":
        # It needs none; but files of one process are checked in a later one.
        wanted = {where for f in task.formats for where in (f.made_in, f.run_in)}
        return next(process for process in PROCESSES if process in wanted)
    return engine if find_spec(engine) else ""


def _float_rows(task: Task) -> Iterator[Row]:
    """The files in float32: made, then checked, each by processes of their own."""
    home = _home(task)
    refused = set[tuple[str, str]]()
    for process in sorted(PROCESSES, key=lambda process: process != home):
        jobs = [
            Job(does, format.name, kind)
            for format in task.formats
            for kind in format.kinds
            for does, where in ((MAKE, format.made_in), (CHECK, format.run_in))
            if where == process and (format.name, kind) not in refused
        ]
        if jobs or process == home:
            engine = task.bundle.facts["recipe"]["engine"] if process == home else ""
            for row in _rows_of(task, jobs, engine):
                if row.refusal:
                    refused.add((row.format, row.kind))
                task.log(str(row))
                yield row


def _rows_of(task: Task, jobs: Sequence[Job], network: str = "") -> Iterator[Row]:
    """Rows of jobs in a process of their own; first it asks the network in this engine, if any."""
    settings = {
        "bundle": str(task.bundle.path.absolute()),
        "keys": task.pictures.validation.keys,
        "stem": task.stem,
        "network": network,
    }
    return rows_of(jobs, settings, task.folder, task.log)


def _lighter_rows(
    task: Task, float_rows: Sequence[Row], kind: str, max_drop: float
) -> Iterator[Row]:
    """The files of a lighter kind, each made by its format's tool of the one in float32."""
    lost = {row.format for row in float_rows if row.kind == FLOAT and row.refusal}
    lighter = dict[str, LighterFile]()
    for format in task.formats:
        if kind not in format.lighter:
            continue
        try:
            if format.name in lost:
                raise GateError("its file in float32 was refused")
            lighter[format.name] = _make_lighter(task, format, kind, max_drop)
        except DiptychError as error:
            row = Row(format.name, kind, format.files(task.stem, kind), str(error))
            task.log(str(row))
            yield row
    for row in _rows_of(task, [Job(CHECK, name, kind) for name in lighter]) if lighter else ():
        file = lighter[row.format]
        row = row._replace(fidelity=file.fidelity, float_layers=file.float_layers)
        task.log(str(row))
        yield row


def _make_lighter(task: Task, format: Format, kind: str, max_drop: float) -> LighterFile:
    """Make one lighter file and leave it in the task."""
    float_paths = [task.folder / name for name in format.files(task.stem, FLOAT)]
    lighter = make_lighter(
        format,
        kind,
        dict(zip(format.endings, (path.read_bytes() for path in float_paths), strict=True)),
        task.pictures,
        max_drop,
        lambda line: task.log(f"{format.name} {kind}: {line}"),
    )
    for ending, name in zip(format.endings, format.files(task.stem, kind), strict=True):
        (task.folder / name).write_bytes(lighter.files[ending])
    return lighter

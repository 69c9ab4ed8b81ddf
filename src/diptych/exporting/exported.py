"""The way of an export: processes make and judge files aside, and good ones are put in place."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import save_file

from diptych.bundles.format import GRAPH as MODEL
from diptych.bundles.format import Bundle
from diptych.errors import DiptychError, GateError, InputError
from diptych.exporting import page
from diptych.exporting import quantization as int8
from diptych.exporting.folder import existing, put_in_place
from diptych.exporting.formats import FLOAT, Format, chosen
from diptych.exporting.jobs import Job, done
from diptych.exporting.judging import Row
from diptych.exporting.making import facts_of, packed
from diptych.exporting.pictures import Judges, judges, pixels_of
from diptych.exporting.process import GRAPH, JUDGE, MAKE, TARGETS
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES
from diptych.runtimes.files import open_onnx
from diptych.system.files import folder_aside

Tell = Callable[[str], object]

# In this order, but that the network's own framework goes first.
PROCESSES = ("torch", "tensorflow", "graphs")
BATCH = 32


@dataclass(frozen=True)
class Exported:
    """What came of an export."""

    folder: Path
    rows: tuple[Row, ...]
    reference: str  # what the files were compared with

    @property
    def refused(self) -> tuple[Row, ...]:
        """The files that failed their check, and are not there."""
        return tuple(row for row in self.rows if row.refusal)

    def to_json(self) -> dict[str, Any]:
        """The export as plain data."""
        return {
            "folder": str(self.folder),
            "reference": self.reference,
            "recommendation": page.recommendation(self.rows),
            "files": [row.to_json() for row in self.rows],
        }


class Order(NamedTuple):
    """What is to be made, where, and who is told how far it is."""

    bundle: Bundle
    formats: tuple[Format, ...]
    judges: Judges
    stem: str  # what the names of files begin with
    task: Path  # the folder in which they are made
    tell: Tell


def exported(
    bundle: Bundle,
    names: Sequence[str],
    out: Path,
    data: Path | None,
    kinds: Sequence[str],
    max_drop: float,
    force: bool,
    tell: Tell,
) -> Exported:
    """As `exporting.export` says."""
    formats = chosen(names, bundle, kinds)
    if not max_drop >= 0:
        raise InputError(f"--max-drop {max_drop:g}: name 0 or more points")
    stem = bundle.path.resolve().name.removesuffix(".bundle")
    planned = [(f, kind) for f in formats for kind in f.kinds]
    planned += [(f, kind) for f in formats for kind in kinds if kind in f.lighter]
    names = [name for format, kind in planned for name in format.files(stem, kind)]
    before = existing(bundle, names, out, force)
    judged_by = judges(bundle)
    calibration = int8.calibration_keys(bundle) if kinds else []
    pixels_of(bundle, [*judged_by.keys, *calibration], data)
    was_there = out.exists()
    try:
        with folder_aside(out / stem) as task:
            order = Order(bundle, formats, judged_by, stem, task, tell)
            reference = _ask_graph(order)
            rows = list(_floats(order))
            for kind in kinds:
                rows += _lighter(order, rows, kind, calibration, max_drop)
            put_in_place(bundle, stem, rows, before, reference, task, out)
    finally:
        if not was_there and out.is_dir() and not any(out.iterdir()):
            out.rmdir()
    return Exported(out, tuple(rows), reference)


def _ask_graph(order: Order) -> str:
    """Leave in the task what the bundle's graph answers; says what else files are compared with."""
    answer = open_onnx(order.bundle.path / MODEL)
    pixels = pixels_of(order.bundle, order.judges.keys, None)
    starts = range(0, len(pixels), BATCH)
    found = [answer(pixels[np.arange(at, min(at + BATCH, len(pixels)))]) for at in starts]
    arrays = {
        name: np.concatenate([some[name] for some in found]) for name in (PROBABILITIES, OOD_SCORE)
    }
    save_file({**arrays, TARGETS: order.judges.targets_N}, order.task / GRAPH)
    engine = order.bundle.facts["recipe"]["engine"]
    if _home(order):
        return f"the trained network in {engine}"
    return f"the bundle's graph, for {engine} is not installed here"


def _home(order: Order) -> str:
    """The process in which the network itself can be asked; "" where its framework is missing."""
    engine: str = order.bundle.facts["recipe"]["engine"]
    if engine == "linear":
        return "graphs"
    return engine if find_spec(engine) else ""


def _floats(order: Order) -> Iterator[Row]:
    """The files in float32: made, then judged, each by processes of their own."""
    home = _home(order)
    refused = set[tuple[str, str]]()
    for process in sorted(PROCESSES, key=lambda process: process != home):
        jobs = [
            Job(does, format.name, kind)
            for format in order.formats
            for kind in format.kinds
            for does, where in ((MAKE, format.made_in), (JUDGE, format.run_in))
            if where == process and (format.name, kind) not in refused
        ]
        if jobs or process == home:
            engine = order.bundle.facts["recipe"]["engine"] if process == home else ""
            for row in _done(order, jobs, engine):
                if row.refusal:
                    refused.add((row.format, row.kind))
                order.tell(str(row))
                yield row


def _done(order: Order, jobs: Sequence[Job], network: str = "") -> Iterator[Row]:
    """Rows of jobs in a process of their own; first it asks the network in this engine, if any."""
    given = {
        "bundle": str(order.bundle.path.absolute()),
        "keys": order.judges.keys,
        "stem": order.stem,
        "network": network,
    }
    return done(jobs, given, order.task, order.tell)


def _lighter(
    order: Order, floats: Sequence[Row], kind: str, calibration: Sequence[str], max_drop: float
) -> Iterator[Row]:
    """The files of a lighter kind, each made by its format's tool of the one in float32."""
    lost = {row.format for row in floats if row.kind == FLOAT and row.refusal}
    known = dict[str, int8.Lighter]()
    for format in order.formats:
        if kind not in format.lighter:
            continue
        files = format.files(order.stem, kind)
        try:
            if format.name in lost:
                raise GateError("its file in float32 was refused")
            known[format.name] = _made_lighter(order, format, kind, calibration, max_drop)
        except DiptychError as error:
            row = Row(format.name, kind, files, str(error))
            order.tell(str(row))
            yield row
    for row in _done(order, [Job(JUDGE, name, kind) for name in known]) if known else ():
        found = known[row.format]
        yield row._replace(fidelity=found.fidelity, floats=found.floats)


def _made_lighter(
    order: Order, format: Format, kind: str, calibration: Sequence[str], max_drop: float
) -> int8.Lighter:
    """Make one lighter file and leave it in the task."""
    judges = int8.Judges(
        pixels_of(order.bundle, order.judges.keys, None),
        order.judges.targets_N.tolist(),
        order.judges.groups,
    )
    paths = [order.task / name for name in format.files(order.stem, FLOAT)]
    floats = {ending: path.read_bytes() for ending, path in zip(format.endings, paths, strict=True)}
    found = int8.lighter(
        format.tool,
        kind,
        floats,
        pixels_of(order.bundle, calibration, None),
        judges,
        max_drop,
        lambda line: order.tell(f"{format.name} {kind}: {line}"),
    )
    for ending, name in zip(format.endings, format.files(order.stem, kind), strict=True):
        data = found.files[ending]
        if format.name == "litert":
            data = packed(data, facts_of(order.bundle))
        (order.task / name).write_bytes(data)
    return found

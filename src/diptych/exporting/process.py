"""Formats made and checked in this process: `python -m diptych.exporting.process TASK`.

TASK is a folder with a list of jobs, which names the folder that files are written in. The caller
gets a line of JSON for each job that is done: null for a file that was made, else its `Row`.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from safetensors.numpy import load_file, save

from diptych.bundles.format import GRAPH, open_bundle
from diptych.errors import first_line
from diptych.exporting.checks import Expected, check_parity, check_resizing
from diptych.exporting.formats import FORMATS
from diptych.exporting.formats.contract import ANY_SIZE, Paths
from diptych.exporting.row import Row
from diptych.exporting.source import ExportSource
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES
from diptych.images.decoding import pixel_store
from diptych.images.rows import Rows, pixel_rows
from diptych.runtimes import onnxruntime
from diptych.runtimes.speed import file_speed
from diptych.system.child_process import redirect_output, run_as_child
from diptych.system.files import file_digest, is_full

MAKE, CHECK = "make", "check"
TASK, FOLDER = "task.json", "folder"
# Files with arrays: probabilities from the network itself, and what the bundle's graph answers.
NETWORK_OUTPUTS, GRAPH_OUTPUTS = "network", "graph"
TARGETS = "targets"


def main(task: Path) -> Iterator[Row | None]:
    """Do the jobs in their order; a refused file's other jobs are left, and the others are done."""
    facts = json.loads((task / TASK).read_text(encoding="utf-8"))
    source = ExportSource(open_bundle(facts["bundle"]))
    pixels, folder = (
        pixel_rows(pixel_store(source.shape, source.bundle.bits), facts["keys"]),
        Path(facts[FOLDER]),
    )
    if engine := facts["network"]:
        arrays = {NETWORK_OUTPUTS: source.probabilities(engine, pixels)}
        (folder / NETWORK_OUTPUTS).write_bytes(save(arrays))
    refused = set[tuple[str, str]]()
    for does, format, kind in facts["jobs"]:
        if (format, kind) in refused:
            continue
        row = Row(format, kind, FORMATS[format].files(facts["stem"], kind))
        paths = [folder / name for name in row.files]
        if does == MAKE:
            row = _write_row(source, row, paths)
        else:
            row = _check_row(source, row, paths, pixels, folder)
        if row.refusal:
            refused.add((format, kind))
        yield row if row.refusal or does == CHECK else None


def _write_row(source: ExportSource, row: Row, paths: Paths) -> Row:
    try:
        FORMATS[row.format].write(source, row.kind, paths)
    except Exception as cause:
        if is_full(cause):
            raise
        # Converters raise anything for a network that they cannot convert.
        return row._replace(refusal=f"it cannot be made ({first_line(cause)})")
    return row


def _check_row(source: ExportSource, row: Row, paths: Paths, pixels: Rows, folder: Path) -> Row:
    try:
        file = FORMATS[row.format].open(paths, row.kind)
    except Exception as cause:
        return row._replace(refusal=f"it cannot be opened ({first_line(cause)})")
    row = check_parity(row, file, pixels, _expected(folder))
    if row.kind == ANY_SIZE and not row.refusal:
        fixed = onnxruntime.open_file(source.bundle.path / GRAPH)
        row = check_resizing(row, onnxruntime.open_file(paths[0]), fixed, source.bundle)
    if row.refusal:
        return row
    return row._replace(
        bytes=sum(map(_size, paths)),
        speed=file_speed(file, pixels),
        sha256=tuple(map(file_digest, paths)),
    )


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _expected(folder: Path) -> Expected:
    """What the network answers, or where its framework is missing, the bundle's graph."""
    graph = load_file(folder / GRAPH_OUTPUTS)
    own = folder / NETWORK_OUTPUTS
    p_NK = load_file(own)[NETWORK_OUTPUTS] if own.exists() else graph[PROBABILITIES]
    return Expected(p_NK, graph[OOD_SCORE], graph[TARGETS])


if __name__ == "__main__":
    task = Path(sys.argv[1])

    def run() -> None:
        write_line = redirect_output(task)
        for row in main(task):
            write_line(json.dumps(row and row.to_json()))

    run_as_child(run, task)

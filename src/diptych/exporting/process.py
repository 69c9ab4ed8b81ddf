"""Formats made and judged in this process: `python -m diptych.exporting.process TASK`.

TASK is a folder with a list of jobs; files are written beside that list. Standard output gets a
line of JSON for each job that is done: null for a file that was made, else its `Row`.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file, save_file

from diptych.bundles.format import GRAPH as MODEL
from diptych.bundles.format import open_bundle
from diptych.errors import first_line
from diptych.exporting.formats import ANY_SIZE, FORMATS
from diptych.exporting.judging import Expected, Row, judged
from diptych.exporting.making import Source, made, network_answers, opened
from diptych.exporting.speed import measured
from diptych.exporting.whole_pictures import judged_whole
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES
from diptych.images.decoding import pixel_store
from diptych.images.rows import Rows, pixel_rows
from diptych.runtimes.files import open_onnx
from diptych.system.child_process import quietly, work

MAKE, JUDGE = "make", "judge"
TASK = "task.json"
# Files with arrays: probabilities from the network itself, and what the bundle's graph answers.
NETWORK, GRAPH = "network", "graph"
TARGETS = "targets"


def main(task: Path, tell: Callable[[dict[str, Any] | None], object]) -> None:
    """Do the jobs in their order; a file that is refused is told, and the others are done."""
    given = json.loads((task / TASK).read_text(encoding="utf-8"))
    source = Source(open_bundle(given["bundle"]))
    pixels = pixel_rows(pixel_store(source.bundle.shape), given["keys"])
    if engine := given["network"]:
        save_file({NETWORK: network_answers(source, engine, pixels)}, task / NETWORK)
    refused = set[tuple[str, str]]()
    for does, format, kind in given["jobs"]:
        files = FORMATS[format].files(given["stem"], kind)
        row = Row(format, kind, files)
        paths = [task / name for name in files]
        if (format, kind) in refused:
            continue
        if does == MAKE:
            row = _made(source, row, paths)
        else:
            row = _judged(source, row, paths, pixels, task)
        if row.refusal:
            refused.add((format, kind))
        tell(row.to_json() if row.refusal or does == JUDGE else None)


def _made(source: Source, row: Row, paths: list[Path]) -> Row:
    try:
        made(source, row.format, row.kind, paths)
    except Exception as cause:
        # Converters raise anything for a network that they cannot convert.
        return row._replace(refusal=f"it cannot be made ({first_line(cause)})")
    return row


def _judged(source: Source, row: Row, paths: list[Path], pixels: Rows, task: Path) -> Row:
    try:
        answer = opened(source, row.format, row.kind, paths)
    except Exception as cause:
        return row._replace(refusal=f"it cannot be opened ({first_line(cause)})")
    row = judged(row, answer, pixels, expected(task))
    if row.kind == ANY_SIZE and not row.refusal:
        (path,) = paths
        fixed = open_onnx(source.bundle.path / MODEL)
        row = judged_whole(row, open_onnx(path), fixed, source.bundle)
    if row.refusal:
        return row
    return row._replace(bytes=sum(map(_size, paths)), speed=measured(answer, pixels))


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def expected(task: Path) -> Expected:
    """What the network answers, or where its framework is missing, the bundle's graph."""
    graph = load_file(task / GRAPH)
    own = task / NETWORK
    p_NK = load_file(own)[NETWORK] if own.exists() else graph[PROBABILITIES]
    return Expected(p_NK, graph[OOD_SCORE], graph[TARGETS])


if __name__ == "__main__":
    folder = Path(sys.argv[1])

    def run() -> None:
        tell = quietly(folder)
        main(folder, lambda row: tell(json.dumps(row)))

    work(run, folder)

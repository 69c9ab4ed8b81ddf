"""Exports in fewer bits: int8 by each format's own tool, bfloat16 weights; never unmeasured.

The network's layers compute in int8, all or most of them; what stands before the first (to
standardise pixels) and after the last (the dense layer on the features, the softmax, the OOD score)
stays in float. What accuracy that costs is measured on the validation pictures against the float
file, both run by the format's own runtime (`fidelity`). Where it costs too much, the most sensitive
layers stay in float as well (`search`), and where that is not enough the file is refused.

Tools fill the output with talk, and two of them bring frameworks that do not live well together
(NNCF imports PyTorch where it is installed), so each runs in a process of its own (`process`).
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from diptych.errors import DiptychError
from diptych.exporting.quantization.contract import Files
from diptych.exporting.quantization.fidelity import MAX_DROP, Fidelity
from diptych.images.rows import Rows, in_batches
from diptych.system.child_process import ChildProcessFailed, run_child

if TYPE_CHECKING:
    from diptych.exporting.formats.contract import Format
    from diptych.exporting.pictures import Pictures

BATCH = 64  # pictures that are copied at a time


class LighterFile(NamedTuple):
    """A file in fewer bits that passed."""

    files: Files
    fidelity: Fidelity
    layers: int
    float_layers: tuple[str, ...]  # those that stayed in float, the most sensitive first

    def __str__(self) -> str:
        kept = f"; {len(self.float_layers)} of {self.layers} layers in float"
        return f"{self.fidelity}{kept if self.float_layers else ''}"


def make_lighter(
    format: "Format",
    kind: str,
    files: Files,
    pictures: "Pictures",
    max_drop: float = MAX_DROP,
    log: Callable[[str], object] = lambda line: None,
) -> LighterFile:
    """A float file of a format in int8 or bf16, as accurate as asked; its metadata stay.

    The file takes "images" and answers with "probabilities" and "ood_score". `max_drop` is in
    percentage points; `log` gets a line for every attempt. Raises InputError without the format's
    tool, for a network that has nothing to make smaller and for a kind that the format lacks,
    GateError where accuracy drops by more.
    """
    assert format.quantiser is not None
    with tempfile.TemporaryDirectory(prefix="diptych-") as folder:
        task = Path(folder)
        _write_task(task, format, kind, files, pictures, max_drop)
        try:
            for line in run_child("diptych.exporting.quantization.process", task):
                log(line)
        except ChildProcessFailed as error:
            why = error.last_line or str(error)
            tool = format.quantiser.name
            raise DiptychError(f"{tool}: the file could not be made ({why})") from error
        result = json.loads((task / "result.json").read_text(encoding="utf-8"))
        lighter = {ending: (task / f"lighter{ending}").read_bytes() for ending in files}
        fidelity = Fidelity.from_json(result["fidelity"])
        return LighterFile(lighter, fidelity, result["layers"], tuple(result["float_layers"]))


def _write_task(
    task: Path,
    format: "Format",
    kind: str,
    files: Files,
    pictures: "Pictures",
    max_drop: float,
) -> None:
    for ending, data in files.items():
        (task / f"model{ending}").write_bytes(data)
    validation = pictures.validation
    _write_rows(task / "calibration.npy", pictures.calibration)
    _write_rows(task / "validation.npy", validation.pixels)
    settings = {
        "format": format.name,
        "kind": kind,
        "max_drop": max_drop,
        "targets": validation.targets_N.tolist(),
        "groups": list(validation.groups),
    }
    (task / "task.json").write_text(json.dumps(settings), encoding="utf-8")


def _write_rows(path: Path, rows: Rows) -> None:
    """Write pictures a few at a time: they need not fit in memory."""
    shape = (len(rows), *rows[:1].shape[1:])
    file = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    for i, batch in enumerate(in_batches(rows, BATCH)):
        file[i * BATCH : i * BATCH + len(batch)] = batch
    file.flush()

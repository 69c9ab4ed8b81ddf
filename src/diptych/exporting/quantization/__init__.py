"""Exports in fewer bits: int8 by each format's own tool, bfloat16 weights; never unmeasured.

The network's layers compute in int8, all or most of them; what stands before the first (to
standardise pixels) and after the last (the dense layer on the features, the softmax, OOD score,
drift) stays in float. What accuracy that costs is measured on the validation pictures against the
float file, both run by the format's own runtime (`drop`). Where it costs too much, the most
sensitive layers stay in float as well (`search`), and where that is not enough the file is refused.

Tools fill the output with talk, and two of them bring frameworks that do not live well together
(NNCF imports PyTorch where it is installed), so each runs in a process of its own (`one_tool`).
"""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from diptych.bundles.format import Bundle
from diptych.errors import DiptychError
from diptych.exporting.quantization.fidelity import MAX_DROP, Fidelity
from diptych.images.rows import Rows
from diptych.reliability.ood import references
from diptych.system.child_process import Ended, told

TOOLS = ("onnxruntime", "openvino", "litert")
KINDS = ("int8", "bf16")
# Training pictures that ranges of activations are taken from, each class in turn.
CALIBRATION = 200

# By its ending: {".onnx": …}, {".xml": …, ".bin": …}, {".tflite": …}.
Files = Mapping[str, bytes]


class Judges(NamedTuple):
    """The validation pictures, by which a file is judged."""

    pixels: Rows  # uint8 (N, S, S, 3)
    targets: Sequence[int]  # positions among the classes
    groups: Sequence[str]  # of near-duplicates


class Lighter(NamedTuple):
    """A file in fewer bits that passed."""

    files: Files
    fidelity: Fidelity
    layers: int
    floats: tuple[str, ...]  # the layers that stayed in float, the most sensitive first

    def __str__(self) -> str:
        kept = f"; {len(self.floats)} of {self.layers} layers in float" if self.floats else ""
        return f"{self.fidelity}{kept}"


def calibration_keys(bundle: Bundle) -> list[str]:
    """The SHA-256 of training pictures to calibrate with; never one of the validation part."""
    train = bundle.splits().train
    return [train.samples[i].digest for i in references(train.targets(), CALIBRATION)]


def lighter(
    tool: str,
    kind: str,
    files: Files,
    calibration: Rows,
    judges: Judges,
    max_drop: float = MAX_DROP,
    tell: Callable[[str], object] = lambda line: None,
) -> Lighter:
    """A float file of the tool's format in int8 or bf16, as accurate as asked.

    The file takes "images" and answers with "probabilities" and "OOD score"; its metadata stay,
    but for files that are packed behind a LiteRT model. `max_drop` is in percentage points; `tell`
    gets a line for every attempt. Raises InputError without the tool, for a network that has
    nothing to make smaller and for a kind that the format lacks, GateError where accuracy drops by
    more.
    """
    with tempfile.TemporaryDirectory(prefix="diptych-") as folder:
        task = Path(folder)
        for ending, data in files.items():
            (task / f"model{ending}").write_bytes(data)
        _write_rows(task / "calibration.npy", calibration)
        _write_rows(task / "judges.npy", judges.pixels)
        facts = {
            "tool": tool,
            "kind": kind,
            "max_drop": max_drop,
            "targets": list(map(int, judges.targets)),
            "groups": list(judges.groups),
        }
        (task / "task.json").write_text(json.dumps(facts), encoding="utf-8")
        try:
            for line in told("diptych.exporting.quantization.process", task):
                tell(line)
        except Ended as error:
            why = error.last or str(error)
            raise DiptychError(f"{tool}: the file could not be made ({why})") from error
        found = json.loads((task / "found.json").read_text(encoding="utf-8"))
        made = {ending: (task / f"lighter{ending}").read_bytes() for ending in files}
        fidelity = Fidelity.from_json(found["fidelity"])
        return Lighter(made, fidelity, found["layers"], tuple(found["floats"]))


def _write_rows(path: Path, rows: Rows) -> None:
    """Write pictures a few at a time: they need not fit in memory."""
    first = rows[np.arange(min(1, len(rows)))]
    shape = (len(rows), *first.shape[1:])
    file = np.lib.format.open_memmap(path, "w+", np.uint8, shape)
    for start in range(0, len(rows), 64):
        some = np.arange(start, min(start + 64, len(rows)))
        file[some] = rows[some]
    file.flush()

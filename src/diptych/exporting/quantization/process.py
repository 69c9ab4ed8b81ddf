"""One tool in this process: `python -m diptych.exporting.quantization.process TASK`.

TASK is a folder with a float file, pictures and a few facts; the lighter file and what was measured
of it are written there, or what was foreseen to go wrong. Lines on standard output tell how far it
is.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from diptych.errors import GateError
from diptych.exporting.formats import FORMATS
from diptych.exporting.formats.contract import BF16, FLOAT, INT8, Format
from diptych.exporting.quantization.contract import Files
from diptych.exporting.quantization.fidelity import Fidelity, Outputs, compare
from diptych.exporting.quantization.search import PassingFile, lightest_passing_file, noise
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES, concatenated
from diptych.images.rows import Rows, in_batches
from diptych.system.child_process import redirect_output, run_as_child

# Pictures at once, and those that layers are compared by.
BATCH, COMPARED = 16, 24


def main(task: Path, log: Callable[[str], object]) -> None:
    """Make the lighter file, measure it, write both."""
    settings = json.loads((task / "task.json").read_text(encoding="utf-8"))
    format = FORMATS[settings["format"]]
    quantiser = format.quantiser
    assert quantiser is not None
    files = {ending: (task / f"model{ending}").read_bytes() for ending in format.endings}
    calibration = np.load(task / "calibration.npy", mmap_mode="r")
    validation = np.load(task / "validation.npy", mmap_mode="r")
    targets_N = np.asarray(settings["targets"], np.intp)
    tool = quantiser.start(files, calibration, task)
    bf16 = tool.with_bf16_weights() if settings["kind"] == BF16 else None
    expected = _outputs(format, FLOAT, files, validation, task)

    def measure(lighter: Files) -> Fidelity:
        outputs = _outputs(format, settings["kind"], lighter, validation, task)
        return compare(expected, outputs, targets_N, settings["groups"])

    if bf16 is not None:
        result = _passing_file(bf16, measure(bf16), settings["max_drop"])
    else:
        # Evenly among all, whose order may be that of the classes.
        few = calibration[np.linspace(0, len(calibration) - 1, COMPARED).astype(int)]
        signal = _outputs(format, FLOAT, files, few, task)

        def error(lighter: Files) -> float:
            return noise(signal, _outputs(format, INT8, lighter, few, task))

        result = lightest_passing_file(tool, measure, error, settings["max_drop"], log)
    _write(result, len(tool.layers), task)


def _passing_file(files: Files, fidelity: Fidelity, max_drop: float) -> PassingFile:
    if (refusal := fidelity.refusal(max_drop)) is not None:
        raise GateError(f"in bf16, {refusal}; nothing was written")
    return PassingFile(files, fidelity, ())


def _outputs(format: Format, kind: str, files: Files, images_NHWC: Rows, task: Path) -> Outputs:
    """What a file of a kind says of pictures, run by the format's own runtime."""
    paths = [task / f"tried{ending}" for ending in format.endings]
    for path, ending in zip(paths, format.endings, strict=True):
        # A runtime may still have the last one in its memory, as it lay on disk.
        path.unlink(missing_ok=True)
        path.write_bytes(files[ending])
    file = format.open(paths, kind)
    batches = map(np.ascontiguousarray, in_batches(images_NHWC, BATCH))
    outputs = concatenated(map(file, batches))
    return Outputs(outputs[PROBABILITIES], outputs[OOD_SCORE])


def _write(result: PassingFile, layers: int, task: Path) -> None:
    for ending, data in result.files.items():
        (task / f"lighter{ending}").write_bytes(data)
    plain: dict[str, Any] = {
        "fidelity": result.fidelity._asdict(),
        "layers": layers,
        "float_layers": result.float_layers,
    }
    (task / "result.json").write_text(json.dumps(plain), encoding="utf-8")


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    run_as_child(lambda: main(folder, redirect_output(folder)), folder)

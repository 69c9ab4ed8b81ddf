"""One tool in this process: `python -m diptych.exporting.quantization.process TASK`.

TASK is a folder with a float file, pictures and a few facts; the lighter file and what is known of
it are written there, or what was foreseen to go wrong. Lines on standard output tell how far it is.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import GateError, InputError
from diptych.exporting.quantization.fidelity import Answers, Fidelity, compared
from diptych.exporting.quantization.search import Files, Found, Tool, accurate, noise
from diptych.system.child_process import quietly, work

Run = Callable[[npt.NDArray[np.uint8]], Answers]
Open = Callable[[Files], Run]

# Pictures at once, and those that layers are compared by.
BATCH, COMPARED = 16, 24


def main(task: Path, tell: Callable[[str], object]) -> None:
    """Make the lighter file, measure it, write both."""
    facts = json.loads((task / "task.json").read_text(encoding="utf-8"))
    files = {
        path.suffix: path.read_bytes() for path in sorted(task.iterdir()) if path.stem == "model"
    }
    calibration = np.load(task / "calibration.npy", mmap_mode="r")
    judges = np.load(task / "judges.npy", mmap_mode="r")
    targets_N = np.asarray(facts["targets"], np.intp)
    tool, opened = _tool(facts["tool"], files, calibration, task)
    halved = tool.halved() if facts["kind"] == "bf16" else None
    expected = _answers(opened(files), judges)

    def measure(made: Files) -> Fidelity:
        answers = _answers(opened(made), judges)
        return compared(expected, answers, targets_N, facts["groups"])

    if halved is not None:
        found = _checked(halved, measure(halved), facts["max_drop"])
    else:
        # Evenly among all, whose order may be that of the classes.
        few = calibration[np.linspace(0, len(calibration) - 1, COMPARED).astype(int)]
        signal = _answers(opened(files), few)

        def error(made: Files) -> float:
            return noise(signal, _answers(opened(made), few))

        found = accurate(tool, measure, error, facts["max_drop"], tell)
    for ending, data in found.files.items():
        (task / f"lighter{ending}").write_bytes(data)
    known = {
        "fidelity": found.fidelity._asdict(),
        "layers": len(tool.layers),
        "floats": found.floats,
    }
    (task / "found.json").write_text(json.dumps(known), encoding="utf-8")


def _tool(name: str, files: Files, calibration: Any, task: Path) -> tuple[Tool, Open]:
    if name == "onnxruntime":
        from diptych.exporting.quantization import onnxruntime as by_onnxruntime

        return by_onnxruntime.Static(files, calibration, task), by_onnxruntime.opened
    if name == "openvino":
        # OpenVINO and NNCF would report their use to Google Analytics by the first of these, and
        # NNCF would load the second for nothing: here they are not to be found.
        for unwanted in ("openvino_telemetry", "torch"):
            sys.modules[unwanted] = None  # type: ignore[assignment]
        from diptych.exporting.quantization import nncf as by_nncf

        return by_nncf.Nncf(files, calibration, task), by_nncf.opened
    if name == "litert":
        from diptych.exporting.quantization import litert as by_litert

        return by_litert.LiteRT(files, calibration), by_litert.opened
    raise InputError(f"no tool '{name}'")


def _checked(files: Files, fidelity: Fidelity, max_drop: float) -> Found:
    if (refusal := fidelity.refusal(max_drop)) is not None:
        raise GateError(f"in bf16, {refusal}; nothing was written")
    return Found(files, fidelity, ())


def _answers(run: Run, images_NHWC: Any) -> Answers:
    starts = range(0, len(images_NHWC), BATCH)
    parts = [run(np.ascontiguousarray(images_NHWC[at : at + BATCH])) for at in starts]
    return Answers(*map(np.concatenate, zip(*parts, strict=True)))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    work(lambda: main(folder, quietly(folder)), folder)

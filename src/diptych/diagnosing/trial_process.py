"""A small training in this process: `python -m diptych.diagnosing.trial_process TASK ENGINE`.

Pictures are drawn into the folder TASK, and the bundle is written there. Standard output gets a
line of JSON: what was measured, {"missing"} or {"error"}. What may be broken is imported inside.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych.diagnosing.imports import root_cause
from diptych.errors import DiptychError, GateError, MissingExtra
from diptych.system.child_process import redirect_output, run_as_child

if TYPE_CHECKING:
    from diptych.graphs.outputs import OpenFile

# Pictures of a class, and pixels a side.
COUNT, SIDE = 24, 32
COLOURS = {"blue": (60, 70, 190), "red": (190, 70, 60)}


def main(task: Path, engine: str) -> dict[str, Any]:
    """Draw, read, audit, split, train, test, save, open, predict, and compare."""
    started = time.monotonic()
    os.environ["DIPTYCH_CACHE"] = str(task / "cache")
    from diptych import ImageClassifier, Recipe, audit, clean, engines, load, read, split
    from diptych.metrics.probabilities import softmax

    photos = task / "photos"
    draw(photos)
    found = audit(data := read(photos), size=SIDE, checks=())
    parts = split(clean(data, found), valid=0.25, test=0.25, seed=0)
    network = "linear" if engine == "linear" else "cnn"
    recipe = Recipe(engine=engine, network=network, train="all", image_size=SIDE, epochs=4)
    model = ImageClassifier(recipe).fit(parts.train, parts.valid)
    predictor = load(model.evaluate(parts.test).save(task / "trial.bundle", audit=found))
    files = sorted(photos.rglob("*.png"))
    answers = predictor.predict(files)
    if refused := [answer.error for answer in answers if answer.error]:
        raise GateError(refused[0])
    pixels = pixels_of(files)
    trained = engines.build(engine, predictor.bundle.network(engine), predictor.bundle.weights())
    expected = softmax(trained.predict(pixels))
    differences = compare(predictor.bundle.path / "model.onnx", pixels, expected)
    return {
        "pictures": len(files),
        "seconds": round(time.monotonic() - started, 2),
        **engines.hardware(engine)._asdict(),
        "runtimes": differences,
    }


def draw(folder: Path) -> None:
    """Pictures of two colours that a classifier can tell apart."""
    import numpy as np
    from PIL import Image

    for place, (label, colour) in enumerate(COLOURS.items()):
        (folder / label).mkdir(parents=True)
        for i in range(COUNT):
            rng = np.random.default_rng((place, i))
            coarse = rng.integers(-80, 80, (6, 6, 3)) + np.array(colour)
            image = Image.fromarray(coarse.clip(0, 255).astype(np.uint8))
            image.resize((2 * SIDE, 2 * SIDE)).save(folder / label / f"{i}.png")


def pixels_of(files: list[Path]) -> Any:
    """The files as every part of Diptych sees them, (N, H, W, C)."""
    import numpy as np

    from diptych.images.decoding import read_file
    from diptych.images.preprocess import decode

    return np.stack([decode(read_file(file), (SIDE, SIDE, 3)).pixels for file in files])


def compare(graph: Path, pixels_NHWC: Any, expected_NK: Any) -> dict[str, float]:
    """How far each runtime is from the engine itself, in probability.

    Raises GateError where that is more than rounding.
    """
    from importlib.util import find_spec

    from diptych.runtimes import gate, onnxruntime, openvino

    data = graph.read_bytes()
    openers: dict[str, Callable[[], OpenFile]] = {
        "onnxruntime": lambda: onnxruntime.open_file(data),
        "openvino": lambda: openvino.open_file(data),
    }
    differences = {}
    for runtime, opened in openers.items():
        if not find_spec(runtime):
            continue
        try:
            file = opened()
            comparison = gate.parity(gate.run_in_batches(file, pixels_NHWC), expected_NK)
        except Exception as cause:
            # Each runtime raises classes of its own that share no base.
            raise GateError(f"{runtime}: {root_cause(cause)}") from cause
        if reason := gate.refusal(comparison):
            raise GateError(f"{runtime}: the graph {reason}")
        differences[runtime] = comparison.max_difference
    return differences


if __name__ == "__main__":
    folder = Path(sys.argv[1])

    def run() -> None:
        write_line = redirect_output(folder)
        try:
            facts = main(folder, sys.argv[2])
        except MissingExtra as error:
            facts = {"missing": str(error)}
        except DiptychError as error:
            facts = {"error": str(error)}
        except Exception as error:
            facts = {"error": root_cause(error)}
        write_line(json.dumps(facts))

    run_as_child(run, folder)

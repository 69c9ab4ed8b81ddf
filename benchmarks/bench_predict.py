"""Does `diptych predict BUNDLE FOLDER` answer as fast as decoding and the graph by hand allow?

2,000 photographs: the 1,200 there are, some of them twice. Both are commands of their own, measured
from their start to their end, in turn: the verb, and a loop that decodes a picture and runs the
graph on one core, on as many threads as there are cores. Then how long heatmaps take, one alone and
two at a time. `bench_predict.py [BUNDLE]`; `bench_predict.py hand BUNDLE FOLDER` is the loop.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measuring import diptych, machine, need_photos

COUNT, ROUNDS = 2000, 2
HEATMAPS = 4


def by_hand(bundle: Path, folder: Path) -> None:
    """Decode and run the graph, and keep the numbers."""
    import onnxruntime

    from diptych.images.preprocess import decode
    from diptych.system.cores import cores

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    graph = onnxruntime.InferenceSession(bundle / "model.onnx", options)
    shape = tuple(graph.get_inputs()[0].shape[1:])

    def answer(file: Path) -> object:
        pixels = decode(file.read_bytes(), shape).pixels[None]
        return graph.run(None, {graph.get_inputs()[0].name: pixels})[0]

    with ThreadPoolExecutor(cores()) as pool:
        assert len(list(pool.map(answer, sorted(folder.iterdir())))) == COUNT


def seconds(command: Sequence[str | Path]) -> tuple[float, float]:
    """How long a command takes, by the clock and of processors."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - started, used


def heatmaps(bundle: Path, files: Sequence[Path]) -> tuple[float, float]:
    """Seconds for a heatmap, one at a time and two at a time."""
    from diptych.bundles.predictor import load
    from diptych.reporting.explain import Explainer

    predictor = load(bundle)
    explainer, predictions = Explainer(predictor), predictor.predict(list(files))

    def explain(i: int) -> object:
        return explainer.explain(predictions[i], files[i].read_bytes())

    taken = []
    explain(0)
    for threads in (1, 2):
        started = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(explain, range(len(files))))
        taken.append((time.perf_counter() - started) / len(files))
    return taken[0], taken[1]


def main(bundle: Path, folder: Path) -> None:
    photos = sorted(need_photos().rglob("*.jpg"))
    for i in range(COUNT):
        (folder / f"{i:04d}.jpg").symlink_to(photos[i % len(photos)].resolve())
    hand: list[str | Path] = [sys.executable, __file__, "hand", bundle, folder]
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(seconds(diptych("predict", bundle, folder)))
        bare.append(seconds(hand))
    for i, what in enumerate(("by the clock", "by processor time")):
        ratios = [b[i] / a[i] for a, b in zip(ours, bare, strict=True)]
        rates = [COUNT / statistics.median(one[i] for one in runs) for runs in (ours, bare)]
        print(
            f"{rates[0]:.1f} pictures/s {what}, by hand {rates[1]:.1f}: "
            f"{statistics.median(ratios):.2f} times ({min(ratios):.2f}–{max(ratios):.2f})"
        )
    alone, two = heatmaps(bundle, photos[:HEATMAPS])
    print(f"a heatmap takes {alone:.2f} s alone, {two:.2f} s where two are made at a time")
    print(machine())


if __name__ == "__main__":
    if sys.argv[1:2] == ["hand"]:
        by_hand(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        with tempfile.TemporaryDirectory() as place:
            bundle = Path(sys.argv[1]) if sys.argv[1:] else Path(place) / "photos.bundle"
            if not sys.argv[1:]:
                seconds(diptych("train", need_photos(), "--out", bundle))
            pictures = Path(place) / "pictures"
            pictures.mkdir()
            main(bundle.resolve(), pictures)

"""What does `diptych serve --fastest` gain, and what do its answers lose?

One picture a request, 32 clients, photographs with a longest side of 512 pixels. In turn: the
server by the fastest export, the server by the bundle's own graph, a plain FastAPI program and
LitServe with batching, both with the float graph. Then both of our servers answer the test
pictures, which neither the training nor the export's gate has seen. At last: how long the parts of
a request take, on one core. LitServe may be in an environment of its own:
`LITSERVE=…/bin/python bench_fastest.py [BUNDLE]`; a bundle has its exports beside it.
"""

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench_serving import CLIENTS, HERE, ROUNDS, asked
from measuring import (
    diptych,
    machine,
    need_photos,
    processor_seconds,
    served,
    server_process,
)

from diptych.images.preprocess import decode
from diptych.serving.client import Client
from diptych.serving.fastest import Fastest, open_own

MAX_DROP = 0.5


def made(folder: Path) -> Path:
    """A bundle of the photographs with its exports beside it."""
    bundle, out = folder / "photos.bundle", folder / "photos.exports"
    export = diptych("export", bundle, "--to", "onnx,openvino", "--int8", "--bf16", "--out", out)
    for command in (diptych("train", need_photos(), "--out", bundle), export):
        subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL)
    return bundle


def test_pictures(bundle: Path) -> tuple[list[Path], list[str]]:
    """The files of the test part, and their labels."""
    with (bundle / "splits.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == "test"]
    return [need_photos() / row["path"] for row in rows], [row["label"] for row in rows]


def labels(command: Sequence[Any], files: Sequence[Path]) -> tuple[list[str], Any]:
    """What a server answers, and the file that it answers by; outliers as the nearest class."""
    with served(command, "/readyz") as url:
        client = Client(url, None)
        with urllib.request.urlopen(f"{url}/model") as facts:
            file = json.load(facts)["file"]
        return [str(one.nearest) for one in client.stream(files)], file


def milliseconds(work: Callable[[int], object], count: int) -> float:
    """For one of so many things, after one for warming up."""
    work(0)
    started = time.process_time()
    for i in range(count):
        work(i)
    return 1000 * (time.process_time() - started) / count


def parts(bundle: Path, files: Sequence[Path]) -> dict[str, float]:
    """Milliseconds of a processor for the parts of a request."""
    fastest, own = Fastest(MAX_DROP)(bundle).predictor, open_own(bundle).predictor
    data = [path.read_bytes() for path in files]
    pixels = [decode(some, own.bundle.shape).pixels[None] for some in data]
    by_export, by_own = fastest.on_one_core(), own.on_one_core()
    count = len(data)
    return {
        "decoding": milliseconds(lambda i: decode(data[i], own.bundle.shape), count),
        "the export": milliseconds(lambda i: list(by_export(pixels[i])), count),
        "the bundle's graph": milliseconds(lambda i: list(by_own(pixels[i])), count),
    }


def main(bundle: Path) -> None:
    files = sorted(need_photos().rglob("*.jpg"))[:: 1200 // 160][:160]
    python, graph = sys.executable, bundle / "model.onnx"
    own = [python, "-m", "diptych", "serve", bundle, "--port", "PORT"]
    fastest = [*own, "--fastest", "--max-drop", MAX_DROP]
    litserve = os.environ.get("LITSERVE", python)
    servers = {
        "--fastest": (fastest, "/readyz"),
        "own graph": (own, "/readyz"),
        "plain FastAPI": ([python, HERE / "plain_server.py", graph, "PORT"], "/docs"),
        "LitServe": ([litserve, HERE / "litserve_server.py", graph, "PORT"], "/health"),
    }
    rates: dict[str, list[float]] = {name: [] for name in servers}
    costs: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, (command, ready) in servers.items():
            with server_process(command, ready) as (url, session):
                asked(url, files[:CLIENTS])
                before = processor_seconds(session)
                found = asked(url, files)
                used = processor_seconds(session) - before
                rates[name].append(found["rate"])
                costs[name].append(1000 * used / found["statuses"]["200"])
    for name, values in rates.items():
        dearer = [a / b for a, b in zip(costs[name], costs["--fastest"], strict=True)]
        ratios = [a / b for a, b in zip(rates["--fastest"], values, strict=True)]
        print(
            f"{name}: {statistics.median(values):.1f}/s ({min(values):.1f}–{max(values):.1f}); "
            f"--fastest is {statistics.median(ratios):.2f} times as fast "
            f"({min(ratios):.2f}–{max(ratios):.2f}); {statistics.median(costs[name]):.1f} ms of a "
            f"processor an answer, {statistics.median(dearer):.2f} times as many"
        )
    pictures, expected = test_pictures(bundle)
    (quick, file), (exact, _) = (labels(command, pictures) for command in (fastest, own))
    for name, answers in ((file["name"], quick), ("model.onnx", exact)):
        right = sum(a == b for a, b in zip(answers, expected, strict=True))
        print(f"{name}: {right} of {len(expected)} test pictures right")
    same = sum(a == b for a, b in zip(quick, exact, strict=True))
    print(f"the same answer on {same}; the gate measured: {file}")
    for name, one in parts(bundle, files).items():
        print(f"{name}: {one:.1f} ms of a processor")
    print(machine())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as place:
            main(made(Path(place)))

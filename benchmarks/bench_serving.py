"""How much of the machine does `diptych serve` turn into answers, beside other ways to serve?

One picture a request, 32 clients, photographs with a longest side of 512 pixels. Beside the server,
in turn: decoding and the graph alone, by hand, in one process, the best of one by one, of batches
with a pool for decoding, and of one by one on each core; the same graph in a plain FastAPI program;
and in LitServe with batching. Then how long one request alone takes, and one amid half the load.
`pip install litserve` first.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from measuring import diptych, machine, need_photos, served

from diptych import load
from diptych.images.preprocess import decode
from diptych.system.cores import cores

HERE = Path(__file__).parent
CLIENTS, SECONDS, ROUNDS = 32, 8.0, 3
BATCH = 8


def bare(bundle: Path, files: Sequence[Path]) -> float:
    """Pictures a second by hand."""
    predictor = load(bundle)
    shape = predictor.bundle.shape
    data = [path.read_bytes() for path in files]

    def one_by_one() -> None:
        for some in data:
            predictor.probabilities(decode(some, shape).pixels[None])

    def in_batches() -> None:
        with ThreadPoolExecutor() as pool:
            pixels = pool.map(lambda some: decode(some, shape).pixels, data)
            for _ in range(0, len(data), BATCH):
                predictor.probabilities(np.stack([next(pixels) for _ in range(BATCH)]))

    def on_each_core() -> None:
        ask = predictor.on_one_core()
        with ThreadPoolExecutor(cores()) as pool:
            list(pool.map(lambda some: list(ask(decode(some, shape).pixels[None])), data))

    rates = []
    for way in (one_by_one, in_batches, on_each_core):
        way()
        started = time.perf_counter()
        way()
        rates.append(len(data) / (time.perf_counter() - started))
    return max(rates)


def asked(
    url: str, files: Sequence[Path], clients: int = CLIENTS, rate: float = 0.0
) -> dict[str, Any]:
    """What `load.py` finds."""
    command = [sys.executable, HERE / "load.py", f"{url}/predict", clients, SECONDS, rate, *files]
    done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["statuses"].keys() == {"200"}, answer["statuses"]
    return answer


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "photos.bundle"
        subprocess.run([*map(str, diptych("train", need_photos(), "--out", bundle))], check=True)
        files = sorted(need_photos().rglob("*.jpg"))[:: 1200 // 160][:160]
        graph = bundle / "model.onnx"
        python = sys.executable
        servers = {
            "diptych": ([python, "-m", "diptych", "serve", bundle, "--port", "PORT"], "/readyz"),
            "plain": ([python, HERE / "plain_server.py", graph, "PORT"], "/docs"),
            "litserve": ([python, HERE / "litserve_server.py", graph, "PORT"], "/health"),
        }
        rates: dict[str, list[float]] = {name: [] for name in ("bare", *servers)}
        for _ in range(ROUNDS):
            rates["bare"].append(bare(bundle, files))
            for name, (command, ready) in servers.items():
                with served(command, ready) as url:
                    asked(url, files[:CLIENTS])
                    rates[name].append(asked(url, files)["rate"])
        for name, values in rates.items():
            print(
                f"{name}: {statistics.median(values):.1f}/s ({min(values):.1f}–{max(values):.1f})"
            )
        ours = rates["diptych"]
        for name, share in (("bare", "of the bare rate"), ("plain", ""), ("litserve", "")):
            ratios = [a / b for a, b in zip(ours, rates[name], strict=True)]
            middle = statistics.median(ratios)
            print(
                f"{middle:.2f} times {name} ({min(ratios):.2f}–{max(ratios):.2f}) {share}".strip()
            )
        command, ready = servers["diptych"]
        with served(command, ready) as url:
            asked(url, files[:CLIENTS])
            alone = asked(url, files, clients=1)
            half = asked(url, files, rate=statistics.median(ours) / 2)
        print(
            f"alone {alone['p50']:.1f} ms; at half load p50 {half['p50']:.1f} ms, "
            f"p99 {half['p99']:.1f} ms, {half['p99'] / alone['p50']:.1f} times that"
        )
    print(machine())


if __name__ == "__main__":
    main()

"""Does decoding plus features reach what the two bare rates allow?

Bare rates, by hand on the same cores: Pillow decoding and resizing in as many threads as there are
cores, and the same ONNX graph in the same runtime on pictures in memory. Together they allow
1 / (1/decode + 1/features). Diptych's own way writes the cache as it goes.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from measuring import cold_cache, machine, need_photos
from PIL import Image

from diptych.graphs.writer import onnx_graph
from diptych.images.decoding import decode_files, pixel_store
from diptych.networks.pretrained import carried
from diptych.networks.zoo import efficientnet_lite0
from diptych.recipe import IMAGE_SIZE
from diptych.runtimes import fastest, open_graph
from diptych.runtimes.features import BATCH, feature_extractor, features
from diptych.system.cores import cores

SHAPE = (IMAGE_SIZE, IMAGE_SIZE, 3)


def bare_decode(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        small = image.convert("RGB").resize(SHAPE[:2], Image.Resampling.BILINEAR)
    return np.asarray(small)


def main() -> None:
    paths = sorted(need_photos().rglob("*.jpg"))
    network = efficientnet_lite0(SHAPE, 2)
    weights = carried(network)
    graph = onnx_graph(network.backbone, weights, probabilities=False)
    run = open_graph(graph, fastest())
    ratios = []
    for _ in range(3):
        started = time.monotonic()
        with ThreadPoolExecutor(cores()) as pool:
            images = np.stack(list(pool.map(bare_decode, paths)))
        decode = len(paths) / (time.monotonic() - started)

        started = time.monotonic()
        for start in range(0, len(images), BATCH):
            run(images[start : start + BATCH])
        bare = len(paths) / (time.monotonic() - started)

        with cold_cache() as env:
            os.environ["DIPTYCH_CACHE"] = env["DIPTYCH_CACHE"]
            started = time.monotonic()
            store = pixel_store(SHAPE)
            keys = [picture.digest for picture in decode_files(paths, store)]
            features(feature_extractor(graph, network.features), keys, store)
            ours = len(paths) / (time.monotonic() - started)
        allowed = 1 / (1 / decode + 1 / bare)
        ratios.append(ours / allowed)
        rates = f"decode {decode:.0f}/s, features {bare:.0f}/s, allowed {allowed:.0f}/s"
        print(f"{rates}: {ours:.0f}/s")
    print(f"Diptych reaches {np.median(ratios):.0%} of it (median of 3, {fastest()})")
    print(machine())


main()

"""How much more memory do ten times the photographs cost?

The larger data set has ten noisy copies of each photograph: near-duplicates, which the audit groups
and the split keeps together.
"""

import tempfile
from pathlib import Path

import numpy as np
from measuring import cold_cache, diptych, machine, measured, need_photos
from PIL import Image

COPIES = 10


def noisy(path: Path, target: Path, seed: int) -> None:
    """A copy with noise."""
    with Image.open(path) as image:
        levels = np.asarray(image.convert("RGB")).astype(np.int16)
    noise = np.random.default_rng(seed).integers(-12, 13, levels.shape)
    Image.fromarray((levels + noise).clip(0, 255).astype(np.uint8)).save(target, quality=85)


def main() -> None:
    photos = need_photos()
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        many = Path(folder) / "many"
        for number, path in enumerate(sorted(photos.rglob("*.jpg"))):
            (many / path.parent.name).mkdir(parents=True, exist_ok=True)
            for copy in range(COPIES):
                target = many / path.parent.name / f"{path.stem}-{copy}.jpg"
                noisy(path, target, number * COPIES + copy)
        # The smaller first: the peak of child processes is the largest so far.
        for data in (photos, many):
            with cold_cache() as env:
                out = Path(folder) / f"{data.name}.bundle"
                run = measured(diptych("train", data, "--out", out), env)
            peaks.append(run.peak_mib)
            print(f"{run.answer['used']:,} pictures: {run.peak_mib:.0f} MiB, {run.seconds:.0f} s")
    print(f"ten times the photographs take {peaks[1] / peaks[0]:.2f} times the memory")
    print(machine())


main()

"""Are pictures of something else told from the photographs, and better than by probability?

Trains on the photographs with the default recipe, then asks about the test photographs and three
kinds of outliers. Told apart: the chance that an outlier has a higher score than a photograph
(AUROC). Refused: answered "none of these", with the threshold that the bundle has.
"""

import os
import random
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from measuring import SHARED, cold_cache, diptych, machine, measured, need_photos, rows
from PIL import Image

from diptych.reliability.ood import auroc

CIFAR = 400


def cifar(folder: Path) -> None:
    with zipfile.ZipFile(SHARED / "cifar10.zip") as archive:
        names = [name for name in archive.namelist() if "test/" in name and name.endswith(".jpg")]
        for name in random.Random(0).sample(sorted(names), CIFAR):
            (folder / name.replace("/", "-")).write_bytes(archive.read(name))


def noise(folder: Path) -> None:
    rng = np.random.default_rng(7)
    for i in range(100):
        pixels = rng.integers(0, 256, (300, 400, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")


def answers(bundle: Path, *pictures: Path, env: dict[str, str]) -> tuple[np.ndarray, ...]:
    """How strange the pictures are, by the bundle's score and by the largest probability."""
    predictions = measured(diptych("predict", bundle, *pictures), env).answer
    outlier_N = [one["ood_score"] for one in predictions]
    unsure = [1 - max(one["probabilities"].values()) for one in predictions]
    return np.array(outlier_N, np.float32), np.array(unsure, np.float32)


def main() -> None:
    photos = need_photos()
    with cold_cache() as env, tempfile.TemporaryDirectory() as folder:
        os.environ["DIPTYCH_CACHE"] = env["DIPTYCH_CACHE"]
        bundle = Path(folder) / "photos.bundle"
        measured(diptych("train", photos, "--out", bundle), env)
        test = [row["path"] for row in rows(bundle / "splits.csv") if row["part"] == "test"]
        photo_N, photo_unsure = answers(bundle, *(photos / name for name in test), env=env)
        print(f"test photographs kept: {(photo_N <= 1).mean():.1%} of {len(photo_N)}")
        drawn = Path(folder) / "drawn"
        measured(diptych("sample", "plates", drawn, "--count", "200", "--no-defects"), env)
        for make in (cifar, noise):
            (Path(folder) / make.__name__).mkdir()
            make(Path(folder) / make.__name__)
        for name in ("cifar", "drawn", "noise"):
            outlier_N, unsure = answers(bundle, Path(folder) / name, env=env)
            print(
                f"{name}: AUROC {auroc(photo_N, outlier_N)}, refused {(outlier_N > 1).mean():.1%} "
                f"of {len(outlier_N)}; by probability AUROC {auroc(photo_unsure, unsure)}"
            )
    print(machine())


main()

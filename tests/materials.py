"""Made-up features as the checks of an audit see them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from diptych.auditing.material import Material
from diptych.data.dataset import Dataset, Sample
from diptych.images.decoding import pixel_store
from diptych.images.store import Store
from diptych.runtimes.features import FeatureRows


def stored(folder: Path, last_ND: npt.NDArray[np.floating], middle: int = 4) -> FeatureRows:
    """Features on the disk; those of the layer between are the first of the last."""
    rows = np.concatenate([last_ND, last_ND[:, :middle]], axis=1)
    store = Store(folder, (rows.shape[1],), "float32")
    keys = [f"{i:04}" for i in range(len(rows))]
    store.add((key, row, {}) for key, row in zip(keys, rows, strict=True))
    return FeatureRows(store, keys, slice(0, last_ND.shape[1]))


def usual_and_flock(usual: int = 400, width: int = 64) -> npt.NDArray[np.float64]:
    """Features of usual pictures, of six strangers that are far off, and of six like them."""
    rng = np.random.default_rng(0)
    direction = np.outer(np.repeat((2.0, 0.7), 6), rng.normal(0, 1, width))
    flock = direction + rng.normal(0, 0.7, direction.shape)
    return 10 + np.concatenate([rng.normal(0, 1, (usual, width)), flock])


def material(
    folder: Path, features_ND: npt.NDArray[np.floating], labels: npt.NDArray[np.intp]
) -> Material:
    """Pictures of which nothing is known but features; their classes are called 0, 1, …"""
    samples = tuple(
        Sample(f"{label}/{i}.jpg", str(label), Path(f"{i}.jpg"), digest=f"{i:04}")
        for i, label in enumerate(labels)
    )
    classes = tuple(str(label) for label in sorted(set(labels)))
    dataset = Dataset(Path("made-up"), classes, samples)
    rows = stored(folder, features_ND)
    return Material(dataset, {}, pixel_store((8, 8, 3)), {}, rows)

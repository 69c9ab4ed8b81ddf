"""Maps before the last stages of a network, of each picture in several drawn views: kept on disk.

A view is a picture after an augmentation. The first is the picture as it is; what is drawn for
another depends on the picture alone, so that folds of cross-validation share their views.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from diptych import engines
from diptych.data.dataset import Shape
from diptych.errors import InputError
from diptych.graphs.writer import map_sides, onnx_graph
from diptych.images.augmentation import (
    AugmentationPolicy,
    Floats,
    random_numbers,
    sample_augmentation,
)
from diptych.images.cache import folder
from diptych.images.preprocess import Pixels
from diptych.images.rows import in_batches
from diptych.images.store import Store
from diptych.networks import Flatten, Network, Unflatten, Weights
from diptych.networks.splitting import last_stages
from diptych.runtimes import PredictAll, fastest, kept_as, open_outputs
from diptych.system.progress import Track
from diptych.training.batches import Batches, ShuffledEpoch

# Pictures at a time, as for features.
BATCH = 16


@dataclass(frozen=True)
class MapRows:
    """Maps of a store in the order of their keys, (N, h·w·c) float32."""

    store: Store
    keys: Sequence[str]

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.keys), *self.store.shape

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, indices: slice | npt.NDArray[np.intp]) -> Floats:
        positions = np.arange(len(self.keys))[indices]
        return self.store.read([self.keys[i] for i in positions]).astype(np.float32)


@dataclass(frozen=True)
class ViewBatches(Batches):
    """Batches of which each epoch sees another view of every picture, from the first one on."""

    views: tuple[MapRows, ...] = ()

    def epoch(self, number: int, rates: Sequence[float], first_step: int = 0) -> ShuffledEpoch:
        view = self.views[(number - 1) % len(self.views)]
        return ShuffledEpoch(replace(self, inputs=view), number, rates, first_step)


@dataclass(frozen=True)
class Stages:
    """A network in two: the graph that gives maps, and the last stages that take them."""

    graph: bytes
    last: Network  # from maps in a row (h·w·c) to logits
    engine: str  # that trains the last ones, and augments for the first ones


def stages(engine: str, network: Network, weights: Weights) -> Stages:
    """A network cut before its last stages; raises InputError where it cannot be."""
    position = last_stages(network)
    below = replace(network, layers=network.layers[:position])
    height, width = map_sides(below, weights)
    flat = replace(below, layers=(*below.layers, Flatten()))
    graph = onnx_graph(flat, weights, probabilities=False)
    picture = np.zeros((1, *network.input), np.uint8)
    numbers = open_outputs(graph, fastest())(picture)[0].shape[1]
    maps = Unflatten(height, width, numbers // (height * width))
    last = Network(f"{network.name}/last", (numbers,), (maps, *network.layers[position:]))
    return Stages(graph, last, engine)


def map_views(
    cut: Stages,
    digests: Sequence[str],
    pixels: Store,
    policy: AugmentationPolicy | None,
    views: int,
    seed: int,
    track: Track,
) -> tuple[MapRows, ...]:
    """The maps of pictures whose pixels are in a store, in so many views; one without a policy.

    Mixing with another picture is left out: which one it is differs with each epoch. Raises
    InputError where some maps are no finite numbers.
    """
    runtime = fastest()
    name = f"{hashlib.sha256(cut.graph).hexdigest()[:32]}-{kept_as(runtime)}"
    # What was computed in bfloat16 loses nothing in float16, which has more digits.
    store = Store(folder() / "features" / name / pixels.folder.name, cut.last.input, "float16")
    policy = policy and policy._replace(mixup=0.0, cutmix=0.0)
    every = []
    for view in range(views if policy and any(policy) else 1):
        random_NR = _drawn(seed, view, digests) if view else None
        keys = [*digests] if random_NR is None else _keys(digests, policy, random_NR)
        missing = np.array([i for i, key in enumerate(keys) if key not in store], np.intp)
        batches = [*in_batches(missing, BATCH)]
        doing = f"computing maps, view {view + 1} ({runtime})"
        for rows in track(batches, doing, len(batches)):
            images = pixels.read([digests[i] for i in rows])
            if policy and random_NR is not None:
                augmentation = sample_augmentation(policy, _shape(images), random_NR[rows])
                images = engines.augmented(cut.engine, images, augmentation)
            maps_NM = _maps(open_outputs(cut.graph, runtime), images)
            store.add((keys[i], row, {}) for i, row in zip(rows, maps_NM, strict=True))
        every.append(MapRows(store, keys))
    return tuple(every)


def _drawn(seed: int, view: int, digests: Sequence[str]) -> Floats:
    """The random numbers of a view, (N, …), for each picture its own, whatever the others are."""
    seeds = (hashlib.sha256(f"{seed} {digest}".encode()).digest()[:8] for digest in digests)
    rows = [random_numbers(int.from_bytes(own, "big"), view, 1) for own in seeds]
    return np.concatenate(rows)


def _keys(
    digests: Sequence[str], policy: AugmentationPolicy | None, random_NR: Floats
) -> list[str]:
    """Of each picture's view: named after what is done to it."""
    done = (hashlib.sha256(f"{policy}".encode() + row.tobytes()) for row in random_NR)
    return [f"{key}-{one.hexdigest()[:16]}" for key, one in zip(digests, done, strict=True)]


def _shape(images_NHWC: Pixels) -> Shape:
    height, width, channels = images_NHWC.shape[1:]
    return height, width, channels


def _maps(run: PredictAll, images_NHWC: Pixels) -> npt.NDArray[np.float16]:
    with np.errstate(over="ignore"):
        maps_NM = run(images_NHWC)[0].astype(np.float16)
    if not np.isfinite(maps_NM).all():
        raise InputError(
            "the network's maps are no finite numbers for some pictures; choose another, or "
            "--train all"
        )
    return maps_NM

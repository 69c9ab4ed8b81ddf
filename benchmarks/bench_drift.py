"""How often does drift cry wolf, and does it see a change?

Pictures are drawn at random, some to train, some to validate and some that are new; what is fitted
to the first two is what a bundle has, but that the head is a logistic regression. Each line is a
kind of new pictures: "the same" are of the kind that was trained on, so that every alarm is false.
Beside it, what is usual: components of the training pictures compared with those very pictures, by
the limit that the index has with many pictures.

Features are those of the embedded backbone: of 1,200 photographs at 160 pixels, and of 3,000
pictures of CIFAR-10 at 64 pixels, which are enough to train on 1,000.
"""

import os
import tempfile
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from measuring import SHARED, cold_cache, machine, need_photos
from scipy.stats import chi2
from sklearn.linear_model import LogisticRegression

from diptych.engines.backbone import backbone_graph
from diptych.images.decoding import decode_files, pixel_store
from diptych.metrics.probabilities import softmax
from diptych.networks import choosing
from diptych.networks.initialisation import initial
from diptych.recipe import Recipe
from diptych.reliability.calibration import calibrate
from diptych.reliability.components import components_and_unseen, principal_components
from diptych.reliability.drift import (
    BINS,
    FALSE_ALARMS,
    SMALL,
    answer_values,
    component_values,
    drift_from,
    reference_distributions,
)
from diptych.reliability.ood import fit_detector
from diptych.reporting.corruptions import corrupted
from diptych.runtimes import fastest, open_outputs
from diptych.runtimes.features import FeatureExtractor, extract, feature_extractor, features
from diptych.samples.plates import draw_plates

SIMULATIONS = 50
VALID = 0.15 / 0.7  # pictures to validate for each to train: the default shares
CHANGES = {"blurred": ("blur", 1), "darker by a stop": ("darker", 2)}


class Pool(NamedTuple):
    """Pictures of one kind to draw from, as features; and the same, changed."""

    name: str
    features_ND: np.ndarray
    labels: np.ndarray
    changed: dict[str, np.ndarray]  # of the same pictures
    others_ND: np.ndarray  # of pictures of something else
    pairs: Sequence[tuple[int, int]]  # how many to train, and how many new


def main() -> None:
    photos = need_photos()
    warnings.filterwarnings("ignore", module="sklearn")
    with cold_cache() as env, tempfile.TemporaryDirectory() as folder:
        os.environ["DIPTYCH_CACHE"] = env["DIPTYCH_CACHE"]
        pools = [photographs(photos, Path(folder)), cifar(Path(folder))]
    for pool in pools:
        for train, new in pool.pairs:
            alarms = simulated(pool, train, new)
            for kind, (usual, now) in alarms.items():
                print(
                    f"{pool.name}, {train:,} to train, {new:,} new, {kind}: "
                    f"{now:.0%} called drifted; usual way {usual:.0%}",
                    flush=True,
                )
    print(machine())


def photographs(photos: Path, folder: Path) -> Pool:
    for _ in draw_plates(folder / "drawn", 320, 0, False):
        pass
    drawn = sorted((folder / "drawn").rglob("*.jpg")) + sorted((folder / "drawn").rglob("*.png"))
    paths = sorted(photos.rglob("*.jpg"))
    extractor = backbone(160)
    labels = np.array([path.parent.name == "pizza" for path in paths], np.intp)
    return Pool(
        "photographs",
        featured(extractor, paths, 160),
        labels,
        {name: changed(extractor, paths, 160, *change) for name, change in CHANGES.items()},
        featured(extractor, drawn, 160),
        ((100, 100), (100, 300), (300, 300)),
    )


def cifar(folder: Path) -> Pool:
    """Five classes to tell apart; the other five are something else."""
    with zipfile.ZipFile(SHARED / "cifar10.zip") as archive:
        names = sorted(n for n in archive.namelist() if "test/" in n and n.endswith(".jpg"))
        classes = sorted({name.split("/")[1] for name in names})
        own, others = list[Path](), list[Path]()
        for k, label in enumerate(classes):
            of_class = [name for name in names if name.split("/")[1] == label]
            for name in of_class[: 600 if k < 5 else 200]:
                path = folder / "cifar" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(archive.read(name))
                (own if k < 5 else others).append(path)
    extractor = backbone(64)
    return Pool(
        "CIFAR-10",
        featured(extractor, own, 64),
        np.array([classes.index(path.parent.name) for path in own]),
        {name: changed(extractor, own, 64, *change) for name, change in CHANGES.items()},
        featured(extractor, others, 64),
        ((100, 100), (300, 300), (1000, 100), (1000, 1000)),
    )


def backbone(size: int) -> FeatureExtractor:
    recipe = Recipe(image_size=size)
    network = choosing.network(recipe, (size, size, 3), 2)
    weights = {**initial(network, 0), **choosing.pretrained(network, recipe)}
    return feature_extractor(backbone_graph(recipe.engine, network, weights), network.features)


def featured(extractor: FeatureExtractor, paths: Sequence[Path], size: int) -> np.ndarray:
    store = pixel_store((size, size, 3))
    keys = [picture.digest for picture in decode_files(iter(paths), store)]
    return features(extractor, keys, store)[0]


def changed(
    extractor: FeatureExtractor, paths: Sequence[Path], size: int, kind: str, strength: int
) -> np.ndarray:
    store, run = pixel_store((size, size, 3)), open_outputs(extractor.graph, fastest())
    keys = [picture.digest for picture in decode_files(iter(paths), store)]
    chunks = (keys[i : i + 64] for i in range(0, len(keys), 64))
    return np.concatenate(
        [extract(run, corrupted(store.read(chunk), kind, strength))[0] for chunk in chunks]
    )


def simulated(pool: Pool, train: int, new: int) -> dict[str, tuple[float, float]]:
    """How often new pictures of each kind are called drifted, in the usual way and as it is."""
    alarms = defaultdict[str, list[tuple[bool, bool]]](list)
    for seed in range(SIMULATIONS):
        rng = np.random.default_rng((seed, train, new))
        order = rng.permutation(len(pool.labels))
        valid = round(VALID * train)
        at = np.split(order, [train, train + valid, train + valid + new])
        model = Model(pool, at[0], at[1])
        kinds = {"the same": pool.features_ND[at[2]]}
        kinds |= {name: features_ND[at[2]] for name, features_ND in pool.changed.items()}
        one_class = order[train + valid :][pool.labels[order[train + valid :]] == 0]
        kinds["one class alone"] = pool.features_ND[one_class[:new]]
        kinds["something else"] = rng.permutation(pool.others_ND)[:new]
        for kind, features_ND in kinds.items():
            alarms[kind].append((model.usual(features_ND), model.drifted(features_ND)))
    return {kind: tuple(np.mean(both, 0)) for kind, both in alarms.items()}


class Model:
    """What a bundle has of training and validation pictures, by their positions in a pool."""

    def __init__(self, pool: Pool, train: np.ndarray, valid: np.ndarray) -> None:
        x_ND, labels = pool.features_ND, pool.labels
        classes = int(labels.max()) + 1
        self.head = LogisticRegression(C=0.1, max_iter=50).fit(x_ND[train], labels[train])
        self.calibration = calibrate(self.raw_logits(x_ND[valid]), labels[valid].tolist())
        self.detector = fit_detector(
            "neighbours",
            (x_ND[train],),
            labels[train].tolist(),
            (x_ND[valid],),
            self.logits(x_ND[valid]),
            0.95,
        )
        self.components, unseen_NC = components_and_unseen(x_ND[train], x_ND[valid], frozen=True)
        self.references = reference_distributions(
            {**self.answers(x_ND[valid]), **component_values(unseen_NC)}, classes
        )
        self.own_components = principal_components(x_ND[train])
        own = component_values(self.own_components.project(x_ND[train]))
        self.usual_references = {
            name: np.quantile(values_N, np.arange(1, BINS) / BINS)
            for name, values_N in {**self.answers(x_ND[valid]), **own}.items()
            if name != "class"
        }
        self.sizes = {name: len(train if name in own else valid) for name in self.usual_references}

    def raw_logits(self, x_ND: np.ndarray) -> np.ndarray:
        logits = self.head.decision_function(x_ND).astype(np.float32)
        return logits if logits.ndim == 2 else np.stack([np.zeros_like(logits), logits], 1)

    def logits(self, x_ND: np.ndarray) -> np.ndarray:
        return self.calibration.applied(self.raw_logits(x_ND))

    def answers(self, x_ND: np.ndarray) -> Mapping[str, np.ndarray]:
        logits_NK = self.logits(x_ND)
        return answer_values(softmax(logits_NK), self.detector.scores((x_ND,), logits_NK))

    def drifted(self, x_ND: np.ndarray) -> bool:
        values = {**self.answers(x_ND), **component_values(self.components.project(x_ND))}
        return any(
            drift_from(one, one.bin_counts(values[one.name]), len(self.references)).drifted
            for one in self.references
        )

    def usual(self, x_ND: np.ndarray) -> bool:
        return any(self._usual(x_ND))

    def _usual(self, x_ND: np.ndarray) -> Iterator[bool]:
        values = {**self.answers(x_ND), **component_values(self.own_components.project(x_ND))}
        watched = len(self.usual_references)
        for name, edges in self.usual_references.items():
            counts_B = np.bincount(np.searchsorted(edges, values[name], "right"), minlength=BINS)
            actual_B = (counts_B + 0.5) / (len(x_ND) + BINS / 2)
            psi = float(((actual_B - 1 / BINS) * np.log(actual_B * BINS)).sum())
            spread = 1 / len(x_ND) + 1 / self.sizes[name]
            yield psi > max(spread * chi2.isf(FALSE_ALARMS / watched, BINS - 1), SMALL)


main()

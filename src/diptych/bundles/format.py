"""The bundle: one directory that holds a classifier and all that is known of it.

=====================  ==========================================================================
bundle.json            format, classes, preprocess, recipe, scores, versions, hash of every member
bundle.json.sha256     the hash of bundle.json, as sha256sum writes and checks it
model.safetensors      the weights under canonical names
model.onnx             uint8 pixels (N, S, S, 3) in; out come the probabilities (N, classes), the
                       OOD score of each picture (N,), and the components drift is seen by (N, C)
ood.safetensors        what outliers are known by, as the graph has it too
golden/                a few encoded pictures, and the pixels and answers expected of them
recipe.toml            every choice it was made with
history.csv            the epochs
predictions.csv        the answer for each test picture
splits.csv, audit.csv  which picture was used where, and which not, and why
plan.csv               what somebody decided to put right first, where there was such a plan
report.html            how good it is and where it fails, for people
README.md              a model card
=====================  ==========================================================================
"""

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.numpy import load as load_safetensors

from diptych.data.dataset import Dataset, Sample, Shape, classes_hash
from diptych.data.pixel_format import PixelFormat, values_from_json
from diptych.data.splitting import Splits
from diptych.errors import BundleError, InputError
from diptych.networks import Network, Weights, choosing
from diptych.networks.earlier import BUNDLE_JSON as BUNDLE_JSON
from diptych.networks.earlier import WEIGHTS as WEIGHTS
from diptych.recipe import Recipe
from diptych.system.files import regular

FORMAT = 1
SEAL = "bundle.json.sha256"
GRAPH = "model.onnx"
OOD = "ood.safetensors"
GOLDEN = "golden/expected.safetensors"
HISTORY = "history.csv"
PREDICTIONS = "predictions.csv"
SPLITS = "splits.csv"
AUDIT = "audit.csv"
PLAN = "plan.csv"
REPORT = "report.html"
RECIPE = "recipe.toml"
MODEL_CARD = "README.md"
# The part, in splits.csv, of pictures that only bundles were made with that this one went on from.
EARLIER = "earlier"
# What is read of bundle.json.
NEEDED = (
    "members",
    "golden",
    "diptych",
    "classes",
    "classes_sha256",
    "preprocess",
    "network",
    "recipe",
    "calibration",
    "ood",
    "prediction_sets",
    "drift",
)


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk whose every member has the hash it was written with."""

    path: Path
    facts: Mapping[str, Any]

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels, in the order of the probabilities."""
        return tuple(self.facts["classes"])

    @property
    def shape(self) -> Shape:
        """The height, width and channels of the pixels that the network takes."""
        height, width, channels = self.facts["preprocess"]["shape"]
        return height, width, channels

    @property
    def content_sha256(self) -> str:
        """The same for every run that came to the same; "" in bundles of before."""
        return str(self.facts.get("content_sha256", ""))

    @property
    def bits(self) -> int:
        """The depth of pictures of more than 8 bits; 0 in bundles that were made without such."""
        return int(self.facts["preprocess"].get("bits", 0))

    @property
    def pixel_format(self) -> PixelFormat:
        """What files of numbers hold for the network to take, as far as it is known."""
        return PixelFormat(self.shape, values_from_json(self.facts["preprocess"].get("values")))

    def read(self, member: str) -> bytes:
        """The bytes of a member."""
        return regular(self.path / member).read_bytes()

    def splits(self) -> Splits:
        """Which picture was used for what."""
        text = self.read(SPLITS).decode(errors="surrogateescape")
        return Splits.from_csv(text, Dataset(self.path, self.classes, ()))

    def recipe(self, engine: str | None = None) -> Recipe:
        """The recipe that it was made with, or the same in another engine.

        Raises BundleError for one with choices that this version does not know.
        """
        choices = self.facts["recipe"]
        try:
            return Recipe().replace(**{**choices, "engine": engine or choices["engine"]})
        except InputError as cause:
            raise BundleError(
                f"{self.path}: was made by Diptych {self.facts['diptych']} ({cause}); "
                "run: pip install --upgrade diptych"
            ) from cause

    def network(self, engine: str | None = None) -> Network:
        """The network as an engine knows it; raises InputError where that has no twin of it."""
        return choosing.network(self.recipe(engine), self.shape, len(self.classes))

    def weights(self) -> Weights:
        """The weights under canonical names."""
        return load_safetensors(self.read(WEIGHTS))

    def golden(self) -> list[Path]:
        """The encoded pictures, in the order of their expected answers."""
        return [self.path / name for name in self.facts["golden"]]

    def every_picture(self) -> list[Sample]:
        """The pictures in splits.csv, with those of bundles that this one went on from."""
        text = self.read(SPLITS).decode(errors="surrogateescape")
        return [
            Sample(row["path"], row["label"], Path(), row["part"], row["group"], row["sha256"])
            for row in csv.DictReader(io.StringIO(text))
        ]

    def made_with(self) -> list[Sample]:
        """The pictures that it, and what it went on from, was trained or chosen with."""
        return [sample for sample in self.every_picture() if sample.part != "test"]


def open_bundle(path: str | Path) -> Bundle:
    """Read a bundle and verify every member.

    Raises BundleError when it is missing, damaged, or of a newer format.
    """
    bundle = open_facts(path)
    root = bundle.path
    try:
        _verify(bundle)
    except FileNotFoundError as cause:
        missing = Path(cause.filename).relative_to(root)
        raise BundleError(f"{path}: incomplete, without {missing}; copy it anew") from cause
    except OSError as cause:
        raise BundleError(f"{cause.filename}: cannot be read ({cause.strerror})") from cause
    return bundle


def open_facts(path: str | Path) -> Bundle:
    """Read what a bundle says of itself, without a look at its other members.

    Raises BundleError when it is missing, says nothing readable, or is of a newer format.
    """
    root = Path(path)
    try:
        if not root.exists():
            raise BundleError(f"{path}: no such bundle")
        facts = json.loads(regular(root / BUNDLE_JSON).read_bytes())
        newer = int(facts["format"]) > FORMAT
    except (FileNotFoundError, NotADirectoryError) as cause:
        raise BundleError(f"{path}: no bundle; it has no {BUNDLE_JSON}") from cause
    except OSError as cause:
        raise BundleError(f"{path}: cannot be read ({cause.strerror})") from cause
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as cause:
        raise BundleError(f"{path}: {BUNDLE_JSON} is damaged ({cause}); copy it anew") from cause
    if newer:
        raise BundleError(
            f"{path}: written in format {facts['format']}, this version reads up to {FORMAT}; "
            "run: pip install --upgrade diptych"
        )
    return Bundle(root, facts)


def _verify(bundle: Bundle) -> None:
    """Raise BundleError where a byte of the bundle is not as it was written."""
    if bundle.read(SEAL) != seal(bundle.read(BUNDLE_JSON)):
        raise BundleError(
            f"{bundle.path / BUNDLE_JSON}: changed since it was written; copy it anew"
        )
    lacking = [key for key in NEEDED if key not in bundle.facts]
    if not lacking:
        needed = (WEIGHTS, GRAPH, OOD, GOLDEN, SPLITS, *bundle.facts["golden"])
        lacking = [name for name in needed if name not in bundle.facts["members"]]
    if lacking:
        raise BundleError(f"{bundle.path / BUNDLE_JSON}: has no {lacking[0]}; train again")
    for name, expected in bundle.facts["members"].items():
        if hashlib.sha256(bundle.read(name)).hexdigest() != expected:
            raise BundleError(f"{bundle.path / name}: changed since it was written; copy it anew")
    if classes_hash(bundle.classes) != bundle.facts["classes_sha256"]:
        raise BundleError(f"{bundle.path / BUNDLE_JSON}: the classes were changed; copy it anew")


def seal(text: bytes) -> bytes:
    """The line that sha256sum writes of a bundle.json with this text."""
    return f"{hashlib.sha256(text).hexdigest()}  {BUNDLE_JSON}\n".encode()

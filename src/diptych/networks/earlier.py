"""What an earlier bundle's network has learned, for a new one to go on from."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from diptych.errors import InputError
from diptych.networks import Network, Weights
from diptych.networks.initialisation import initial
from diptych.networks.pretrained import read_safetensors

# Of a bundle, as `bundles.format` describes it.
BUNDLE_JSON = "bundle.json"
WEIGHTS = "model.safetensors"


def names_file(weights: str) -> bool:
    """Whether a recipe's weights are a path; two words are none, whatever is called so."""
    return weights not in ("pretrained", "none")


def earlier_path(weights: str) -> Path | None:
    """The bundle that a recipe's weights name, if they do."""
    path = Path(weights)
    return path if names_file(weights) and (path / BUNDLE_JSON).is_file() else None


def weights_file(weights: str) -> Path:
    """The file that a recipe's weights are read from, which a bundle has inside."""
    bundle = earlier_path(weights)
    return bundle / WEIGHTS if bundle else Path(weights)


def weights_hash(weights: str) -> str:
    """A hash of what lies where a recipe's weights are read from; "" where that is no file."""
    file = weights_file(weights)
    if not names_file(weights) or not file.is_file():
        return ""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def classes_of(path: Path) -> list[str]:
    """The classes of a bundle, in the order of its logits."""
    try:
        return [str(label) for label in json.loads((path / BUNDLE_JSON).read_bytes())["classes"]]
    except (ValueError, KeyError, TypeError) as cause:
        raise InputError(f"{path}: {BUNDLE_JSON} is damaged ({cause}); copy it anew") from cause


def head(network: Network, path: Path, classes: Sequence[str], seed: int) -> Weights:
    """A last layer that knows the classes which a bundle knows too, and is new for all others.

    Raises InputError where the bundle's last layer takes other features.
    """
    tensors, known = read_safetensors(path / WEIGHTS), classes_of(path)
    start = {
        name: value for name, value in initial(network, seed).items() if network.head.has(name)
    }
    for name, rows in start.items():
        theirs = tensors.get(name)
        if theirs is None or theirs.shape != (len(known), *rows.shape[1:]):
            raise InputError(
                f"{path}: its last layer takes other features than {network.name} gives"
            )
        for k, label in enumerate(classes):
            if label in known:
                rows[k] = theirs[known.index(label)]
    return start

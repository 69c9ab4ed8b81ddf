"""Which network a recipe means, and where its weights come from."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from diptych.errors import InputError, MissingExtra, nearest
from diptych.networks import Network, Weights
from diptych.networks.libraries import LIBRARIES, library
from diptych.networks.pretrained import efficientnet_lite0, of_backbone, read_safetensors
from diptych.networks.zoo import ZOO
from diptych.recipe import Recipe


def network(recipe: Recipe, shape: tuple[int, ...], classes: int) -> Network:
    """The network that a recipe names, for pictures of a shape.

    Raises InputError for an unknown name, with the nearest that exists.
    """
    _refuse_name(recipe)
    source, slash, model = recipe.network.partition("/")
    if slash:
        external: Network = library(source).network(model, shape, classes, recipe.dropout)
        return external
    return ZOO[recipe.network](shape, classes, recipe.dropout)


def refuse_unknown(recipe: Recipe) -> None:
    """Raise InputError where the recipe's engine lacks its network, or weights are not there.

    A framework is imported only to ask a library of backbones for a name.
    """
    _refuse_name(recipe)
    if _names_file(recipe):
        _refuse_file(Path(recipe.weights), recipe.network)


def refuse_weights(recipe: Recipe, shape: tuple[int, ...]) -> None:
    """Raise InputError where a recipe names a file of weights that is not of its network.

    `shape` is that of the pictures. The file is read.
    """
    if _names_file(recipe):
        pretrained(network(recipe, shape, 2), recipe)


def _names_file(recipe: Recipe) -> bool:
    return recipe.weights not in ("pretrained", "none")


def _refuse_name(recipe: Recipe) -> None:
    source, slash, model = recipe.network.partition("/")
    if not slash or source not in LIBRARIES:
        if recipe.network not in ZOO:
            raise InputError(f"no network '{recipe.network}'{_hint(recipe)}")
    elif recipe.engine != LIBRARIES[source]:
        raise InputError(
            f"network {recipe.network}: only the engine {LIBRARIES[source]} has it; "
            f"there is no twin of it for {recipe.engine}, which has: {', '.join(ZOO)}"
        )
    if recipe.engine == "linear" and recipe.network != "linear":
        raise InputError(
            f"the engine linear cannot train {recipe.network}; add --network linear, "
            "or take --engine torch or tensorflow"
        )
    if recipe.engine != "linear" and not importlib.util.find_spec(recipe.engine):
        raise MissingExtra(_NAMES[recipe.engine], recipe.engine)
    if slash and model not in (names := library(source).names()):
        hint = nearest(_spelled(model, names), names, f"{source}/")
        raise InputError(f"no network '{recipe.network}'{hint}")


def _hint(recipe: Recipe) -> str:
    """A hint for a name that is none of ours: a library may have it."""
    model = recipe.network.partition("/")[2] or "<name>"
    candidates = [*ZOO, *(f"{source}/{model}" for source in LIBRARIES)]
    for source, engine in LIBRARIES.items():
        installed = all(map(importlib.util.find_spec, (source, engine)))
        if engine == recipe.engine and installed:
            names = library(source).names()
            if (candidate := _spelled(recipe.network, names)) in names:
                return f"; did you mean '{source}/{candidate}'?"
    return nearest(_spelled(recipe.network, candidates), candidates)


def _spelled(name: str, names: Iterable[str]) -> str:
    """The one of the names that differs in its capitals alone; else the name itself."""
    return {candidate.lower(): candidate for candidate in names}.get(name.lower(), name)


def _refuse_file(path: Path, network: str) -> None:
    """Raise InputError where a network cannot start from what lies there."""
    if path.is_dir():
        inside = path / "model.safetensors"
        file = inside if inside.is_file() else "a file in it"
        raise InputError(f"{path}: a folder, and no file of weights; give {file}")
    if not path.is_file():
        raise InputError(f"{path}: no such file of weights")
    if network == "linear":
        raise InputError(
            f"--weights {path}: the network linear has no backbone to start from a file; "
            "leave --weights out"
        )


_NAMES = {"torch": "PyTorch", "tensorflow": "TensorFlow"}


def pretrained(network: Network, recipe: Recipe) -> Weights:
    """The weights that a recipe starts the backbone from; none for a network trained from scratch.

    Raises InputError when they cannot be had, or a file is not of this network.
    """
    if recipe.weights == "none":
        return {}
    weights: Weights
    if network.external:
        weights = library(network.external.source).pretrained(network.external, recipe.weights)
    elif recipe.weights != "pretrained":
        weights = _from_file(network, Path(recipe.weights))
    else:
        weights = efficientnet_lite0() if network.name == "efficientnet_lite0" else {}
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise InputError(
                f"{recipe.weights}: '{name}' has values that are no finite numbers; "
                "the training that made it went wrong"
            )
    return weights


def _from_file(network: Network, path: Path) -> Weights:
    """Our own weights again: a bundle's, or what was exported of one for PyTorch."""
    if path.suffix not in (".pt", ".pth"):
        return of_backbone(network, read_safetensors(path), path)
    from diptych.networks.torch_files import read_state

    return of_backbone(network, {n: t.numpy() for n, t in read_state(path).items()}, path)

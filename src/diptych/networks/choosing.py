"""Which network a recipe means, and where its weights come from."""

import contextlib
import importlib.util
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from diptych.errors import InputError, MissingExtra, nearest
from diptych.networks import Network, Weights, earlier
from diptych.networks.initialisation import initial
from diptych.networks.libraries import LIBRARIES, CannotTake, library
from diptych.networks.pretrained import CARRIED, carried, of_backbone, read_safetensors
from diptych.networks.published import by_our_names, read_keras
from diptych.networks.splitting import last_stages
from diptych.networks.zoo import ZOO, backbones, build
from diptych.recipe import Recipe


def network(recipe: Recipe, shape: tuple[int, ...], classes: int) -> Network:
    """The network that a recipe names, for pictures of a shape, with the views that it asks for.

    Raises InputError for an unknown name, with the nearest that exists, and for a library's network
    that makes nothing of such pictures, with a size that it takes.
    """
    _refuse_name(recipe)
    source, slash, model = recipe.network.partition("/")
    whole: Network
    if not slash:
        whole = build(recipe.network, shape, classes, recipe.dropout)
    else:
        try:
            whole = library(source).network(model, shape, classes, recipe.dropout)
        except CannotTake as cause:
            raise InputError(f"{cause}; {_way_out(recipe, shape)}") from cause
    return whole.with_mirrored if recipe.views == "flips" else whole


def _way_out(recipe: Recipe, shape: tuple[int, ...]) -> str:
    """What to do about a library's network that cannot take pictures of a shape."""
    source, _, model = recipe.network.partition("/")
    side = library(source).own_side(model)
    # Pictures that come as numbers have a shape of their own, which no setting changes.
    if side and side != shape[0] and shape[:2] == (recipe.image_size,) * 2:
        with contextlib.suppress(CannotTake):
            library(source).network(model, (side, side, 3), 2, 0.0)
            return f"--set image_size={side}"
    return "choose another network"


def refuse_unknown(recipe: Recipe) -> None:
    """Raise InputError where the recipe's engine lacks its network, or weights are not there.

    A framework is imported only to ask a library of backbones for a name.
    """
    _refuse_name(recipe)
    if earlier.names_file(recipe.weights):
        _refuse_file(recipe.weights, recipe.network)


class Start(NamedTuple):
    """What a recipe starts from."""

    network: Network
    pretrained: Weights  # of the backbone; none where it is trained from scratch
    weights: Weights  # all of ours, the pretrained ones too
    way: str  # what is trained: "head", "last" or "all"


def start(recipe: Recipe, shape: tuple[int, ...], classes: Sequence[str]) -> Start:
    """The network and the weights that a recipe starts from, for pictures of a shape.

    A library's network is tried on a picture; its weights are fetched, or read where they are in a
    file. Raises InputError where any of it does not fit.
    """
    whole = network(recipe, shape, len(classes))
    backbone = pretrained(whole, recipe)
    way = way_to_train(recipe)
    if way in ("head", "last") and not backbone and whole.name != "linear":
        raise InputError(
            f"--train {way} needs pretrained weights, and {whole.name} has none here; "
            "use --train all"
        )
    if way == "last":
        last_stages(whole)
    weights = {**initial(whole, recipe.seed), **backbone}
    if bundle := earlier.earlier_path(recipe.weights):
        weights |= earlier.head(whole, bundle, classes, recipe.seed)
    return Start(whole, backbone, weights, way)


def way_to_train(recipe: Recipe) -> str:
    """What a recipe trains: "head", "last" or "all"."""
    if recipe.train != "auto":
        return recipe.train
    return "head" if has_pretrained(recipe) else "all"


def has_pretrained(recipe: Recipe) -> bool:
    """Whether a recipe's backbone starts from weights that somebody trained."""
    if recipe.weights == "pretrained":
        return "/" in recipe.network or all(one in CARRIED for one in backbones(recipe.network))
    return recipe.weights != "none"


def _refuse_name(recipe: Recipe) -> None:
    source, slash, model = recipe.network.partition("/")
    if not slash or source not in LIBRARIES:
        _refuse_unknown_backbones(recipe)
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
    if recipe.train == "last" and (slash or "+" in recipe.network):
        raise InputError(
            f"--train last cannot cut {recipe.network}; use --train head or all, or one of "
            "Diptych's own networks alone"
        )
    _refuse_missing(recipe.engine)
    if slash and model not in (names := library(source).names()):
        hint = nearest(_spelled(model, names), names, f"{source}/")
        raise InputError(f"no network '{recipe.network}'{hint}")


def _refuse_unknown_backbones(recipe: Recipe) -> None:
    """Raise InputError for a name of none of ours, and for several that cannot be side by side."""
    names = backbones(recipe.network)
    if len(names) == 1:
        if recipe.network not in ZOO:
            raise InputError(f"no network '{recipe.network}'{_hint(recipe)}")
        return
    for one in names:
        if one not in CARRIED:
            raise InputError(
                f"--network {recipe.network}: '{one}' cannot stand beside others; these can: "
                f"{', '.join(CARRIED)}"
            )
    if twice := next((one for one in names if names.count(one) > 1), None):
        raise InputError(f"--network {recipe.network}: names {twice} twice")


def _refuse_missing(engine: str) -> None:
    """Raise MissingExtra where an engine lacks its framework, or what its graphs are written by."""
    extra = "torch" if engine == "linear" else engine
    for package in (*_NAMES, "onnx"):
        if package in (engine, "onnx") and not importlib.util.find_spec(package):
            raise MissingExtra(_NAMES.get(package, package), extra)


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


def _refuse_file(weights: str, network: str) -> None:
    """Raise InputError where a network cannot start from what lies there."""
    if earlier.earlier_path(weights):
        return
    path = Path(weights)
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
    file = str(earlier.weights_file(recipe.weights))
    weights: Weights
    if network.external:
        source = library(network.external.source)
        weights = source.pretrained(network.external, file)
    elif recipe.weights != "pretrained":
        weights = _from_file(network, Path(file))
    else:
        weights = carried(network, recipe.engine)
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise InputError(
                f"{recipe.weights}: '{name}' has values that are no finite numbers; "
                "the training that made it went wrong"
            )
    return weights


def _from_file(network: Network, path: Path) -> Weights:
    """Our own weights again: a bundle's, or what was exported of one for PyTorch.

    Or, of a network that others have too, those that they publish.
    """
    if path.suffix in (".h5", ".keras"):
        tensors = read_keras(network, path)
    elif path.suffix in (".pt", ".pth"):
        from diptych.networks.torch_files import read_state

        tensors = {name: tensor.numpy() for name, tensor in read_state(path).items()}
    else:
        tensors = read_safetensors(path)
    return of_backbone(network, by_our_names(network, tensors), path)

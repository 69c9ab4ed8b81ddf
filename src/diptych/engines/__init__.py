"""What an engine is, and which one to build.

An engine trains and runs one network in one framework. It knows nothing of files, classes, metrics
or epochs: steps go in, scores come out. Order, targets and learning rates are made once, outside,
so that every engine gets the same.
"""

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError, MissingExtra
from diptych.graphs.writer import onnx_graph
from diptych.images.augmentation import Draw
from diptych.metrics.probabilities import Logits
from diptych.networks import GlobalAverage, Network, Weights
from diptych.networks.pretrained import efficientnet_lite0, of_backbone, read_safetensors
from diptych.networks.zoo import ZOO
from diptych.recipe import Recipe, nearest

if TYPE_CHECKING:
    import keras
    from torch import nn

Inputs = npt.NDArray[Any]  # (N, H, W, C) uint8 pixels, or (N, features) float32
Targets = npt.NDArray[np.float32]  # (N, K) probabilities: hard, smoothed or weighted
Positions = npt.NDArray[np.int64]  # (N,) among the classes
Heats = npt.NDArray[np.float32]  # (N, h, w), coarser than the pictures
Look = Callable[[Inputs, Positions], Heats]


class Step(NamedTuple):
    """All that one step of an optimiser needs."""

    inputs: Inputs
    targets_NK: Targets
    learning_rate: float
    draw: Draw | None = None  # what happens to each picture first


class Engine(Protocol):
    """A network in a framework. Inputs are never written to; batching never changes an answer."""

    def train(self, steps: Iterable[Step]) -> float:
        """Take the steps of one epoch; returns the mean loss per picture."""
        ...

    def predict(self, inputs: Inputs) -> Logits:
        """Answer as in production: no dropout, stored averages, full precision."""
        ...

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """Canonical names and layout (see `networks`), the same from every engine."""
        ...

    def save(self, directory: Path) -> None:
        """Weights and optimiser, in safetensors: enough to go on. The directory exists."""
        ...

    def load(self, directory: Path) -> None:
        """Go on from what `save` wrote; the network is the same."""
        ...

    def export(self, format: str, *, probabilities: bool = True) -> bytes:
        """The network as a file of the format, from uint8 pixels to probabilities.

        Without `probabilities`, what the last layer gives. Raises InputError for a format that the
        engine lacks.
        """
        ...


class Optimiser(NamedTuple):
    """How an engine follows the gradient."""

    kind: str  # "adamw" or "sgd" (with Nesterov momentum 0.9)
    weight_decay: float
    backbone_rate: float  # multiplies the learning rate of all layers but the head


def network(recipe: Recipe, shape: tuple[int, ...], classes: int) -> Network:
    """The network that a recipe names, for pictures of a shape.

    Raises InputError for an unknown name, with the nearest that exists.
    """
    _refuse_name(recipe)
    source, slash, model = recipe.network.partition("/")
    if slash:
        found: Network = _library(source).network(model, shape, classes, recipe.dropout)
        return found
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
            raise InputError(f"no network '{recipe.network}'{_meant(recipe)}")
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
    if slash and model not in (names := _library(source).names()):
        hint = nearest(_spelled(model, names), names, f"{source}/")
        raise InputError(f"no network '{recipe.network}'{hint}")


def _meant(recipe: Recipe) -> str:
    """A hint for a name that is none of ours: a library may have it."""
    model = recipe.network.partition("/")[2] or "<name>"
    known = [*ZOO, *(f"{source}/{model}" for source in LIBRARIES)]
    for source, engine in LIBRARIES.items():
        installed = all(map(importlib.util.find_spec, (source, engine)))
        if engine == recipe.engine and installed:
            names = _library(source).names()
            if (found := _spelled(recipe.network, names)) in names:
                return f"; did you mean '{source}/{found}'?"
    return nearest(_spelled(recipe.network, known), known)


def _spelled(name: str, names: Iterable[str]) -> str:
    """The one of the names that differs in its capitals alone; else the name itself."""
    return {known.lower(): known for known in names}.get(name.lower(), name)


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
        library = _library(network.external.source)
        weights = library.pretrained(network.external, recipe.weights)
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
    from diptych.engines.torch.files import read_state

    return of_backbone(network, {n: t.numpy() for n, t in read_state(path).items()}, path)


# Libraries of backbones, each with the one engine that has it.
LIBRARIES = {"timm": "torch", "keras": "tensorflow"}


def _library(source: str) -> Any:
    """The module that knows a library of backbones."""
    return importlib.import_module(f"diptych.engines.{LIBRARIES[source]}.external")


def backbone_graph(engine: str, network: Network, weights: Weights) -> bytes:
    """The backbone as an ONNX graph, from pixels to features."""
    backbone = network.backbone
    if not network.external:
        return onnx_graph(backbone, weights, probabilities=False)
    own = {name: value for name, value in weights.items() if backbone.has(name)}
    return untrained(engine, backbone, own).export("onnx", probabilities=False)


def build(
    engine: str, network: Network, weights: Weights, optimiser: Optimiser, seed: int
) -> Engine:
    """An engine with a network in it.

    `weights` has every array of the network but those that an external backbone starts with;
    `seed` is for dropout. Raises MissingExtra when the framework is not installed.
    """
    match engine:
        case "torch":
            from diptych.engines.torch import TorchEngine

            return TorchEngine(network, weights, optimiser, seed)
        case "tensorflow":
            from diptych.engines.tensorflow import TensorFlowEngine

            return TensorFlowEngine(network, weights, optimiser, seed)
        case "linear":
            from diptych.engines.linear import LinearEngine

            return LinearEngine(network, weights, optimiser)
        case _:
            raise InputError(
                f"no engine '{engine}'{nearest(engine, ['torch', 'tensorflow', 'linear'])}"
            )


def untrained(engine: str, network: Network, weights: Weights) -> Engine:
    """An engine that answers and exports, and is not meant to learn."""
    return build(engine, network, weights, Optimiser("sgd", 0.0, 1.0), 0)


def torch_module(network: Network, weights: Weights) -> "nn.Module":
    """A trained network as PyTorch has it, to be trained on or built into something larger.

    From uint8 pixels (N, H, W, C) to logits (N, K). Raises MissingExtra without PyTorch.
    """
    from diptych.engines.torch import loaded

    return loaded(network, weights)


def keras_model(network: Network, weights: Weights) -> "keras.Model":
    """A trained network as Keras has it, compiled for labels as positions among the classes.

    From uint8 pixels (N, H, W, C) to logits (N, K). Raises MissingExtra without TensorFlow.
    """
    from diptych.engines.tensorflow import loaded

    return loaded(network, weights)


def gradcam(engine: str, network: Network, weights: Weights) -> Look:
    """What speaks for a class, and where: Grad-CAM (Selvaraju et al. 2017), never below 0.

    From pictures (N, H, W, C) and a class for each (N,) to heat (N, h, w), as fine as the last map
    before the network averages over all places. Raises InputError for a network without one.
    """
    if not network.external and not any(isinstance(x, GlobalAverage) for x in network.layers):
        raise no_map(network)
    match engine:
        case "torch":
            from diptych.engines.torch.gradcam import gradcam as in_torch

            return in_torch(network, weights)
        case "tensorflow":
            from diptych.engines.tensorflow.gradcam import gradcam as in_tensorflow

            return in_tensorflow(network, weights)
        case _:
            raise InputError(
                f"no Grad-CAM in the engine '{engine}'{nearest(engine, ['torch', 'tensorflow'])}"
            )


def no_map(network: Network) -> InputError:
    """The error for a network that mixes all places before its last layers."""
    return InputError(f"{network.name} has no map of where it looks; use --method occlusion")


def in_batches(inputs: Inputs, size: int = 64) -> Iterator[Inputs]:
    """The inputs in their order, at most `size` at a time."""
    for start in range(0, len(inputs), size):
        yield inputs[start : start + size]


def joined(parts: Sequence[Logits], classes: int) -> Logits:
    """The parts as one array, also where there are none."""
    return np.concatenate(parts) if parts else np.empty((0, classes), np.float32)

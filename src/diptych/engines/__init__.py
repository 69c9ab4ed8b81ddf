"""Frameworks that train and run networks; `build` chooses one, at the edge.

`contract` says what an engine is. The two frameworks never import each other.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from diptych.engines.contract import Engine, Hardware, Inputs, Meeting, Optimiser, Share
from diptych.errors import InputError, nearest
from diptych.images.augment_numpy import augment
from diptych.images.augmentation import Augmentation, Floats
from diptych.images.preprocess import Pixels
from diptych.networks import Network, Weights
from diptych.recipe import CHOICES

Features = npt.NDArray[np.float32]  # (N, D)

# Of an engine that is not meant to learn.
UNTRAINED = Optimiser("sgd", 0.0, 1.0)


def build(
    engine: str,
    network: Network,
    weights: Weights,
    optimiser: Optimiser = UNTRAINED,
    seed: int = 0,
) -> Engine:
    """An engine with a network in it; without an optimiser one that answers and exports.

    `weights` has every array of the network but those that an external backbone starts with;
    `seed` is for dropout. Raises MissingExtra when the framework is not installed.
    """
    match engine:
        case "torch":
            from diptych.engines.torch.engine import TorchEngine

            return TorchEngine(network, weights, optimiser, seed)
        case "tensorflow":
            from diptych.engines.tensorflow.engine import TensorFlowEngine

            return TensorFlowEngine(network, weights, optimiser, seed)
        case "linear":
            from diptych.engines.linear import LinearEngine

            return LinearEngine(network, weights, optimiser)
        case _:
            raise InputError(f"no engine '{engine}'{nearest(engine, CHOICES['engine'])}")


class TeamHost(Protocol):
    """What is kept in a process for as long as others are to find each other there."""

    meeting: Meeting


class TeamOf(NamedTuple):
    """Where a process stands among those that train one network."""

    rank: int
    size: int
    meeting: Meeting
    address: str  # of its machine


# Engines that several processes can train one network with, to what one of them would come to.
TEAMED = ("torch",)


def team_kind(engine: str) -> str:
    """What a process trains on, and in which numbers: the same in all of a team.

    Raises InputError for an engine that trains alone, MissingExtra when the framework is not
    installed.
    """
    _refuse_alone(engine)
    from diptych.engines.torch.team import team_kind as of_torch

    return of_torch()


def team_host(engine: str, address: str) -> TeamHost:
    """The place where a team meets, for its first member; `address` is that of its machine."""
    _refuse_alone(engine)
    from diptych.engines.torch.team import Host

    return Host(address)


def team_member(
    engine: str,
    network: Network,
    weights: Weights,
    optimiser: Optimiser,
    seed: int,
    team: TeamOf,
) -> tuple[Engine, Callable[[Sequence[Share]], None]]:
    """An engine that trains with those of other processes, which it waits for.

    And what it has to be told first, before it trains: its share of each step to come. Raises
    InputError where the others are not reached.
    """
    _refuse_alone(engine)
    from diptych.engines.torch.engine import TorchEngine
    from diptych.engines.torch.team import Team

    joined = Team(*team)
    return TorchEngine(network, weights, optimiser, seed, joined), joined.begin


def _refuse_alone(engine: str) -> None:
    if engine not in TEAMED:
        raise InputError(f"the engine {engine} trains on one machine; choose --engine torch")


def graph_of_external(engine: str, backbone: Network, weights: Weights) -> bytes:
    """A library's network without its head as an ONNX file; `weights` may have others too.

    Raises InputError where no graph can be made of it.
    """
    if engine == "torch":
        from diptych.engines.torch.onnx_export import backbone_graph as of_timm

        return of_timm(backbone, weights)
    from diptych.engines.tensorflow.onnx_export import backbone_graph as of_keras

    return of_keras(backbone, weights)


def augmented(engine: str, pixels_NHWC: Pixels, augmentation: Augmentation) -> Pixels:
    """Pictures after an augmentation, in whole levels, as the engine does it while it trains."""
    match engine:
        case "torch":
            from diptych.engines.torch.augmentation import augmented_array as in_torch

            return whole_levels(in_torch(pixels_NHWC, augmentation))
        case "tensorflow":
            from diptych.engines.tensorflow.augmentation import augmented_array as in_tensorflow

            return whole_levels(in_tensorflow(pixels_NHWC, augmentation))
        case _:
            return whole_levels(augment(pixels_NHWC, augmentation))


def whole_levels(levels_NHWC: Floats) -> Pixels:
    """Levels as pixels have them."""
    return np.rint(levels_NHWC).astype(np.uint8)


def gpu_features(
    engine: str, backbone: Network, weights: Weights, mid_layer: int | None
) -> Callable[[Inputs], tuple[Features, ...]] | None:
    """What computes a backbone's features on a GPU (see `torch.features`); None without one.

    `mid_layer` is the number of the convolution whose input the mid-level features are means of.
    """
    if engine != "torch":
        return None
    from diptych.engines.torch.devices import CPU, best_device
    from diptych.engines.torch.features import feature_function

    device = best_device()
    return None if device == CPU else feature_function(backbone, weights, mid_layer, device)


def hardware(engine: str) -> Hardware:
    """What an engine trains on here; its framework is imported.

    Raises MissingExtra when the framework is not installed.
    """
    match engine:
        case "torch":
            from diptych.engines.torch.precision import hardware as of_torch

            return of_torch()
        case "tensorflow":
            from diptych.engines.tensorflow.precision import hardware as of_tensorflow

            return of_tensorflow()
        case _:
            return Hardware("the CPU", "float32")

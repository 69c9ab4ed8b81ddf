"""Frameworks that train and run networks; `build` chooses one, at the edge.

`contract` says what an engine is. The two frameworks never import each other.
"""

from diptych.engines.contract import Engine, Optimiser
from diptych.errors import InputError, nearest
from diptych.networks import Network, Weights
from diptych.recipe import CHOICES

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

"""The weights that training starts from, the same in every framework."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from diptych.networks import (
    NORM,
    Block,
    Convolution,
    Dense,
    Layer,
    Network,
    SideBySide,
    Standardise,
)


def initial(network: Network, seed: int) -> dict[str, npt.NDArray[np.float32]]:
    """Starting weights for every layer of ours, the same whichever framework trains them.

    Kaiming normal (He et al. 2015, fan out for convolutions as in EfficientNet, fan in for dense
    layers before a ReLU), and the last layer small, so that training starts from even odds.
    """
    rng = np.random.default_rng((seed, 0xD1))
    weights: dict[str, npt.NDArray[np.float32]] = {}
    for prefix, layer in _named(network.layers):
        match layer:
            case Standardise(mean, std):
                weights[f"{prefix}.mean"] = np.array(mean, np.float32)
                weights[f"{prefix}.std"] = np.array(std, np.float32)
            case Convolution(_, inputs, outputs, kernel, _, depthwise):
                shape = (outputs, 1 if depthwise else inputs, kernel, kernel)
                fan = kernel * kernel * (1 if depthwise else outputs)
                weights[f"{prefix}.conv.weight"] = _normal(rng, shape, np.sqrt(2 / fan))
                if not layer.norm:
                    weights[f"{prefix}.conv.bias"] = np.zeros(outputs, np.float32)
                    continue
                for name, value in zip(NORM, (1.0, 0.0, 0.0, 1.0), strict=True):
                    weights[f"{prefix}.norm.{name}"] = np.full(outputs, value, np.float32)
            case Dense(_, inputs, outputs, activation):
                spread = np.sqrt(2 / inputs) if activation else 0.01
                weights[f"{prefix}.weight"] = _normal(rng, (outputs, inputs), spread)
                weights[f"{prefix}.bias"] = np.zeros(outputs, np.float32)
    return weights


def convolutions(network: Network) -> list[str]:
    """The names of our convolutions, in the order in which they are computed."""
    return [name for name, layer in _named(network.layers) if isinstance(layer, Convolution)]


def _normal(
    rng: np.random.Generator, shape: tuple[int, ...], spread: float
) -> npt.NDArray[np.float32]:
    return (rng.standard_normal(shape) * spread).astype(np.float32)


def _named(layers: tuple[Layer, ...], prefix: str = "") -> Iterator[tuple[str, Layer]]:
    """Every layer that has weights, with the path of names that leads to it."""
    for layer in layers:
        if isinstance(layer, Block | SideBySide):
            yield from _named(layer.layers, f"{prefix}{layer.name}.")
        elif isinstance(layer, Convolution | Dense | Standardise) and layer.name:
            yield prefix + layer.name, layer

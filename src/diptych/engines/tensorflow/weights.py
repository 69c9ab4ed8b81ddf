"""Weights under their canonical names and layout (see `networks`), in and out of a Keras model."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers as kl

from diptych.engines.tensorflow.layers import Standardise, model_of_network
from diptych.errors import InputError
from diptych.networks import NORM, Network, Weights
from diptych.networks.libraries import keras as external

Array = npt.NDArray[np.float32]

NO_AVERAGES: Mapping[Any, keras.Variable] = {}


def model_with_weights(network: Network, weights: Weights) -> keras.Model:
    """The network as a compiled model with these weights: uint8 pixels (N, H, W, C) to logits.

    `evaluate()` and `fit()` take pixels and labels as positions among the classes.
    """
    model = model_of_network(network)
    put_weights(model, network, weights)
    compile_for_labels(model)
    return model


def compile_for_labels(model: keras.Model) -> None:
    """Compile a model of logits, for labels that are positions among the classes."""
    model.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


def put_weights(model: keras.Model, network: Network, weights: Weights) -> None:
    """Put weights into a model.

    Only an external backbone may keep those that it has. Raises InputError where others are
    missing, have another shape or no place.
    """
    own = weights_of(model)
    optional = f"{network.external.name}." if network.external else None
    for name, value in own.items():
        fits = name in weights and weights[name].shape == value.shape
        if not fits and not (optional and name.startswith(optional) and name not in weights):
            raise InputError(f"{network.name}: no weights for {name}; are they of another network?")
    if unknown := next((name for name in weights if name not in own), None):
        raise InputError(f"{network.name}: no place for {unknown}; are they of another network?")
    set_weights(model, {**own, **weights})


def weights_of(
    model: keras.Model, averages: Mapping[Any, keras.Variable] = NO_AVERAGES
) -> dict[str, Array]:
    """The model's weights under canonical names and in canonical layout.

    Of variables that have an average, found by `ref()`, that.
    """
    return {
        name: np.array(
            np.transpose(averages.get(variable.value.ref(), variable).numpy(), axes),
            np.float32,
            order="C",
        )
        for name, variable, axes in canonical(model)
    }


def set_weights(model: keras.Model, weights: Weights) -> None:
    """Put canonical weights into a model; raises KeyError for one that is missing."""
    for name, variable, axes in canonical(model):
        # The inverse of a transposition: where each axis went.
        variable.assign(np.transpose(weights[name], np.argsort(axes)))


# The axes of a Keras variable in the order of PyTorch's layout.
_AXES = {
    kl.Conv2D: (3, 2, 0, 1),  # (H, W, in, out) → (out, in, H, W)
    kl.DepthwiseConv2D: (2, 3, 0, 1),  # (H, W, in, 1) → (in, 1, H, W)
    kl.Dense: (1, 0),  # (in, out) → (out, in)
}


def canonical(model: keras.Model) -> list[tuple[str, keras.Variable, tuple[int, ...]]]:
    """Each variable with its canonical name and the transposition to canonical layout."""
    variables: list[tuple[str, keras.Variable, tuple[int, ...]]] = []
    for layer in model.layers:
        if type(layer) in _AXES:
            variables.append((f"{layer.name}.weight", layer.kernel, _AXES[type(layer)]))
            if layer.bias is not None:
                variables.append((f"{layer.name}.bias", layer.bias, (0,)))
        elif isinstance(layer, kl.BatchNormalization):
            parts = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
            variables += [
                (f"{layer.name}.{part}", variable, (0,))
                for part, variable in zip(NORM, parts, strict=True)
            ]
        elif isinstance(layer, Standardise) and layer.saved:
            pairs = (("mean", layer.mean), ("std", layer.std))
            variables += [(f"{layer.name}.{part}", value, (0,)) for part, value in pairs]
        elif isinstance(layer, keras.Model):
            # A backbone of keras.applications has no twin, and keeps the layout that it has.
            variables += [
                (name, variable, tuple(range(len(variable.shape))))
                for name, variable in external.variables(layer.name, external.core(layer))
            ]
    return variables

"""The layers of `networks` as a Keras model. Shapes inside are (N, height, width, channels)."""

import re

import keras
import numpy as np
from keras import layers as kl

from diptych import networks
from diptych.networks import NORM_EPSILON, NORM_MOMENTUM, Layer, Network
from diptych.networks.libraries import keras as external


def model_of_network(
    network: Network, *, pixels: str = "uint8", dtype: str = "float32", seed: int = 0
) -> keras.Model:
    """The whole network as a functional model, from its input to logits.

    `pixels` is the type of pictures: augmentation leaves float32, of which nothing may be cut off.
    `dtype` is a Keras policy; the last layer computes in float32 whatever it is.
    """
    kind = pixels if len(network.input) == 3 else "float32"
    inputs = keras.Input(network.input, dtype=kind, name="images")
    outputs = inputs
    last = network.layers[-1]
    for i, layer in enumerate(network.layers):
        policy = "float32" if layer is last else dtype
        outputs = apply_layer(layer, outputs, "", keras.DTypePolicy(policy), seed + i)
    return keras.Model(inputs, outputs, name=re.sub(r"[^A-Za-z0-9_.]", "_", network.name))


def apply_layer(
    layer: Layer, x: keras.KerasTensor, prefix: str, dtype: keras.DTypePolicy, seed: int
) -> keras.KerasTensor:
    """What a layer makes of x. Keras layers are called as ours are."""
    match layer:
        case networks.Standardise(mean, std):
            return Standardise(mean, std, dtype=dtype)(x)
        case networks.Convolution(name, _, outputs, kernel, stride, depthwise, activation):
            path = f"{prefix}{name}"
            settings = {"strides": stride, "padding": "same", "use_bias": False, "dtype": dtype}
            conv = (
                kl.DepthwiseConv2D(kernel, name=f"{path}.conv", **settings)
                if depthwise
                else kl.Conv2D(outputs, kernel, name=f"{path}.conv", **settings)
            )
            norm = kl.BatchNormalization(
                momentum=1 - NORM_MOMENTUM,
                epsilon=NORM_EPSILON,
                name=f"{path}.norm",
                dtype=dtype,
            )
            return activate(activation, norm(conv(x)), dtype)
        case networks.Block(name, inner, residual):
            y = x
            for part in inner:
                y = apply_layer(part, y, f"{prefix}{name}.", dtype, seed)
            return kl.Add(dtype=dtype)([x, y]) if residual else y
        case networks.SideBySide(name, blocks):
            maps = [apply_layer(part, x, f"{prefix}{name}.", dtype, seed) for part in blocks]
            return kl.Concatenate(dtype=dtype)(maps)
        case networks.MaxPool(size):
            return kl.MaxPooling2D(size, dtype=dtype)(x)
        case networks.AveragePool(size):
            return kl.AveragePooling2D(size, dtype=dtype)(x)
        case networks.GlobalAverage():
            return kl.GlobalAveragePooling2D(dtype=dtype)(x)
        case networks.Flatten():
            return kl.Flatten(dtype=dtype)(x)
        case networks.Unflatten(height, width, channels):
            return kl.Reshape((height, width, channels), dtype=dtype)(x)
        case networks.Dropout(rate):
            return kl.Dropout(rate, seed=seed, dtype=dtype)(x)
        case networks.Dense(name, _, outputs, activation):
            dense = kl.Dense(outputs, name=f"{prefix}{name}", dtype=dtype)
            return activate(activation, dense(x), dtype)
        case networks.External():
            return external.backbone(layer, dtype=dtype.name, seed=seed)(x)


def activate(activation: str, x: keras.KerasTensor, dtype: keras.DTypePolicy) -> keras.KerasTensor:
    """x after "relu", "relu6" or nothing."""
    return kl.Activation(activation, dtype=dtype)(x) if activation else x


@keras.saving.register_keras_serializable("diptych")
class Standardise(kl.Layer):  # type: ignore[misc]
    """(pixel − mean) / std for each channel, on the scale 0 to 255."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], **settings: object) -> None:
        super().__init__(autocast=False, **settings)
        self.mean, self.std = tuple(mean), tuple(std)

    def call(self, pixels: keras.KerasTensor) -> keras.KerasTensor:
        x = keras.ops.cast(pixels, "float32")
        x = (x - np.asarray(self.mean, np.float32)) / np.asarray(self.std, np.float32)
        return keras.ops.cast(x, self.compute_dtype)

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "mean": self.mean, "std": self.std}

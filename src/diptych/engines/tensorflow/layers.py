"""The layers of `networks` as a Keras model. Shapes inside are (N, height, width, channels)."""

import re
from typing import Any

import keras
import numpy as np
from keras import layers as kl

from diptych import networks
from diptych.networks import NORM_MOMENTUM, Layer, Network
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
            named = layer.name or None
            return Standardise(mean, std, bool(named), name=named, dtype=dtype)(x)
        case networks.Convolution():
            return convolve(layer, x, f"{prefix}{layer.name}", dtype)
        case networks.Block(name, _, residual):
            y = x
            for part in layer.row:
                y = apply_layer(part, y, f"{prefix}{name}.", dtype, seed)
            if layer.shortcut:
                x = apply_layer(layer.shortcut, x, f"{prefix}{name}.", dtype, seed)
            return kl.Add(dtype=dtype)([x, y]) if residual else y
        case networks.Activation(kind):
            return activate(kind, x, dtype)
        case networks.SideBySide(name, blocks):
            maps = [apply_layer(part, x, f"{prefix}{name}.", dtype, seed) for part in blocks]
            return kl.Concatenate(dtype=dtype)(maps)
        case networks.MaxPool(size, stride, padding):
            padded = kl.ZeroPadding2D(padding, dtype=dtype)(x) if padding else x
            return kl.MaxPooling2D(size, stride or None, dtype=dtype)(padded)
        case networks.AveragePool(size):
            return kl.AveragePooling2D(size, dtype=dtype)(x)
        case networks.GlobalAverage():
            return kl.GlobalAveragePooling2D(dtype=dtype)(x)
        case networks.Mirrored():
            return mirrored(x)
        case networks.MeanOfViews(width):
            return mean_of_views(x, width)
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


def convolve(
    layer: networks.Convolution, x: keras.KerasTensor, path: str, dtype: keras.DTypePolicy
) -> keras.KerasTensor:
    """A convolution with its normalisation and activation; `path` is its name."""
    # Of stride 1, the two ways of padding are one.
    by_hand = layer.symmetric and layer.stride > 1 and layer.kernel > 1
    if by_hand:
        x = kl.ZeroPadding2D(layer.kernel // 2, dtype=dtype)(x)
    settings = {
        "strides": layer.stride,
        "padding": "valid" if by_hand else "same",
        "use_bias": not layer.norm,
        "name": f"{path}.conv",
        "dtype": dtype,
    }
    conv = (
        kl.DepthwiseConv2D(layer.kernel, **settings)
        if layer.depthwise
        else kl.Conv2D(layer.outputs, layer.kernel, **settings)
    )
    x = conv(x)
    if layer.norm:
        momentum, name = 1 - NORM_MOMENTUM, f"{path}.norm"
        x = kl.BatchNormalization(momentum=momentum, epsilon=layer.epsilon, name=name, dtype=dtype)(
            x
        )
    return activate(layer.activation, x, dtype)


def mirrored(pixels: keras.KerasTensor) -> keras.KerasTensor:
    """Pictures, and behind all of them their mirror images, (N, H, W, C) to (2N, H, W, C)."""
    return keras.ops.concatenate([pixels, keras.ops.flip(pixels, axis=2)], axis=0)


def mean_of_views(x: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """The mean over a picture and its mirror image, (2N, width) to (N, width)."""
    return keras.ops.mean(keras.ops.reshape(x, (networks.VIEWS, -1, width)), axis=0)


def activate(activation: str, x: keras.KerasTensor, dtype: keras.DTypePolicy) -> keras.KerasTensor:
    """x after "relu", "relu6" or nothing."""
    return kl.Activation(activation, dtype=dtype)(x) if activation else x


@keras.saving.register_keras_serializable("diptych")
class Standardise(kl.Layer):  # type: ignore[misc]
    """(pixel − mean) / std for each channel, on the scale 0 to 255; `saved` with the weights."""

    def __init__(
        self, mean: tuple[float, ...], std: tuple[float, ...], saved: bool = False, **settings: Any
    ) -> None:
        super().__init__(autocast=False, **settings)
        self.saved = saved
        self.mean, self.std = tuple(mean), tuple(std)

    def build(self, shape: tuple[int, ...]) -> None:
        if self.saved:
            self.mean, self.std = (
                self.add_weight(
                    (len(values),),
                    keras.initializers.Constant(values),
                    dtype="float32",
                    trainable=False,
                    name=name,
                )
                for name, values in (("mean", self.mean), ("std", self.std))
            )

    def call(self, pixels: keras.KerasTensor) -> keras.KerasTensor:
        x = keras.ops.cast(pixels, "float32")
        mean, std = (keras.ops.convert_to_tensor(v, "float32") for v in (self.mean, self.std))
        return keras.ops.cast((x - mean) / std, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        mean, std = (np.asarray(values).tolist() for values in (self.mean, self.std))
        return {**super().get_config(), "mean": mean, "std": std, "saved": self.saved}

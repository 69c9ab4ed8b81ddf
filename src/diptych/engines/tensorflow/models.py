"""The layers of `networks` as a Keras model. Shapes inside are (N, height, width, channels)."""

import keras
import numpy as np
import numpy.typing as npt
from keras import layers as kl

from diptych import networks
from diptych.networks import NORM, NORM_EPSILON, NORM_MOMENTUM, Layer, Network, Weights
from diptych.networks.libraries import keras as external

Array = npt.NDArray[np.float32]


def model(
    network: Network,
    kind: type[keras.Model] = keras.Model,
    *,
    dtype: str = "float32",
    seed: int = 0,
) -> keras.Model:
    """The whole network as a functional model, from its input to logits.

    `dtype` is a Keras policy; the last layer computes in float32 whatever it is.
    """
    numbers = "uint8" if len(network.input) == 3 else "float32"
    inputs = keras.Input(network.input, dtype=numbers, name="images")
    outputs = inputs
    last = network.layers[-1]
    for i, layer in enumerate(network.layers):
        policy = "float32" if layer is last else dtype
        outputs = applied(layer, outputs, "", keras.DTypePolicy(policy), seed + i)
    return kind(inputs, outputs, name=network.name.replace("/", "_"))


def applied(
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
            return activated(activation, norm(conv(x)), dtype)
        case networks.Block(name, inner, residual):
            y = x
            for part in inner:
                y = applied(part, y, f"{prefix}{name}.", dtype, seed)
            return kl.Add(dtype=dtype)([x, y]) if residual else y
        case networks.MaxPool(size):
            return kl.MaxPooling2D(size, dtype=dtype)(x)
        case networks.AveragePool(size):
            return kl.AveragePooling2D(size, dtype=dtype)(x)
        case networks.GlobalAverage():
            return kl.GlobalAveragePooling2D(dtype=dtype)(x)
        case networks.Flatten():
            return kl.Flatten(dtype=dtype)(x)
        case networks.Dropout(rate):
            return kl.Dropout(rate, seed=seed, dtype=dtype)(x)
        case networks.Dense(name, _, outputs, activation):
            dense = kl.Dense(outputs, name=f"{prefix}{name}", dtype=dtype)
            return activated(activation, dense(x), dtype)
        case networks.External():
            return external.backbone(layer, dtype=dtype.name, seed=seed)(x)


def activated(activation: str, x: keras.KerasTensor, dtype: keras.DTypePolicy) -> keras.KerasTensor:
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


def weights_of(built: keras.Model) -> dict[str, Array]:
    """The model's weights under canonical names and in canonical layout."""
    return {
        name: np.array(np.transpose(variable.numpy(), axes), np.float32, order="C")
        for name, variable, axes in canonical(built)
    }


def set_weights(built: keras.Model, weights: Weights) -> None:
    """Put canonical weights into a model; raises KeyError for one that is missing."""
    for name, variable, axes in canonical(built):
        # The inverse of a transposition: where each axis went.
        variable.assign(np.transpose(weights[name], np.argsort(axes)))


# The axes of a Keras variable in the order of PyTorch's layout.
_AXES = {
    kl.Conv2D: (3, 2, 0, 1),  # (H, W, in, out) → (out, in, H, W)
    kl.DepthwiseConv2D: (2, 3, 0, 1),  # (H, W, in, 1) → (in, 1, H, W)
    kl.Dense: (1, 0),  # (in, out) → (out, in)
}


def canonical(built: keras.Model) -> list[tuple[str, keras.Variable, tuple[int, ...]]]:
    """Each variable with its canonical name and the transposition to canonical layout."""
    found: list[tuple[str, keras.Variable, tuple[int, ...]]] = []
    for layer in built.layers:
        if type(layer) in _AXES:
            found.append((f"{layer.name}.weight", layer.kernel, _AXES[type(layer)]))
            if layer.bias is not None:
                found.append((f"{layer.name}.bias", layer.bias, (0,)))
        elif isinstance(layer, kl.BatchNormalization):
            parts = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
            found += [
                (f"{layer.name}.{part}", variable, (0,))
                for part, variable in zip(NORM, parts, strict=True)
            ]
        elif isinstance(layer, keras.Model):
            # A backbone of keras.applications has no twin, and keeps the layout that it has.
            found += [
                (name, variable, tuple(range(len(variable.shape))))
                for name, variable in external.variables(layer.name, external.core(layer))
            ]
    return found

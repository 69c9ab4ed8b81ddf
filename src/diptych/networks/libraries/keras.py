"""Backbones from keras.applications: `keras/ResNet50`, `keras/VGG16` and three dozen others."""

import random
import sys
import tempfile
import warnings
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych.errors import InputError, first_line
from diptych.networks import INPUT, Dense, Dropout, External, Network
from diptych.networks.libraries import CannotTake
from diptych.networks.libraries.tensorflow import keras
from diptych.networks.pretrained import read_safetensors
from diptych.system.memory import short_of_memory
from diptych.system.silence import quiet

Arrays = dict[str, npt.NDArray[np.float32]]


def names() -> Collection[str]:
    """The models that keras.applications has."""
    return MODELS


def network(model: str, shape: tuple[int, ...], classes: int, dropout: float) -> Network:
    """A model of keras.applications with its last layer replaced, for pictures of a shape.

    Raises CannotTake where it makes no features of them, InputError where they are not square or
    have no colours.
    """
    height, width, channels = shape
    if height != width or channels != 3:
        raise InputError(f"keras/{model} needs square colour pictures; use the network cnn")
    layer = External("backbone", "keras", model, height, 0)
    features = _width(layer)
    layers = (
        layer._replace(outputs=features),
        Dropout(dropout),
        Dense("classifier", features, classes),
    )
    return Network(f"keras/{model}", shape, layers)


def own_side(model: str) -> int | None:
    """The side of the pictures that a model was made for; None where it takes any."""
    side: int | None = getattr(keras.applications, model)(weights=None).input_shape[1]
    return side


@lru_cache(maxsize=32)
def _width(layer: External) -> int:
    """How many features a model gives, from one look at a picture; raises CannotTake for none."""
    shape = (layer.side, layer.side, 3)
    try:
        # Of grouped convolutions outside of a tf.function it warns, without a reason here.
        with quiet("tensorflow"):
            features = np.asarray(backbone(layer)(np.full((1, *shape), 127, np.float32)))
    except InputError:
        raise
    except Exception as cause:
        # What is wrong with a size shows as whatever error the arithmetic ends in.
        if short_of_memory(cause):
            raise
        raise CannotTake(f"keras/{layer.model}", shape, first_line(cause)) from cause
    if features.ndim != 2 or not np.isfinite(features).all():
        raise CannotTake(f"keras/{layer.model}", shape, "its features are no finite numbers")
    return int(features.shape[-1])


def backbone(layer: External, *, dtype: str = "float32", seed: int = 0) -> keras.Model:
    """From pixels to features, with weights drawn from the seed.

    The library's own preparation of pictures is its first layer.
    """
    shape = (layer.side, layer.side, 3)
    # Not uint8: augmented pictures have levels in between.
    images = keras.Input(shape, dtype="float32", name=INPUT)
    core = _created(layer, None, dtype=dtype, seed=seed)
    return keras.Model(images, core(Prepared(layer.model)(images)), name=layer.name)


def core(built: keras.Model) -> keras.Model:
    """The library's model inside of what `backbone` made."""
    return built.layers[-1]


def pretrained(layer: External, weights: str) -> Arrays:
    """The backbone's weights under our names: from Keras' storage ("pretrained") or from a file.

    A file is .h5 or .weights.h5 as Keras writes it, without the last layer, or .safetensors with
    our names. Raises InputError when the storage cannot be reached or the file is not of this
    model.
    """
    if weights != "pretrained":
        return _from_file(layer, Path(weights))
    try:
        return _named(layer, _created(layer, "imagenet"))
    except Exception as cause:
        # urllib, http.client, h5py and Keras each raise errors of their own.
        raise InputError(
            f"the weights of keras/{layer.model} cannot be fetched ({first_line(cause)}); "
            "give a file with --weights FILE, or start without with --weights none"
        ) from cause


def variables(name: str, model: keras.Model) -> list[tuple[str, keras.Variable]]:
    """The weights of the library's model under our names: by position, for some have no name."""
    return [(f"{name}.{i}", variable) for i, variable in enumerate(model.weights)]


@keras.saving.register_keras_serializable("diptych")
class Prepared(keras.layers.Layer):  # type: ignore[misc]
    """Pixels as a model of keras.applications wants them: each has a way of its own."""

    def __init__(self, model: str, **settings: Any) -> None:
        super().__init__(autocast=False, dtype="float32", **settings)
        self.model = model

    def call(self, pixels: keras.KerasTensor) -> keras.KerasTensor:
        module = sys.modules[getattr(keras.applications, self.model).__module__]
        return module.preprocess_input(keras.ops.cast(pixels, "float32"))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["dtype"]
        return {**config, "model": self.model}


def _created(
    layer: External, weights: str | None, *, dtype: str = "float32", seed: int = 0
) -> keras.Model:
    """The library's model without its last layer.

    Keras draws the seeds of starting weights from Python's random numbers, and gives every layer
    the policy of the moment; both are as before afterwards.
    """
    state, policy = random.getstate(), keras.config.dtype_policy()
    random.seed(seed)
    keras.config.set_dtype_policy(dtype)
    try:
        return getattr(keras.applications, layer.model)(
            weights=weights,
            include_top=False,
            pooling="avg",
            input_shape=(layer.side, layer.side, 3),
        )
    except ValueError as cause:
        if weights:
            raise
        shape = (layer.side, layer.side, 3)
        raise CannotTake(f"keras/{layer.model}", shape, first_line(cause)) from cause
    finally:
        random.setstate(state)
        keras.config.set_dtype_policy(policy)


def _from_file(layer: External, path: Path) -> Arrays:
    if not path.is_file():
        raise InputError(f"{path}: no such file of weights")
    model = _created(layer, None)
    if path.suffix == ".safetensors":
        return _ours(layer, model, path)
    if path.suffix != ".h5":
        raise InputError(f"{path}: no file of weights; keras/… reads .h5 and .safetensors")
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            # Of weights that are not in the file Keras only warns.
            warnings.simplefilter("error", UserWarning)
            # Keras tells its two formats apart by the name, which people change.
            link = Path(folder) / ("new.weights.h5" if _new_format(path) else "old.h5")
            link.symlink_to(path.resolve())
            model.load_weights(link)
    except Exception as cause:
        # h5py and Keras each raise errors of their own.
        raise InputError(
            f"{path}: no weights of keras/{layer.model} without its last layer "
            f"({first_line(cause)})"
        ) from cause
    return _named(layer, model)


def _named(layer: External, model: keras.Model) -> Arrays:
    return {name: np.asarray(v.numpy()) for name, v in variables(layer.name, model)}


def _new_format(path: Path) -> bool:
    """Whether an HDF5 file is of Keras 3 rather than of Keras 2, of weights or a whole model."""
    import h5py

    with h5py.File(path, "r") as file:
        return "layer_names" not in file.attrs and "model_weights" not in file


def _ours(layer: External, model: keras.Model, path: Path) -> Arrays:
    arrays = read_safetensors(path)
    for name, variable in variables(layer.name, model):
        if name not in arrays or arrays[name].shape != tuple(variable.shape):
            raise InputError(
                f"{path}: has no '{name}' of shape {tuple(variable.shape)}; "
                f"it is not of keras/{layer.model}"
            )
    return {name: arrays[name] for name, _ in variables(layer.name, model)}


MODELS = tuple(
    name
    for name, value in sorted(vars(keras.applications).items())
    if callable(value) and name[0].isupper()
)

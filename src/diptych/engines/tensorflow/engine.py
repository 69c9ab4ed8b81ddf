"""The TensorFlow engine: a Keras model, `compile()`, and `fit()` fed by tf.data."""

import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from safetensors.numpy import load_file, save_file

from diptych.engines.contract import Inputs, Optimiser, Step, joined
from diptych.engines.tensorflow import onnx_export
from diptych.engines.tensorflow.augmentation import Drawn, drawn, signature
from diptych.engines.tensorflow.models import model, set_weights, weights_of
from diptych.errors import InputError
from diptych.graphs.writer import onnx_graph
from diptych.images.augmentation import Draw
from diptych.images.rows import in_batches
from diptych.metrics.probabilities import Logits
from diptych.networks import Network, Weights

MEAN_LOSS = "mean_loss"


class TensorFlowEngine:
    """A network in Keras on TensorFlow, on a GPU where there is one."""

    def __init__(self, network: Network, weights: Weights, optimiser: Optimiser, seed: int) -> None:
        self.network = network
        self.seed = seed
        self.epochs = 0
        # Two models: one trains, in bfloat16 where the hardware has it; one answers, in float32.
        self.answering = model(network)
        self.training = model(network, Trainer, dtype=precision(), seed=seed)
        self._put(weights)
        self.training.compile(
            optimizer=make_optimiser(optimiser),
            loss=keras.losses.CategoricalCrossentropy(from_logits=True),
            # Keras averages its loss over steps, this metric over pictures.
            metrics=[keras.metrics.CategoricalCrossentropy(name=MEAN_LOSS, from_logits=True)],
            jit_compile=False,  # XLA took twice as long on processors
        )
        self.training.optimizer.build(self.training.trainable_variables)
        self._looked = False
        self._answers_as_trained = False

    def train(self, steps: Iterable[Step]) -> float:
        self._look()
        self._answers_as_trained = False
        # Dropout is drawn anew from (seed, epoch), so that an epoch that is trained again after a
        # crash is the same epoch.
        for i, layer in enumerate(dropouts(self.training)):
            layer.seed_generator.state.assign([self.seed * 100_003 + self.epochs, i])
        taken = 0

        def counted() -> Iterator[Step]:
            nonlocal taken
            for step in steps:
                taken += 1
                yield step

        counter = self.training.optimizer.iterations
        before = int(counter.value.numpy())
        with warnings.catch_warnings():
            # An epoch ends where its steps end; Keras would rather have known their number.
            warnings.filterwarnings("ignore", message="Your input ran out of data")
            history = self.training.fit(dataset(counted(), self.network), shuffle=False, verbose=0)
        # Looking for a step after the last one, Keras has counted one that there is not.
        counter.assign(before + taken)
        self.epochs += 1
        return float(history.history[MEAN_LOSS][0])

    def predict(self, inputs: Inputs) -> Logits:
        if not self._answers_as_trained:
            set_weights(self.answering, weights_of(self.training))
            self._answers_as_trained = True
        # predict() builds a pipeline at every call, which takes longer than a picture or two.
        parts = [self.answering.predict_on_batch(batch) for batch in in_batches(inputs, 64)]
        return joined(parts, self.network.classes)

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        return weights_of(self.training)

    def save(self, directory: Path) -> None:
        state = {f"weights/{name}": value for name, value in self.weights().items()}
        for i, variable in enumerate(self.training.optimizer.variables):
            state[f"optimiser/{i}"] = np.asarray(variable.value.numpy())
        state["epochs"] = np.array(self.epochs)
        save_file(state, directory / "tensorflow.safetensors")

    def load(self, directory: Path) -> None:
        state = load_file(directory / "tensorflow.safetensors")
        self.epochs = int(state["epochs"])
        kept = {n: v for n, v in state.items() if n.startswith("weights/")}
        self._put({name.removeprefix("weights/"): value for name, value in kept.items()})
        for i, variable in enumerate(self.training.optimizer.variables):
            variable.assign(state[f"optimiser/{i}"])

    def export(self, format: str, *, probabilities: bool = True) -> bytes:
        if format != "onnx":
            raise InputError(f"the engine tensorflow cannot export {format}; it has: onnx")
        if not self.network.external:
            return onnx_graph(self.network, self.weights(), probabilities=probabilities)
        return whole_graph(self.network, self.weights(), probabilities)

    def _look(self) -> None:
        """Without a look at one batch, fit() would take the first step of an epoch for it."""
        if not self._looked:
            example = np.zeros((1, *self.network.input), self.training.input.dtype)
            self.training.test_on_batch(example, np.zeros((1, self.network.classes), np.float32))
            self._looked = True

    def _put(self, weights: Weights) -> None:
        put_weights(self.training, self.network, weights)
        self._answers_as_trained = False


def loaded(network: Network, weights: Weights) -> keras.Model:
    """The network as a compiled model with these weights: uint8 pixels (N, H, W, C) to logits.

    `evaluate()` and `fit()` take pixels and labels as positions among the classes.
    """
    built = model(network)
    put_weights(built, network, weights)
    built.compile(
        optimizer="adam",
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return built


def put_weights(built: keras.Model, network: Network, weights: Weights) -> None:
    """Put weights into a model.

    Only an external backbone may keep those that it has. Raises InputError where others are
    missing, have another shape or no place.
    """
    own = weights_of(built)
    kept = f"{network.external.name}." if network.external else None
    for name, value in own.items():
        known = name in weights and weights[name].shape == value.shape
        if not known and not (kept and name.startswith(kept) and name not in weights):
            raise InputError(f"{network.name}: no weights for {name}; are they of another network?")
    if lost := next((name for name in weights if name not in own), None):
        raise InputError(f"{network.name}: no place for {lost}; are they of another network?")
    set_weights(built, {**own, **weights})


def dropouts(built: keras.Model) -> Iterator[Any]:
    """Every layer that drops something, those of a backbone too."""
    for layer in built.layers:
        if isinstance(layer, keras.Model):
            yield from dropouts(layer)
        elif isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
            yield layer


def whole_graph(network: Network, weights: Weights, probabilities: bool) -> bytes:
    """A network with a backbone of keras.applications as an ONNX file."""
    built = loaded(network, weights)
    if not probabilities:
        return onnx_export.onnx_graph(built, "features")
    answers = keras.layers.Softmax(dtype="float32")(built.output)
    return onnx_export.onnx_graph(keras.Model(built.input, answers), "probabilities")


class Trainer(keras.Model):  # type: ignore[misc]
    """A model whose every step comes with a learning rate and, for pictures, a draw."""

    def train_step(self, data: Any) -> Any:
        inputs, targets_NK, rate, draw = data
        self.optimizer.learning_rate.assign(rate)
        if draw:
            inputs = drawn(inputs, Drawn(*draw))
        return super().train_step((inputs, targets_NK))


def dataset(steps: Iterable[Step], network: Network) -> Any:
    """The steps of an epoch as a tf.data pipeline that is one step ahead."""
    first, *_ = taken = [*_head(steps)]
    with_draw = bool(first and first[0].draw is not None)
    images = len(network.input) == 3
    kind = tf.uint8 if images else tf.float32
    draw_spec = tuple(signature(network.input[-1])) if with_draw else ()
    spec = (
        tf.TensorSpec((None, *network.input), kind),
        tf.TensorSpec((None, network.classes), tf.float32),
        tf.TensorSpec((), tf.float32),
        draw_spec,
    )

    def values() -> Iterator[Any]:
        for part in taken:
            for inputs, targets_NK, rate, draw in part:
                yield inputs, targets_NK, rate, _tensors(draw)

    return tf.data.Dataset.from_generator(values, output_signature=spec).prefetch(2)


def _head(steps: Iterable[Step]) -> Iterator[Any]:
    """The first step in a list of its own, then the rest, still to be drawn."""
    rest = iter(steps)
    yield list(islice(rest, 1))
    yield rest


def _tensors(draw: Draw | None) -> tuple[Any, ...]:
    return () if draw is None else tuple(draw)


class Scaled(keras.optimizers.Optimizer):  # type: ignore[misc]
    """What our two optimisers share: a rate for each layer, and decay of kernels alone."""

    decay: float
    backbone_rate: float

    def rate_of(self, variable: Any, rate: Any) -> Any:
        """The head learns at the full rate, all other layers at a share of it."""
        # TensorFlow hands over its own variable; Keras' knows which layer it is of.
        known = self._trainable_variables[self._get_variable_index(variable)]
        head = known.path.split("/")[0] == "classifier"
        return rate if head else rate * self.backbone_rate

    def decay_of(self, variable: Any) -> float:
        """Biases and the scales of batch normalisation do not decay (He et al. 2019)."""
        return self.decay if len(variable.shape) > 1 else 0.0


class AdamW(Scaled, keras.optimizers.Adam):  # type: ignore[misc]
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019), as PyTorch has it.

    Keras adds epsilon before it corrects the second moment's bias; in the first steps, where
    gradients are small, that is another path.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        rate = self.rate_of(variable, learning_rate)
        if decay := self.decay_of(variable):
            variable.assign(variable * (1 - rate * decay))
        i, t = self._get_variable_index(variable), tf.cast(self.iterations + 1, tf.float32)
        first, second = self._momentums[i], self._velocities[i]
        first.assign_add((1 - self.beta_1) * (gradient - first))
        second.assign_add((1 - self.beta_2) * (tf.square(gradient) - second))
        mean = first / (1 - tf.pow(self.beta_1, t))
        spread = tf.sqrt(second / (1 - tf.pow(self.beta_2, t))) + self.epsilon
        variable.assign_sub(rate * mean / spread)


class SGD(Scaled, keras.optimizers.SGD):  # type: ignore[misc]
    """Nesterov momentum whose velocity holds no learning rate, as PyTorch has it.

    Keras multiplies by the rate before it accumulates; with a schedule that is another path.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        rate = self.rate_of(variable, learning_rate)
        velocity = self.momentums[self._get_variable_index(variable)]
        gradient = gradient + self.decay_of(variable) * variable
        velocity.assign(self.momentum * velocity + gradient)
        variable.assign(variable - rate * (gradient + self.momentum * velocity))


def make_optimiser(choice: Optimiser) -> keras.optimizers.Optimizer:
    """The optimiser of a recipe; the epsilon of Adam is PyTorch's (Keras: 1e-7)."""
    made: Any = (
        SGD(momentum=0.9, nesterov=True)
        if choice.kind == "sgd"
        else AdamW(beta_1=0.9, beta_2=0.999, epsilon=1e-8)
    )
    made.decay, made.backbone_rate = choice.weight_decay, choice.backbone_rate
    return made


def precision() -> str:
    """The Keras policy for training: bfloat16 where the hardware has units for it."""
    return "mixed_bfloat16" if has_bfloat16() else "float32"


def has_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 on the device."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability")
        return bool(capability and capability >= (8, 0))
    facts = Path("/proc/cpuinfo")
    text = facts.read_text(encoding="utf-8") if facts.exists() else ""
    return "amx_bf16" in text or "avx512_bf16" in text

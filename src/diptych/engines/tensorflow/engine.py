"""The TensorFlow engine: a Keras model, `compile()`, and `fit()` fed by tf.data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from diptych.engines.contract import Epoch, Inputs, Optimiser, StepLosses, dropout_seed
from diptych.engines.tensorflow import onnx_export
from diptych.engines.tensorflow.feeding import Feed
from diptych.engines.tensorflow.layers import model_of_network
from diptych.engines.tensorflow.losses import LossOfEachStep, weighted_cross_entropy
from diptych.engines.tensorflow.optimisers import EpochRates, make_optimiser
from diptych.engines.tensorflow.precision import mixed_precision
from diptych.engines.tensorflow.weights import canonical, put_weights, set_weights, weights_of
from diptych.errors import InputError
from diptych.graphs.writer import onnx_graph, with_head
from diptych.images.rows import at_once, map_batches
from diptych.metrics.probabilities import Logits
from diptych.networks import Network, Weights


class TensorFlowEngine:
    """A network in Keras on TensorFlow, on a GPU where there is one."""

    def __init__(self, network: Network, weights: Weights, optimiser: Optimiser, seed: int) -> None:
        self.network = network
        self.seed = seed
        # Two models: one trains, in bfloat16 where the hardware has it; one answers, in float32.
        self.answering = model_of_network(network)
        self.training = model_of_network(
            network.one_view, pixels="float32", dtype=mixed_precision(), seed=seed
        )
        if optimiser.frozen_norms:
            for norm in layers_of(self.training, keras.layers.BatchNormalization):
                norm.trainable = False
        self._put(weights)
        self.feed = Feed(network)
        self.rates = EpochRates()
        self.losses = LossOfEachStep()
        self.training.compile(
            optimizer=make_optimiser(optimiser, self.rates, self.training),
            loss=weighted_cross_entropy,
            metrics=[self.losses],
            jit_compile=False,  # XLA took twice as long on processors
        )
        self.training.optimizer.build(self.training.trainable_variables)
        if optimiser.average_decay:
            learned = [variable for _, variable, _ in canonical(self.training)]
            self.training.optimizer.average(learned)

    def train(self, epoch: Epoch) -> StepLosses:
        self._answers_as_trained = False
        self.rates.begin(epoch.rates, int(self.training.optimizer.iterations))
        if not epoch.first_step:
            for i, layer in enumerate(dropout_layers(self.training)):
                seed = dropout_seed(self.seed, epoch.number) % 2**32
                layer.seed_generator.state.assign([seed, i])
        self.training.fit(
            self.feed.dataset(epoch), steps_per_epoch=len(epoch), shuffle=False, verbose=0
        )
        return self.losses.of_each_step()

    def predict(self, inputs: Inputs) -> Logits:
        if not self._answers_as_trained:
            set_weights(self.answering, self.weights())
            self._answers_as_trained = True
        # predict() builds a pipeline at every call, which takes longer than a picture or two.
        return map_batches(self.answering.predict_on_batch, inputs, at_once(inputs.shape, 64))

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        return weights_of(self.training, self.training.optimizer.averages)

    def save(self, directory: Path) -> None:
        state = {name: np.asarray(variable.value.numpy()) for name, variable in self._state()}
        save_file(state, directory / "tensorflow.safetensors")

    def load(self, directory: Path) -> None:
        state = load_file(directory / "tensorflow.safetensors")
        for name, variable in self._state():
            variable.assign(state[name])
        self._answers_as_trained = False

    def export(self, format: str, *, probabilities: bool = True) -> bytes:
        if format != "onnx":
            raise InputError(f"the engine tensorflow cannot export {format}; it has: onnx")
        if not self.network.external:
            return onnx_graph(self.network, self.weights(), probabilities=probabilities)
        weights = self.weights()
        backbone = onnx_export.backbone_graph(self.network.backbone, weights)
        return with_head(backbone, self.network.head, weights, probabilities=probabilities)

    def _state(self) -> Iterator[tuple[str, keras.Variable]]:
        """All that changes in training: weights, averages, random numbers, and the optimiser's."""
        for part, holder in (("model", self.training), ("optimiser", self.training.optimizer)):
            for i, variable in enumerate(holder.variables):
                yield f"{part}/{i}", variable

    def _put(self, weights: Weights) -> None:
        put_weights(self.training, self.network, weights)
        self._answers_as_trained = False


def dropout_layers(model: keras.Model) -> Iterator[Any]:
    """Every layer that drops something, those of a backbone too."""
    return (layer for layer in layers_of(model, keras.layers.Dropout) if layer.rate > 0)


def layers_of(model: keras.Model, kind: type) -> Iterator[Any]:
    """Every layer of a kind, those of a backbone too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from layers_of(layer, kind)
        elif isinstance(layer, kind):
            yield layer

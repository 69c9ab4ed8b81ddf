"""Softmax regression in NumPy: the honest baseline, and the engine that needs no framework.

It runs networks whose only trained layer is the last: `linear`, and the head of any other.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

from diptych.engines.contract import Epoch, Inputs, Optimiser, StepLosses, average_decay
from diptych.errors import InputError
from diptych.graphs.writer import onnx_graph
from diptych.images.augment_numpy import augment
from diptych.images.rows import map_batches
from diptych.metrics.probabilities import Logits, log_softmax
from diptych.networks import (
    VIEWS,
    AveragePool,
    Dropout,
    Flatten,
    GlobalAverage,
    MeanOfViews,
    Mirrored,
    Network,
    Standardise,
    Weights,
)

Array = npt.NDArray[np.float32]

_FIXED = (Standardise, AveragePool, GlobalAverage, Flatten, Dropout, Mirrored, MeanOfViews)
# Kingma & Ba 2015; dropout is left out: one layer has nothing to co-adapt.
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8

# A rate that is too high ends in numbers that are none; the loop says so of their loss.
_quiet = np.errstate(over="ignore", invalid="ignore")


class LinearEngine:
    """One dense layer trained with AdamW (Loshchilov & Hutter 2019) or Nesterov momentum."""

    def __init__(self, network: Network, weights: Weights, optimiser: Optimiser) -> None:
        if not all(isinstance(layer, _FIXED) for layer in network.layers[:-1]):
            raise InputError(
                f"the engine linear cannot train {network.name}; it has: linear, and any head"
            )
        self.network = network
        self.optimiser = optimiser
        self.kernel = np.array(weights["classifier.weight"], np.float32)
        self.bias = np.array(weights["classifier.bias"], np.float32)
        self.moments = [np.zeros_like(p) for p in (self.kernel, self.bias) for _ in range(2)]
        self.steps = 0
        self.averages = [self.kernel.copy(), self.bias.copy()]

    @_quiet
    def train(self, epoch: Epoch) -> StepLosses:
        losses = []
        for (rows, targets_NK, augmentation), rate in zip(epoch, epoch.rates, strict=True):
            inputs = epoch.inputs[rows]
            pixels = inputs if augmentation is None else augment(inputs, augmentation)
            x_NF = self._features(pixels, self.network.one_view)
            log_p_NK = log_softmax(x_NF @ self.kernel.T + self.bias)
            losses.append(-(targets_NK * log_p_NK).sum() / len(x_NF))
            weight_N1 = targets_NK.sum(1, keepdims=True)
            gradient_NK = (np.exp(log_p_NK) * weight_N1 - targets_NK) / len(x_NF)
            self._step([gradient_NK.T @ x_NF, gradient_NK.sum(0)], rate)
        return np.array(losses, np.float32)

    @_quiet
    def predict(self, inputs: Inputs) -> Logits:
        kernel, bias = self.averages if self.optimiser.average_decay else (self.kernel, self.bias)

        def logits(inputs: Inputs) -> Logits:
            return self._features(inputs, self.network) @ kernel.T + bias

        return map_batches(logits, inputs, 256)

    def weights(self) -> dict[str, Array]:
        kernel, bias = self.averages if self.optimiser.average_decay else (self.kernel, self.bias)
        return {"classifier.weight": kernel.copy(), "classifier.bias": bias.copy()}

    def save(self, directory: Path) -> None:
        save_file(self.state(), directory / "linear.safetensors")

    def load(self, directory: Path) -> None:
        self.restore(load_file(directory / "linear.safetensors"))

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """All that changes in training; the arrays are the engine's own."""
        state: dict[str, npt.NDArray[Any]] = {
            f"moment{i}": moment for i, moment in enumerate(self.moments)
        }
        state |= {f"average{i}": average for i, average in enumerate(self.averages)}
        return state | {"kernel": self.kernel, "bias": self.bias, "steps": np.array([self.steps])}

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on from what `state` was; the arrays are the engine's from now on."""
        self.kernel, self.bias = state["kernel"], state["bias"]
        self.moments = [state[f"moment{i}"] for i in range(4)]
        self.averages = [state[f"average{i}"] for i in range(2)]
        self.steps = int(state["steps"][0])

    def export(self, format: str, *, probabilities: bool = True) -> bytes:
        if format != "onnx":
            raise InputError(f"the engine linear cannot export {format}; it has: onnx")
        return onnx_graph(self.network, self.weights(), probabilities=probabilities)

    def _features(self, inputs: Inputs, network: Network) -> Array:
        x = inputs.astype(np.float32)
        for layer in network.layers[:-1]:
            match layer:
                case Standardise(mean, std):
                    mean_C: Array = np.asarray(mean, np.float32)
                    std_C: Array = np.asarray(std, np.float32)
                    x = (x - mean_C) / std_C
                case AveragePool(size):
                    n, height, width, channels = x.shape
                    rows, columns = height // size, width // size
                    x = x[:, : rows * size, : columns * size]
                    x = x.reshape(n, rows, size, columns, size, channels).mean((2, 4))
                case GlobalAverage():
                    x = x.mean((1, 2))
                case Flatten():
                    x = x.reshape(len(x), -1)
                case Mirrored():
                    x = np.concatenate([x, x[:, :, ::-1]])
                case MeanOfViews(width):
                    x = x.reshape(VIEWS, -1, width).mean(0)
        return x

    def _step(self, gradients: list[Array], rate: float) -> None:
        decay_of_average = average_decay(self.optimiser.average_decay, self.steps)
        self.steps += 1
        if self.optimiser.clip:
            length = math.sqrt(sum(float((g * g).sum()) for g in gradients))
            gradients = [g * min(self.optimiser.clip / (length + 1e-6), 1) for g in gradients]
        for i, (p, g) in enumerate(zip((self.kernel, self.bias), gradients, strict=True)):
            first, second = self.moments[2 * i], self.moments[2 * i + 1]
            decay = self.optimiser.weight_decay if p.ndim > 1 else 0.0  # a bias does not decay
            if self.optimiser.kind != "sgd":  # Muon leaves the last layer to AdamW
                first += (1 - _BETA1) * (g - first)
                second += (1 - _BETA2) * (g * g - second)
                mean = first / (1 - _BETA1**self.steps)
                spread = np.sqrt(second / (1 - _BETA2**self.steps)) + _EPSILON
                p *= 1 - rate * decay
                p -= rate * mean / spread
            else:
                g = g + decay * p
                first *= 0.9
                first += g
                p -= rate * (g + 0.9 * first)
            self.averages[i] += (1 - decay_of_average) * (p - self.averages[i])

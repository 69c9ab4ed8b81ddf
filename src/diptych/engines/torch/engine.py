"""The PyTorch engine: a module, an optimiser, and an explicit loop of forward, loss, backward."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from diptych.engines.contract import Epoch, Inputs, Optimiser, dropout_seed
from diptych.engines.torch import onnx_export
from diptych.engines.torch.devices import best_device, random_numbers_from
from diptych.engines.torch.feeding import batches, tensor
from diptych.engines.torch.memory import MOST, at_once, keep_freed
from diptych.engines.torch.modules import norms
from diptych.engines.torch.optimisers import make_optimiser, set_learning_rate
from diptych.engines.torch.precision import full_precision, mixed_precision
from diptych.engines.torch.weights import module_with_weights, weights_of
from diptych.errors import InputError
from diptych.graphs.writer import onnx_graph, with_head
from diptych.images.rows import map_batches
from diptych.metrics.probabilities import Logits
from diptych.networks import Network, Weights


class TorchEngine:
    """A network in PyTorch, on the best device there is."""

    def __init__(self, network: Network, weights: Weights, optimiser: Optimiser, seed: int) -> None:
        self.network = network
        self.seed = seed
        self.device = best_device()
        if self.device.type == "cpu":
            keep_freed()
        self.module = module_with_weights(network, weights, seed).to(self.device)
        self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.frozen = norms(self.module) if optimiser.frozen_norms else []
        for norm in self.frozen:
            norm.requires_grad_(False)
        self.optimiser = make_optimiser(self.module, optimiser)

    def train(self, epoch: Epoch) -> float:
        self.module.train()
        for norm in self.frozen:
            norm.eval()
        total, count = torch.zeros((), device=self.device), 0
        with random_numbers_from(dropout_seed(self.seed, epoch.number), self.device):
            for (inputs, targets_NK), rate in zip(
                batches(epoch, self.device), epoch.rates, strict=True
            ):
                set_learning_rate(self.optimiser, rate)
                self.optimiser.zero_grad()
                with mixed_precision(self.device):
                    logits_NK = self.module(inputs)
                loss = functional.cross_entropy(logits_NK.float(), targets_NK)
                loss.backward()  # type: ignore[no-untyped-call]
                self.optimiser.step()
                total += loss.detach() * len(inputs)
                count += len(inputs)
        return total.item() / max(count, 1)

    def predict(self, inputs: Inputs) -> Logits:
        self.module.eval()
        size = at_once(inputs) if self.device.type == "cpu" else MOST
        with torch.inference_mode(), full_precision():
            return map_batches(self._logits, inputs, size)

    def _logits(self, inputs: Inputs) -> Logits:
        logits_NK: Tensor = self.module(tensor(inputs).to(self.device))
        return logits_NK.float().cpu().numpy()

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        return weights_of(self.module)

    def save(self, directory: Path) -> None:
        state = {f"weights/{name}": value for name, value in self.module.state_dict().items()}
        for number, moments in self.optimiser.state_dict()["state"].items():
            for name, value in moments.items():
                state[f"optimiser/{number}/{name}"] = torch.as_tensor(value)
        contiguous = {name: value.cpu().contiguous().clone() for name, value in state.items()}
        save_file(contiguous, directory / "torch.safetensors")

    def load(self, directory: Path) -> None:
        weights, moments = {}, dict[int, dict[str, Tensor]]()
        for path, value in load_file(directory / "torch.safetensors").items():
            kind, name = path.split("/", 1)
            if kind == "weights":
                weights[name] = value
            else:
                number, moment = name.split("/")
                moments.setdefault(int(number), {})[moment] = value
        self.module.load_state_dict(weights)
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})

    def export(self, format: str, *, probabilities: bool = True) -> bytes:
        if format != "onnx":
            raise InputError(f"the engine torch cannot export {format}; it has: onnx")
        if not self.network.external:
            return onnx_graph(self.network, self.weights(), probabilities=probabilities)
        weights = self.weights()
        backbone = onnx_export.backbone_graph(self.network.backbone, weights)
        return with_head(backbone, self.network.head, weights, probabilities=probabilities)

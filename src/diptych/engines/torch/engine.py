"""The PyTorch engine: a module, an optimiser, and an explicit loop of forward, loss, backward."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from diptych.engines.contract import Epoch, Inputs, Optimiser, StepLosses, dropout_seed
from diptych.engines.torch import onnx_export
from diptych.engines.torch.average import MovingAverage
from diptych.engines.torch.devices import RandomNumbers, best_device
from diptych.engines.torch.feeding import Feed
from diptych.engines.torch.memory import MOST, at_once, keep_freed
from diptych.engines.torch.modules import norms
from diptych.engines.torch.optimisers import make_optimiser, set_learning_rate
from diptych.engines.torch.precision import full_precision, gradient_scaler, mixed_precision
from diptych.engines.torch.state import laid_out_like, load_state, save_state
from diptych.engines.torch.tensors import tensor
from diptych.engines.torch.weights import module_with_weights, weights_of
from diptych.errors import InputError
from diptych.graphs.writer import onnx_graph, with_head
from diptych.images.rows import map_batches
from diptych.metrics.probabilities import Logits
from diptych.networks import Network, Weights

if TYPE_CHECKING:
    from diptych.engines.torch.team import Team


class TorchEngine:
    """A network in PyTorch, on the best device there is."""

    def __init__(
        self,
        network: Network,
        weights: Weights,
        optimiser: Optimiser,
        seed: int,
        team: "Team | None" = None,
    ) -> None:
        """`team` is that of several processes that train the network together."""
        self.network = network
        self.seed = seed
        self.device = team.device if team else best_device()
        if self.device.type == "cpu":
            keep_freed()
        self.module = module_with_weights(network, weights, seed).to(self.device)
        self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.frozen = norms(self.module) if optimiser.frozen_norms else []
        for norm in self.frozen:
            norm.requires_grad_(False)
        self.optimiser = make_optimiser(self.module, optimiser)
        self.clip = optimiser.clip
        decay = optimiser.average_decay
        self.average = MovingAverage(self.module, decay) if decay else None
        self.scaler = gradient_scaler(self.device)
        self.feed = Feed(self.device)
        self.random = RandomNumbers(self.device)
        self.team = team
        self.learning = team.joined(self.module, self.frozen) if team else self.module

    def train(self, epoch: Epoch) -> StepLosses:
        with self.team.reached() if self.team else nullcontext():
            return self._train(epoch)

    def _train(self, epoch: Epoch) -> StepLosses:
        self.module.train()
        for norm in self.frozen:
            norm.eval()
        if not epoch.first_step:
            self.random.start(dropout_seed(self.seed, epoch.number))
        losses = list[Tensor]()
        with self.random:
            for (inputs, targets_NK), rate in zip(
                self.feed.batches(epoch), epoch.rates, strict=True
            ):
                set_learning_rate(self.optimiser, rate)
                self.optimiser.zero_grad()
                if self.team:
                    self.team.next_step()
                with mixed_precision(self.device):
                    logits_NK = self.learning(inputs)
                loss = functional.cross_entropy(logits_NK.float(), targets_NK)
                if self.team:
                    loss = self.team.weighted(loss)
                self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
                if self.clip:
                    self.scaler.unscale_(self.optimiser)
                    nn.utils.clip_grad_norm_(self.module.parameters(), self.clip)
                self.scaler.step(self.optimiser)
                self.scaler.update()
                if self.average:
                    self.average.update(self.module)
                losses.append(loss.detach())
        # All at once: a GPU would wait at each.
        return torch.stack(losses).float().cpu().numpy()

    def predict(self, inputs: Inputs) -> Logits:
        self.answering.eval()
        size = at_once(inputs) if self.device.type == "cpu" else MOST
        with torch.inference_mode(), full_precision():
            return map_batches(self._logits, inputs, size)

    def _logits(self, inputs: Inputs) -> Logits:
        logits_NK: Tensor = self.answering(tensor(inputs).to(self.device))
        return logits_NK.float().cpu().numpy()

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        return weights_of(self.answering)

    @property
    def answering(self) -> nn.Module:
        """What answers: the average of what was learned, where there is one."""
        return self.average.module if self.average else self.module

    def save(self, directory: Path) -> None:
        state = {
            "weights": self.module.state_dict(),
            "optimiser": self.optimiser.state_dict()["state"],
            "average": self.average.state_dict() if self.average else {},
            "scaler": self.scaler.state_dict(),
            "random": {"numbers": self.random.state},
        }
        save_state(state, directory / "torch.safetensors")

    def load(self, directory: Path) -> None:
        state = load_state(directory / "torch.safetensors")
        self.module.load_state_dict(state["weights"])
        if self.average:
            self.average.load_state_dict(state["average"])
        self.scaler.load_state_dict(state.get("scaler", {}))
        groups = self.optimiser.state_dict()["param_groups"]
        moments = {int(number): values for number, values in state.get("optimiser", {}).items()}
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})
        laid_out_like(self.optimiser)
        self.random.state = state["random"]["numbers"]

    def export(self, format: str, *, probabilities: bool = True) -> bytes:
        if format != "onnx":
            raise InputError(f"the engine torch cannot export {format}; it has: onnx")
        if not self.network.external:
            return onnx_graph(self.network, self.weights(), probabilities=probabilities)
        weights = self.weights()
        backbone = onnx_export.backbone_graph(self.network.backbone, weights)
        return with_head(backbone, self.network.head, weights, probabilities=probabilities)

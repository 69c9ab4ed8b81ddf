"""The PyTorch engine: modules, an explicit loop, AdamW or SGD."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from diptych.engines.contract import Inputs, Optimiser, Step, joined
from diptych.engines.torch import onnx_export
from diptych.engines.torch.augmentation import drawn
from diptych.engines.torch.memory import MOST, at_once, keep_freed
from diptych.engines.torch.modules import module
from diptych.engines.torch.triton import leave_out_beside_tensorflow
from diptych.errors import InputError
from diptych.graphs.writer import onnx_graph
from diptych.images.augmentation import Draw
from diptych.images.rows import in_batches
from diptych.metrics.probabilities import Logits
from diptych.networks import Network, Weights

# A count that batch normalisation keeps and never uses with a fixed momentum.
COUNTER = "num_batches_tracked"


class TorchEngine:
    """A network in PyTorch, on the best device there is."""

    def __init__(self, network: Network, weights: Weights, optimiser: Optimiser, seed: int) -> None:
        self.network = network
        self.seed = seed
        self.epochs = 0
        self.device = best_device()
        if self.device.type == "cpu":
            keep_freed()
        self.module = loaded(network, weights, seed).to(self.device)
        self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = make_optimiser(self.module, optimiser)

    def train(self, steps: Iterable[Step]) -> float:
        self.module.train()
        total, count = torch.zeros((), device=self.device), 0
        # Dropout is drawn anew from (seed, epoch), so that an epoch that is trained again after a
        # crash is the same epoch, and nobody else's random numbers are touched.
        with torch.random.fork_rng():
            torch.manual_seed(self.seed * 100_003 + self.epochs)
            for inputs, targets_NK, rate, draw in fed(steps, self.device):
                for group in self.optimiser.param_groups:
                    group["lr"] = rate * group["scale"]
                if draw is not None:
                    inputs = drawn(inputs, draw)
                self.optimiser.zero_grad()
                with mixed_precision(self.device):
                    logits_NK = self.module(inputs)
                loss = functional.cross_entropy(logits_NK.float(), targets_NK)
                loss.backward()  # type: ignore[no-untyped-call]
                self.optimiser.step()
                total += loss.detach() * len(inputs)
                count += len(inputs)
        self.epochs += 1
        return total.item() / max(count, 1)

    @torch.inference_mode()
    def predict(self, inputs: Inputs) -> Logits:
        self.module.eval()
        parts = []
        with full_precision():
            for batch in in_batches(inputs, at_once(inputs) if self.device.type == "cpu" else MOST):
                logits_NK = self.module(tensor(batch).to(self.device))
                parts.append(logits_NK.float().cpu().numpy())
        return joined(parts, self.network.classes)

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        return {
            name: value.detach().cpu().contiguous().numpy().copy()
            for name, value in self.module.state_dict().items()
            if not name.endswith(COUNTER)
        }

    def save(self, directory: Path) -> None:
        state = {f"weights/{name}": value for name, value in self.module.state_dict().items()}
        for number, moments in self.optimiser.state_dict()["state"].items():
            for name, value in moments.items():
                state[f"optimiser/{number}/{name}"] = torch.as_tensor(value)
        state["epochs"] = torch.tensor(self.epochs)
        contiguous = {name: value.cpu().contiguous().clone() for name, value in state.items()}
        save_file(contiguous, directory / "torch.safetensors")

    def load(self, directory: Path) -> None:
        state = load_file(directory / "torch.safetensors")
        self.epochs = int(state.pop("epochs"))
        weights, moments = {}, dict[int, dict[str, Tensor]]()
        for path, value in state.items():
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
        ending = nn.Softmax(1) if probabilities else nn.Identity()
        whole = nn.Sequential(self.module, ending).cpu().eval()
        try:
            return onnx_export.onnx_graph(whole, self.network.input, probabilities)
        finally:
            self.module.to(self.device)


def loaded(network: Network, weights: Weights, seed: int = 0) -> nn.Module:
    """The network as a module with these weights: uint8 pixels (N, H, W, C) to logits (N, K).

    Only an external backbone may keep the weights that its library starts it with, drawn from the
    seed. Raises InputError where others are missing or have no place.
    """
    leave_out_beside_tensorflow()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        built = module(network)
    given = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    kept = (f"{network.external.name}.",) if network.external else ()
    missing, lost = built.load_state_dict(given, strict=False)
    missing = [n for n in missing if not n.startswith(kept) and not n.endswith(COUNTER)]
    if lost or missing:
        what = f"no place for {lost[0]}" if lost else f"no weights for {missing[0]}"
        raise InputError(f"{network.name}: {what}; are they of another network?")
    return built


def best_device() -> torch.device:
    """A GPU of NVIDIA, AMD or Apple where there is one."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def make_optimiser(module: nn.Module, choice: Optimiser) -> torch.optim.Optimizer:
    """One group of parameters for each learning rate and weight decay.

    Biases and the scales of batch normalisation do not decay (He et al. 2019).
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        scale = 1.0 if name.startswith("classifier.") else choice.backbone_rate
        decay = choice.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((scale, decay), []).append(parameter)
    parameters: list[dict[str, Any]] = [
        {"params": members, "scale": scale, "weight_decay": decay, "lr": 0.0}
        for (scale, decay), members in groups.items()
    ]
    if choice.kind == "sgd":
        return torch.optim.SGD(parameters, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(parameters)


Fed = tuple[Tensor, Tensor, float, Draw | None]


def fed(steps: Iterable[Step], device: torch.device) -> Iterator[Fed]:
    """The steps as tensors on the device, through a DataLoader."""
    loader = DataLoader(
        _Steps(steps), batch_size=None, collate_fn=_as_it_is, pin_memory=device.type == "cuda"
    )
    for inputs, targets_NK, rate, draw in loader:
        inputs, targets_NK = (t.to(device, non_blocking=True) for t in (inputs, targets_NK))
        yield inputs, targets_NK, rate, draw


class _Steps(IterableDataset[Fed]):
    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = steps

    def __iter__(self) -> Iterator[Fed]:
        for inputs, targets_NK, rate, draw in self.steps:
            yield tensor(inputs), tensor(targets_NK), rate, draw


def _as_it_is(fed: Any) -> Any:
    return fed


def tensor(array: npt.NDArray[Any]) -> Tensor:
    """A tensor over the array's memory; copied where a tensor cannot be: read-only or mirrored."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def mixed_precision(device: torch.device) -> AbstractContextManager[None]:
    """bfloat16 for the costly layers, where the hardware has units for it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 on the device."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    facts = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return bool(facts.get("amx_bf16") or facts.get("avx512_bf16"))


def full_precision() -> AbstractContextManager[None]:
    """Convolutions on a GPU without TensorFloat-32, which would cost three digits."""
    return torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=False, allow_tf32=False
    )

"""AdamW, SGD with Nesterov momentum, Muon: a learning rate for the head, a share of it below."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from diptych.engines.contract import MUON_MOMENTUM, NEWTON_SCHULZ, Optimiser, muon_scale
from diptych.engines.learning_shares import learning_shares
from diptych.engines.torch.precision import mixed_precision


def make_optimiser(module: nn.Module, options: Optimiser) -> torch.optim.Optimizer:
    """One group of parameters for each share of the learning rate, weight decay, and rule.

    Biases, the scales of normalisation (He et al. 2019) and what a library names do not decay.
    """
    groups: dict[tuple[float, float, bool], list[nn.Parameter]] = {}
    learning = {name: p for name, p in module.named_parameters() if p.requires_grad}
    shares = learning_shares([*learning], options.backbone_rate, options.depth_rate)
    exempt = exempt_from_decay(module)
    for name, parameter in learning.items():
        decays = parameter.ndim > 1 and not name.endswith(".bias") and name not in exempt
        decay = options.weight_decay if decays else 0.0
        key = shares[name], decay, decays and is_kernel(name, parameter)
        groups.setdefault(key, []).append(parameter)
    parameters: list[dict[str, Any]] = [
        {"params": members, "share": share, "weight_decay": decay, "lr": 0.0, "kernels": kernels}
        for (share, decay, kernels), members in groups.items()
    ]
    match options.kind:
        case "sgd":
            return torch.optim.SGD(parameters, momentum=0.9, nesterov=True)
        case "muon":
            return Muon(parameters)
        case _:
            return torch.optim.AdamW(parameters)


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The rate of the head; other layers get their share of it."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]


def exempt_from_decay(module: nn.Module) -> set[str]:
    """The parameters that a library's network says do not decay, such as places of patches."""
    return {
        f"{prefix}.{name}"
        for prefix, part in module.named_modules()
        if callable(named := getattr(part, "no_weight_decay", None))
        for name in named()
    }


def is_kernel(name: str, parameter: Tensor) -> bool:
    """Whether Muon takes a parameter for a matrix: not the head, no filter of a single channel."""
    return not name.startswith("classifier.") and min(parameter.shape[:2]) > 1


class Muon(torch.optim.AdamW):
    """Momentum whose steps are made orthogonal, for kernels (Jordan et al. 2024); AdamW elsewhere.

    A step is as large as AdamW's (Liu et al. 2025), so both learn at one rate. `torch.optim.Muon`
    takes no convolutions.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            if group["kernels"]:
                for kernel in group["params"]:
                    self._step_of_kernel(kernel, group["lr"], group["weight_decay"])
        super().step()  # of all that still has a gradient

    def _step_of_kernel(self, kernel: nn.Parameter, rate: float, decay: float) -> None:
        gradient, state = kernel.grad, self.state[kernel]
        if gradient is None:
            return
        if not state:
            # AdamW wants a count of whatever has a state.
            state.update(step=torch.zeros(()), momentum=torch.zeros_like(kernel))
        state["step"] += 1
        momentum = state["momentum"].lerp_(gradient, 1 - MUON_MOMENTUM)
        step = orthogonal(gradient.lerp(momentum, MUON_MOMENTUM).flatten(1))
        kernel.mul_(1 - rate * decay)
        kernel.add_(step.view(kernel.shape), alpha=-rate * muon_scale(*step.shape))
        kernel.grad = None


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest matrix with orthogonal rows or columns, nearly: five steps of Newton and Schulz.

    In the numbers that the network learns in.
    """
    a, b, c = NEWTON_SCHULZ
    x: Tensor = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / x.norm().clamp(min=1e-7)
    with mixed_precision(x.device):
        for _ in range(5):
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
    x = x.T if matrix.shape[0] > matrix.shape[1] else x
    return x.to(matrix.dtype).contiguous()

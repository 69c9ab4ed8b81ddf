"""AdamW and SGD with Nesterov momentum: a learning rate for the head, and a share of it below."""

from typing import Any

import torch
from torch import nn

from diptych.engines.contract import Optimiser
from diptych.engines.learning_shares import learning_shares


def make_optimiser(module: nn.Module, options: Optimiser) -> torch.optim.Optimizer:
    """One group of parameters for each share of the learning rate, and each weight decay.

    Biases and the scales of batch normalisation do not decay (He et al. 2019).
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    learning = {name: p for name, p in module.named_parameters() if p.requires_grad}
    shares = learning_shares([*learning], options.backbone_rate, options.depth_rate)
    for name, parameter in learning.items():
        share = shares[name]
        decay = options.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((share, decay), []).append(parameter)
    parameters: list[dict[str, Any]] = [
        {"params": members, "share": share, "weight_decay": decay, "lr": 0.0}
        for (share, decay), members in groups.items()
    ]
    if options.kind == "sgd":
        return torch.optim.SGD(parameters, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(parameters)


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The rate of the head; other layers get their share of it."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]

"""AdamW and SGD with Nesterov momentum: a learning rate for the head, and a share of it below."""

from typing import Any

import torch
from torch import nn

from diptych.engines.contract import Optimiser


def make_optimiser(module: nn.Module, options: Optimiser) -> torch.optim.Optimizer:
    """One group of parameters for each share of the learning rate, and each weight decay.

    Biases and the scales of batch normalisation do not decay (He et al. 2019).
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        share = 1.0 if name.startswith("classifier.") else options.backbone_rate
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

"""The moving average of a network's weights, which answers in its place."""

import copy

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from diptych.engines.contract import average_decay


class MovingAverage(nn.Module):
    """The exponential moving average of a module's weights and its normalisation's statistics."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        super().__init__()
        self.module = copy.deepcopy(module).requires_grad_(False)
        self.decay = decay
        # On the processor, which asks for it at every step.
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def update(self, module: nn.Module) -> None:
        """Take in what the module is after another step."""
        steps = int(self.get_buffer("steps"))
        average = get_ema_multi_avg_fn(average_decay(self.decay, steps))  # type: ignore[no-untyped-call]
        average(floats(self.module), floats(module), None)
        self.get_buffer("steps").add_(1)


def floats(module: nn.Module) -> list[Tensor]:
    """All that a module has learned, without what it has counted."""
    return [value for value in module.state_dict().values() if value.is_floating_point()]

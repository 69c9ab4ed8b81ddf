"""From arrays to tensors."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


def tensor(array: npt.NDArray[Any]) -> Tensor:
    """A tensor over the array's memory; copied where a tensor cannot be: read-only or mirrored."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def on_device(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """A tensor on the device; from pinned memory a GPU fetches it while the processor goes on."""
    on_host = tensor(array)
    if device.type == "cuda":
        return on_host.pin_memory().to(device, non_blocking=True)
    return on_host.to(device)

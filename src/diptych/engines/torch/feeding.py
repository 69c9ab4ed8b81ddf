"""From the batches of an epoch to tensors on a device."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from diptych.engines.contract import Epoch
from diptych.engines.torch.augmentation import augment


def batches(epoch: Epoch, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """The inputs of each step, after their augmentation, and its targets (N, K)."""
    for rows, targets_NK, augmentation in epoch:
        x, y = on_device(epoch.inputs[rows], device), on_device(targets_NK, device)
        yield (x if augmentation is None else augment(x, augmentation)), y


def on_device(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """A tensor on the device; from pinned memory a GPU fetches it while the processor goes on."""
    on_host = tensor(array)
    if device.type == "cuda":
        return on_host.pin_memory().to(device, non_blocking=True)
    return on_host.to(device)


def tensor(array: npt.NDArray[Any]) -> Tensor:
    """A tensor over the array's memory; copied where a tensor cannot be: read-only or mirrored."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))

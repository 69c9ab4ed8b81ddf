"""From the batches of an epoch to tensors on a device."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from diptych.engines.contract import Epoch, Positions
from diptych.engines.torch.augmentation import augment
from diptych.engines.torch.devices import free_memory
from diptych.engines.torch.tensors import on_device, tensor
from diptych.images.rows import Rows
from diptych.system.ahead import taken_ahead

# Of a device's free memory, for pictures that are kept there; a network learns in the rest.
SHARE = 0.4


class Feed:
    """One epoch after another, on a device.

    Where they fit beside the network, pictures stay on a GPU once a step has brought them there.
    The first epoch begins at once, and the others only say which pictures they want.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.keeps = device.type != "cpu"
        self._source: Rows | None = None
        self._kept: KeptRows | None = None

    def batches(self, epoch: Epoch) -> Iterator[tuple[Tensor, Tensor]]:
        """The inputs of each step, after their augmentation, and its targets (N, K)."""
        if self.keeps and epoch.inputs is not self._source:
            self._source, self._kept = epoch.inputs, kept_rows(epoch.inputs, self.device)
        # What is sampled and read for a step need not wait until a GPU is done with those before.
        steps = taken_ahead(epoch, 4) if self.keeps else iter(epoch)
        for rows, targets_NK, augmentation in steps:
            x = self._inputs(epoch.inputs, rows)
            y = on_device(targets_NK, self.device)
            x = x if augmentation is None else augment(x, augmentation)
            # Behind those that learn are others of the step that they were mixed with.
            yield x[: len(y)], y

    def _inputs(self, inputs: Rows, rows: Positions) -> Tensor:
        if self._kept is not None:
            return self._kept[rows]
        return on_device(inputs[rows], self.device)


class KeptRows:
    """Rows that stay on a device from the first time that they are asked for."""

    def __init__(self, rows: Rows, dtype: torch.dtype, device: torch.device) -> None:
        self._rows = rows
        self._there_N = np.zeros(len(rows), bool)
        self._kept = torch.empty(tuple(rows.shape), dtype=dtype, device=device)

    def __getitem__(self, indices: Positions) -> Tensor:
        device = self._kept.device
        missing = np.unique(indices[~self._there_N[indices]])
        if len(missing):
            self._kept[on_device(missing, device)] = on_device(self._rows[missing], device)
            self._there_N[missing] = True
        return self._kept[on_device(indices, device)]


def kept_rows(rows: Rows, device: torch.device) -> KeptRows | None:
    """Room for all rows on a device; None where there is too little."""
    first = tensor(rows[:1])
    enough = SHARE * free_memory(device)
    if len(rows) * first.nbytes > enough:
        return None
    return KeptRows(rows, first.dtype, device)

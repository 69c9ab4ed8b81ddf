"""Several processes that train one network, each on its share of the pictures of every step.

They come to what one process comes to with all of them: gradients are added up, batch normalisation
has the mean and variance of the whole step, and dropout drops what it would have dropped.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed import TCPStore  # type: ignore[attr-defined]
from torch.distributed.nn.functional import all_reduce
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from diptych.engines.contract import Meeting, Share
from diptych.engines.torch.devices import best_device
from diptych.engines.torch.modules import norms
from diptych.errors import InputError

# A member that is gone is noticed at once by its connections; this is for one that hangs.
TIMEOUT = timedelta(minutes=30)
ADDRESS_OF_INTERFACE = 0x8915  # SIOCGIFADDR of Linux


class Host:
    """The place where a team meets, in the process of its first member."""

    def __init__(self, address: str) -> None:
        """`address` is that of this machine, as the others reach it."""
        self._store = TCPStore(address, 0, is_master=True, timeout=TIMEOUT, wait_for_workers=False)
        self.meeting = Meeting(address, self._store.port)


class Team:
    """The team as one of its members knows it."""

    def __init__(self, rank: int, size: int, meeting: Meeting, own_address: str) -> None:
        """Meet the others; returns when all are there. Used once in a process."""
        self.size = size
        self._shares: Sequence[Share] = ()
        self._step = -1
        gpu = best_device().type == "cuda"
        if interface := _interface_of(own_address):
            # Gloo would take whatever the machine's name stands for.
            for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
                os.environ.setdefault(name, interface)
        store = TCPStore(*meeting, is_master=False, timeout=TIMEOUT)
        distributed.init_process_group(
            "nccl" if gpu else "gloo", store=store, rank=rank, world_size=size, timeout=TIMEOUT
        )

    def joined(self, module: nn.Module, frozen: Sequence[nn.Module]) -> nn.Module:
        """What to call in the module's place; its layers are changed to know of the others.

        Raises InputError where a normalisation cannot be shared.
        """
        for norm in norms(module):
            if not any(norm is one for one in frozen):
                _share_norm(norm)
        for part in module.modules():
            if type(part) is nn.Dropout:
                part.__class__ = TeamDropout
                part.team = self  # type: ignore[assignment]
        return DistributedDataParallel(module, broadcast_buffers=False)

    def begin(self, shares: Sequence[Share]) -> None:
        """Which pictures of each of the next steps are this member's."""
        self._shares, self._step = shares, -1

    def next_step(self) -> None:
        """The next step begins."""
        self._step += 1

    @property
    def share(self) -> Share:
        """Of the step that is being taken."""
        return self._shares[self._step]

    def weighted(self, loss: Tensor) -> Tensor:
        """The mean loss of this member's pictures, so that the mean over members is the step's."""
        share = self.share
        return loss * (self.size * (share.stop - share.start) / share.total)


class TeamNorm(nn.BatchNorm2d):
    """Batch normalisation by the mean and variance of the pictures of all members.

    PyTorch's own `SyncBatchNorm` does so on GPUs alone.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            answer: Tensor = super().forward(x)
            return answer
        mean, variance = self.get_buffer("running_mean"), self.get_buffer("running_var")
        with torch.autocast(x.device.type, enabled=False):
            # Around what is the mean so far, for squares of large numbers lose digits.
            centred = x.float() - mean.view(1, -1, 1, 1)
            count = x.new_full((1,), x.numel() / x.shape[1], dtype=torch.float32)
            sums = torch.cat([centred.sum((0, 2, 3)), centred.square().sum((0, 2, 3)), count])
            sums = all_reduce(sums)  # type: ignore[no-untyped-call]
            first_C, second_C = sums[:-1].view(2, -1) / sums[-1]
            own_C = second_C - first_C.square()
            with torch.no_grad():
                rate = self.momentum or 0.0
                variance.lerp_(own_C * (sums[-1] / (sums[-1] - 1)), rate)
                mean.add_(first_C, alpha=rate)
                self.get_buffer("num_batches_tracked").add_(1)
            scale_C = self.weight * torch.rsqrt(own_C + self.eps)
            shift_C = self.bias - first_C * scale_C
            out: Tensor = centred * scale_C.view(1, -1, 1, 1) + shift_C.view(1, -1, 1, 1)
            return out.to(x.dtype)


class TeamDropout(nn.Dropout):
    """Drops what one process would drop that has the pictures of all members."""

    team: Team

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.p:
            return x
        share = self.team.share
        whole = torch.ones((share.total, *x.shape[1:]), dtype=x.dtype, device=x.device)
        return x * functional.dropout(whole, self.p)[share.start : share.stop]


def _share_norm(norm: nn.Module) -> None:
    if type(norm) is not nn.BatchNorm2d:
        raise InputError(
            f"its batch normalisation ({type(norm).__name__}) cannot be shared among machines; "
            "train this network without --on, or start from a backbone that is trained"
        )
    norm.__class__ = TeamNorm  # it keeps what it has learned, and its name


def _interface_of(address: str) -> str:
    """The network interface that has an address; empty where that is not known."""
    try:
        import fcntl
    except ModuleNotFoundError:  # on Windows
        return ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):
                question: Any = struct.pack("256s", name.encode()[:15])
                answer = fcntl.ioctl(one.fileno(), ADDRESS_OF_INTERFACE, question)
                if socket.inet_ntoa(answer[20:24]) == address:
                    return name
    return ""

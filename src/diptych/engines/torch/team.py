"""Several processes that train one network, each on its share of the pictures of every step.

They come to what one process comes to with all of them: gradients are added up, batch normalisation
has the mean and variance of the whole step, and dropout drops what it would have dropped.
"""

import contextlib
import inspect
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed import TCPStore  # type: ignore[attr-defined]
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from diptych.engines.contract import Meeting, Share
from diptych.engines.torch.devices import CPU, best_device
from diptych.engines.torch.modules import norms
from diptych.engines.torch.precision import short_floats
from diptych.errors import InputError, first_line
from diptych.system.workplace import Disconnected

# A member that is gone is noticed at once by its connections; this is for one that hangs.
TIMEOUT = timedelta(minutes=30)
TO_MEET = timedelta(minutes=2)
ADDRESS_OF_INTERFACE = 0x8915  # SIOCGIFADDR of Linux
_SYNC_BUFFERS = (
    "forward_sync_buffers"  # since PyTorch 2.13
    if "forward_sync_buffers" in inspect.signature(DistributedDataParallel).parameters
    else "broadcast_buffers"
)


def team_device() -> torch.device:
    """Where a member of a team trains: on an Apple GPU nothing brings gradients together."""
    device = best_device()
    return CPU if device.type == "mps" else device


def team_kind() -> str:
    """What it trains on, and in which numbers; members of a team have to have the same."""
    device = team_device()
    return f"{device.type}, {short_floats(device) or torch.float32}".replace("torch.", "")


class Host:
    """The place where a team meets, in the process of its first member."""

    def __init__(self, address: str) -> None:
        """`address` is that of this machine, as the others reach it."""
        self._store = TCPStore(address, 0, is_master=True, timeout=TIMEOUT, wait_for_workers=False)
        self.meeting = Meeting(address, self._store.port)


class Team:
    """The team as one of its members knows it."""

    def __init__(self, rank: int, size: int, meeting: Meeting, own_address: str) -> None:
        """Meet the others; returns when all are there. Used once in a process.

        Raises InputError where they are not reached within two minutes.
        """
        self.size = size
        self.device = team_device()
        self._shares: Sequence[Share] = ()
        self._step = -1
        if interface := _interface_of(own_address):
            # Gloo would take whatever the machine's name stands for.
            for name in ("GLOO_SOCKET_IFNAME", "NCCL_SOCKET_IFNAME"):
                os.environ.setdefault(name, interface)
        backend = "nccl" if self.device.type == "cuda" else "gloo"
        try:
            store = TCPStore(*meeting, is_master=False, timeout=TO_MEET)
            distributed.init_process_group(
                backend, store=store, rank=rank, world_size=size, timeout=TIMEOUT
            )
        except RuntimeError as cause:
            raise InputError(
                f"machine {own_address}: it does not reach the others at {meeting.address} "
                f"({first_line(cause)}); nodes of a cluster have to reach all ports of each other"
            ) from cause

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
        settings: Any = {_SYNC_BUFFERS: False}
        return DistributedDataParallel(module, **settings)

    def begin(self, shares: Sequence[Share]) -> None:
        """Which pictures of each of the next steps are this member's."""
        self._shares, self._step = shares, -1

    @contextlib.contextmanager
    def reached(self) -> Iterator[None]:
        """Raise Disconnected where the others are reached no longer."""
        try:
            yield
        except RuntimeError as cause:
            said = str(cause)
            if isinstance(cause, distributed.DistError) or "gloo" in said or "NCCL" in said:
                raise Disconnected(first_line(cause)) from cause
            raise

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
            sums = _SumOfAll.apply(sums)  # type: ignore[no-untyped-call]
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


class _SumOfAll(torch.autograd.Function):
    """The sum over all members; its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        total = own.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total


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

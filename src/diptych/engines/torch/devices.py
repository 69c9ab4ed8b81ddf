"""Where a network runs, and the random numbers there."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

CPU = torch.device("cpu")


def best_device() -> torch.device:
    """A GPU of NVIDIA, AMD or Apple where there is one."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return CPU


@contextmanager
def random_numbers_from(seed: int, device: torch.device = CPU) -> Iterator[None]:
    """PyTorch's global random numbers start from a seed here, and go on as before afterwards."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            torch.cuda.manual_seed(seed)
        elif device.type == "mps":
            torch.mps.manual_seed(seed)
        yield

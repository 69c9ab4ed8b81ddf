"""Where a network runs, and the random numbers there."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor

CPU = torch.device("cpu")


def best_device() -> torch.device:
    """A GPU of NVIDIA, AMD or Apple where there is one."""
    with warnings.catch_warnings():
        # That there is none, where PyTorch was built for one, and TensorFlow looked for it before.
        warnings.filterwarnings("ignore", "CUDA initialization", UserWarning)
        has_cuda = torch.cuda.is_available()
    if has_cuda:
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return CPU


def free_memory(device: torch.device) -> int:
    """The bytes of a GPU's memory that nobody uses; nothing is known of other devices."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return 0


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


class RandomNumbers:
    """PyTorch's global random numbers within `with`, each time from where the last one left them.

    `state` is all that they depend on, (n,) uint8. Outside nobody notices.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._outside = ExitStack()
        self.start(0)

    def start(self, seed: int) -> None:
        """Begin anew, from a seed."""
        with random_numbers_from(seed, self._device):
            self.state = _state(self._device)

    def __enter__(self) -> None:
        self._outside.enter_context(random_numbers_from(0, self._device))
        _set_state(self.state, self._device)

    def __exit__(self, *_: object) -> None:
        self.state = _state(self._device)
        self._outside.close()


def _state(device: torch.device) -> Tensor:
    """That of the processor's numbers, and behind it that of the device's own."""
    on_host = torch.get_rng_state()
    match device.type:
        case "cuda":
            return torch.cat([on_host, torch.cuda.get_rng_state(device)])
        case "mps":
            return torch.cat([on_host, torch.mps.get_rng_state()])
    return on_host


def _set_state(state: Tensor, device: torch.device) -> None:
    length = len(torch.get_rng_state())
    on_host, own = state[:length].clone(), state[length:].clone()
    torch.set_rng_state(on_host)
    if not len(own):  # of a processor: a GPU's begin from a seed, which `with` has set
        return
    match device.type:
        case "cuda":
            torch.cuda.set_rng_state(own, device)
        case "mps":
            torch.mps.set_rng_state(own)

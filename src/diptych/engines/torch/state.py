"""What changes in training, as nested dicts of tensors and plain values, to a file and back."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

# Between the keys of nested dicts; names of weights have none.
BETWEEN = "/"
PLAIN = "plain"


def save_state(state: Mapping[str, Any], path: Path) -> None:
    """Write nested dicts of tensors, numbers, texts and None as safetensors."""
    tensors, plain = dict[str, Tensor](), dict[str, Any]()
    for name, value in _flat(state):
        if isinstance(value, Tensor):
            # A copy of its own: tensors that share memory cannot be written.
            tensors[name] = value.detach().cpu().contiguous().clone()
        else:
            plain[name] = value
    save_file(tensors, path, {PLAIN: json.dumps(plain)})


def load_state(path: Path) -> dict[str, Any]:
    """What `save_state` wrote; keys of dicts that were numbers are texts."""
    state: dict[str, Any] = {}
    with safe_open(path, "pt") as file:
        names = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        plain = json.loads(file.metadata()[PLAIN])
    for name, value in (*names.items(), *plain.items()):
        *above, last = name.split(BETWEEN)
        inner = state
        for key in above:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return state


def laid_out_like(optimiser: torch.optim.Optimizer) -> None:
    """Lay what an optimiser knows of each parameter out in memory as the parameter is.

    So it was before it was saved. In another layout other kernels add, and round otherwise.
    """
    for parameter, moments in optimiser.state.items():
        for name, value in moments.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                moments[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


def _flat(state: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in state.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, name + BETWEEN)
        else:
            yield name, value

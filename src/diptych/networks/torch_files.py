"""Weights as PyTorch keeps them in files: written, and read without executing anything."""

import io
import warnings
from pathlib import Path

import numpy as np

from diptych.errors import InputError, MissingExtra, first_line
from diptych.networks import Weights

try:
    import torch
    from torch import Tensor
except ModuleNotFoundError as cause:
    raise MissingExtra("PyTorch", "torch") from cause


def state_file(weights: Weights) -> bytes:
    """Weights as a file of torch.save that torch.load(weights_only=True) reads."""
    file = io.BytesIO()
    torch.save({name: torch.from_numpy(np.array(value)) for name, value in weights.items()}, file)
    return file.getvalue()


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file, or of one that torch.save wrote, as float32.

    Raises InputError where it is neither, or holds more than tensors of plain numbers.
    """
    from safetensors.torch import load

    try:
        data = path.read_bytes()
        if path.suffix == ".safetensors":
            return {name: _plain(name, value, path) for name, value in load(data).items()}
        with warnings.catch_warnings():
            # Of TorchScript and of pickles it warns as well as it refuses them.
            warnings.simplefilter("ignore")
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except InputError:
        raise
    except OSError as cause:
        raise InputError(f"{path}: {cause.strerror}") from cause
    except Exception as cause:
        if path.suffix == ".safetensors":
            raise InputError(f"{path}: no file of weights ({first_line(cause)})") from cause
        # A text that is taken for a pickle fails in a dozen ways; of what torch refuses, its own
        # text goes on to recommend weights_only=False, which runs what a file says.
        raise InputError(
            f"{path}: no file of weights, or one with more in it than tensors; "
            "save the model's state_dict()"
        ) from cause
    tensors = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(tensors, dict):
        raise InputError(f"{path}: no file of weights (it holds a {type(tensors).__name__})")
    return {
        name: _plain(name, value, path)
        for name, value in tensors.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }


def _plain(name: str, value: Tensor, path: Path) -> Tensor:
    """The numbers of a tensor, or of a parameter, as float32."""
    dense = value.layout is torch.strided and not (value.is_nested or value.is_quantized)
    if not dense or value.is_meta or value.is_complex():
        raise InputError(
            f"{path}: '{name}' is sparse, quantised, complex or without numbers; "
            "save weights of plain numbers"
        )
    return value.detach().float()

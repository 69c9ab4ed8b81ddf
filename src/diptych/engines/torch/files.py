"""Weights as PyTorch keeps them in files: written, and read without executing anything."""

import io
import pickle
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from diptych.engines.libraries import said
from diptych.errors import InputError
from diptych.networks import Weights


def state_file(weights: Weights) -> bytes:
    """Weights as a file of torch.save that torch.load(weights_only=True) reads."""
    file = io.BytesIO()
    torch.save({name: torch.from_numpy(np.array(value)) for name, value in weights.items()}, file)
    return file.getvalue()


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file, or of one that torch.save wrote.

    Raises InputError where it is neither, or holds more than tensors.
    """
    from safetensors.torch import load

    try:
        data = path.read_bytes()
        if path.suffix == ".safetensors":
            return load(data)
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except OSError as cause:
        raise InputError(f"{path}: {cause.strerror}") from cause
    except pickle.UnpicklingError as cause:
        # torch's own text goes on to recommend weights_only=False, which runs what a file says.
        raise InputError(
            f"{path}: no file of weights, or one with more in it than tensors; "
            "save the model's state_dict()"
        ) from cause
    except Exception as cause:
        # safetensors, zipfile and torch each raise errors of their own.
        raise InputError(f"{path}: no file of weights ({said(cause)})") from cause
    if not isinstance(state, dict):
        raise InputError(f"{path}: no file of weights (it holds a {type(state).__name__})")
    nested = state.get("state_dict", state)
    return {name: value for name, value in nested.items() if isinstance(value, Tensor)}

"""PyTorch as its own people write it: modules, and an explicit loop."""

from diptych.errors import MissingExtra

try:
    import torch as torch
except ModuleNotFoundError as cause:
    raise MissingExtra("PyTorch", "torch") from cause

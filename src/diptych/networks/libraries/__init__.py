"""Libraries of backbones: timm for PyTorch, keras.applications for TensorFlow."""

import importlib
from typing import Any

from diptych.errors import InputError

# Each with the one engine that has it.
LIBRARIES = {"timm": "torch", "keras": "tensorflow"}


class CannotTake(InputError):
    """A library's model cannot be built for pictures of a size, or gives no features of them."""

    def __init__(self, name: str, shape: tuple[int, ...], why: str) -> None:
        height, width, _ = shape
        super().__init__(f"{name} cannot take {height} × {width} pixels ({why})")


def library(source: str) -> Any:
    """The module that knows a library of backbones; its framework is imported."""
    return importlib.import_module(f"diptych.networks.libraries.{source}")

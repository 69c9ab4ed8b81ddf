"""Libraries of backbones: timm for PyTorch, keras.applications for TensorFlow."""

import importlib
from typing import Any

# Each with the one engine that has it.
LIBRARIES = {"timm": "torch", "keras": "tensorflow"}


def library(source: str) -> Any:
    """The module that knows a library of backbones; its framework is imported."""
    return importlib.import_module(f"diptych.networks.libraries.{source}")

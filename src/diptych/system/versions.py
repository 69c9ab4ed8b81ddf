"""The versions that a result may depend on."""

import importlib.metadata
import platform


def versions() -> dict[str, str]:
    """The versions of what a result may depend on, where installed."""
    names = ("numpy", "pillow", "onnxruntime", "openvino", "torch", "timm", "tensorflow", "keras")
    installed = {d.metadata["Name"].lower() for d in importlib.metadata.distributions()}
    packages = {name: importlib.metadata.version(name) for name in names if name in installed}
    return {"python": platform.python_version(), **packages}

"""Triton, which PyTorch's builds for CUDA bring along for `torch.compile`."""

import sys


def leave_out_beside_tensorflow() -> None:
    """Keep PyTorch from importing Triton into a process that has TensorFlow.

    Each has an LLVM of its own, and the second to be loaded ends the process ("CommandLine Error:
    Option registered more than once"), or worse. PyTorch looks for Triton when the first optimiser
    is made, torchvision as soon as it is imported; both do without where there is none.
    """
    if "tensorflow" in sys.modules and "triton" not in sys.modules:
        sys.modules["triton"] = None  # type: ignore[assignment]

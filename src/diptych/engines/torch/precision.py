"""In which numbers a network computes: bfloat16 while it learns, float32 when it answers."""

from contextlib import AbstractContextManager

import torch

from diptych.engines.contract import Hardware
from diptych.engines.torch.devices import best_device


def mixed_precision(device: torch.device) -> AbstractContextManager[None]:
    """bfloat16 for the costly layers, where the hardware has units for it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 on the device."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    facts = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return bool(facts.get("amx_bf16") or facts.get("avx512_bf16"))


def hardware() -> Hardware:
    """Where networks are trained, and in which numbers."""
    device = best_device()
    name = "the CPU" if device.type == "cpu" else device.type
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    if not has_bfloat16(device):
        return Hardware(name, "float32")
    if device.type != "cpu":
        return Hardware(name, "bfloat16")
    units = "AMX" if torch.cpu.get_capabilities().get("amx_bf16") else "AVX-512"
    return Hardware(name, f"bfloat16 ({units})")


def full_precision() -> AbstractContextManager[None]:
    """Convolutions on a GPU without TensorFloat-32, which would cost three digits."""
    return torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=False, allow_tf32=False
    )

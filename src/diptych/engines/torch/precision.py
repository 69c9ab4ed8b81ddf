"""In which numbers a network computes: bfloat16 while it learns, float32 when it answers."""

from contextlib import AbstractContextManager

import torch


def mixed_precision(device: torch.device) -> AbstractContextManager[None]:
    """bfloat16 for the costly layers, where the hardware has units for it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 on the device."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    facts = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return bool(facts.get("amx_bf16") or facts.get("avx512_bf16"))


def full_precision() -> AbstractContextManager[None]:
    """Convolutions on a GPU without TensorFloat-32, which would cost three digits."""
    return torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=False, allow_tf32=False
    )

"""In which numbers a network computes: 16 bits while it learns, float32 when it answers."""

from contextlib import AbstractContextManager

import torch

from diptych.engines.contract import Hardware
from diptych.engines.torch.devices import best_device
from diptych.system.processor import slow_bfloat16


def mixed_precision(device: torch.device) -> AbstractContextManager[None]:
    """bfloat16 or float16 for the costly layers, where the hardware has units for it."""
    short = short_floats(device)
    return torch.autocast(device.type, short or torch.bfloat16, enabled=short is not None)


def gradient_scaler(device: torch.device) -> torch.amp.GradScaler:
    """What keeps gradients from vanishing in float16, which has no small numbers; else nothing."""
    return torch.amp.GradScaler(device.type, enabled=short_floats(device) is torch.float16)


def short_floats(device: torch.device) -> torch.dtype | None:
    """The numbers of 16 bits that are faster than float32 on the device, if any."""
    if has_bfloat16(device):
        return torch.bfloat16
    # Volta was the first with units for float16; Ampere was the first with bfloat16.
    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= (7, 0):
        return torch.float16
    return None


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 on the device."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # ATEN_CPU_CAPABILITY may say that the units of a processor are to be left alone.
    told = torch.backends.cpu.get_cpu_capability()
    if device.type != "cpu" or told in ("DEFAULT", "AVX2"):
        return False
    facts = torch.cpu.get_capabilities()
    return bool(facts.get("amx_bf16") or facts.get("avx512_bf16")) and not slow_bfloat16()


def hardware() -> Hardware:
    """Where networks are trained, and in which numbers."""
    device = best_device()
    name = "the CPU" if device.type == "cpu" else device.type
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    short = short_floats(device)
    if device.type != "cpu" or short is None:
        return Hardware(name, str(short or torch.float32).removeprefix("torch."))
    units = "AMX" if torch.cpu.get_capabilities().get("amx_bf16") else "AVX-512"
    return Hardware(name, f"bfloat16 ({units})")


def full_precision() -> AbstractContextManager[None]:
    """Convolutions on a GPU without TensorFloat-32, which would cost three digits."""
    return torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=False, allow_tf32=False
    )

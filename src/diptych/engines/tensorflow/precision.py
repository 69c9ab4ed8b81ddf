"""In which numbers a network computes: bfloat16 while it learns, float32 when it answers."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from diptych.engines.contract import Hardware
from diptych.system.processor import slow_bfloat16


def mixed_precision() -> str:
    """The Keras policy for training: bfloat16 where the hardware has units for it."""
    return "mixed_bfloat16" if has_bfloat16() else "float32"


def has_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 on the device."""
    if (gpu := _gpu()) is not None:
        capability = gpu.get("compute_capability")
        return bool(capability and capability >= (8, 0))
    return bool(_bfloat16_units()) and not slow_bfloat16()


def hardware() -> Hardware:
    """Where networks are trained, and in which numbers."""
    gpu = _gpu()
    name = "the CPU" if gpu is None else gpu.get("device_name", "a GPU")
    if not has_bfloat16():
        return Hardware(name, "float32")
    return Hardware(name, f"bfloat16 ({_bfloat16_units()})" if gpu is None else "bfloat16")


def _gpu() -> dict[str, Any] | None:
    """What TensorFlow knows of the first GPU; None where there is none."""
    gpus = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(gpus[0]) if gpus else None


def _bfloat16_units() -> str:
    """The units of this processor that compute in bfloat16; "" where there are none."""
    facts = Path("/proc/cpuinfo")
    text = facts.read_text(encoding="utf-8") if facts.exists() else ""
    units = {"amx_bf16": "AMX", "avx512_bf16": "AVX-512"}
    return next((name for flag, name in units.items() if flag in text), "")

"""In which numbers a network computes: bfloat16 while it learns, float32 when it answers."""

from pathlib import Path

import tensorflow as tf


def mixed_precision() -> str:
    """The Keras policy for training: bfloat16 where the hardware has units for it."""
    return "mixed_bfloat16" if has_bfloat16() else "float32"


def has_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 on the device."""
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability")
        return bool(capability and capability >= (8, 0))
    facts = Path("/proc/cpuinfo")
    text = facts.read_text(encoding="utf-8") if facts.exists() else ""
    return "amx_bf16" in text or "avx512_bf16" in text

"""What the processor computes fast in."""

from functools import cache
from pathlib import Path

FACTS = Path("/proc/cpuinfo")


@cache
def slow_bfloat16() -> bool:
    """Whether the processor has bfloat16, and is faster in float32.

    So is Intel's with AVX-512 and no AMX, by a factor of 1.4 to 2.6 (see "bfloat16 where it is
    faster" in docs/decisions.md); AMD's AVX-512 is not so. False where the system does not say
    what it has, as others than Linux.
    """
    facts = FACTS.read_text(encoding="utf-8") if FACTS.exists() else ""
    return "GenuineIntel" in facts and "avx512_bf16" in facts and "amx_bf16" not in facts

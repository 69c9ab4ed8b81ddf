from collections.abc import Iterator
from pathlib import Path

import pytest

from diptych.system import processor


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """What this processor is stays known for other tests only."""
    processor.slow_bfloat16.cache_clear()
    yield
    processor.slow_bfloat16.cache_clear()


@pytest.mark.parametrize(
    ("facts", "slow"),
    [
        ("vendor_id : GenuineIntel\nflags : avx512f avx512_bf16", True),
        ("vendor_id : GenuineIntel\nflags : avx512f avx512_bf16 amx_bf16", False),
        ("vendor_id : AuthenticAMD\nflags : avx512f avx512_bf16", False),
        ("vendor_id : GenuineIntel\nflags : avx2", False),
        (None, False),
    ],
)
def test_bfloat16_is_slow_on_intels_avx512_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, facts: str | None, slow: bool
) -> None:
    file = tmp_path / "cpuinfo"
    if facts:
        file.write_text(facts, encoding="utf-8")
    monkeypatch.setattr(processor, "FACTS", file)
    assert processor.slow_bfloat16() is slow

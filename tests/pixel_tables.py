"""Pictures of numbers for tests, and tables of them as people's programs write them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych import read
from diptych.images.decoding import pixel_store

Pixels = npt.NDArray[np.uint8]

LABELS = [3, 1, 3, 10, 2, 1] * 4


def noise(n: int = 24, *shape: int, seed: int = 0) -> Pixels:
    """Pictures (n, *shape), 4×4×1 where no shape is named."""
    return np.random.default_rng(seed).integers(0, 256, (n, *(shape or (4, 4, 1))), dtype=np.uint8)


def table(
    path: Path, titles: Sequence[object] | None, rows: Sequence[Sequence[object]], sign: str = ","
) -> Path:
    """A table with these titles, or none, and rows."""
    lines = [sign.join(map(str, row)) for row in ([titles] if titles else []) + list(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def pixels_of(data: Any, **how: Any) -> Pixels:
    """The pixels that a data set, or what `read` makes one of, has in the cache."""
    data = read(data, **how) if isinstance(data, str | Path) else data
    assert data.shape is not None
    return np.asarray(pixel_store(data.shape).read([s.digest for s in data.samples]))

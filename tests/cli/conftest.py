from collections.abc import Callable
from pathlib import Path

import pytest

from command import LINEAR, diptych


@pytest.fixture
def bundle(folder_of: Callable[..., Path], tmp_path: Path) -> Path:
    """A bundle that tells red from blue."""
    run = diptych("train", folder_of(30), "--out", tmp_path / "red.bundle", *LINEAR)
    assert run.returncode == 0, run.stderr
    return tmp_path / "red.bundle"

from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers import evaluated


@pytest.fixture
def bundle(folder_of: Callable[..., Path], tmp_path: Path) -> Path:
    return evaluated(folder_of(30)).save(tmp_path / "red.bundle")

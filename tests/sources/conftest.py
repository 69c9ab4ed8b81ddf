from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

Laid = Callable[..., Path]


@pytest.fixture
def laid(tmp_path: Path) -> Laid:
    """Lays out files without content, and tables of lines, in a folder of a data set."""

    def lay(files: Iterable[str], tables: Mapping[str, Iterable[str]]) -> Path:
        root = tmp_path / "set"
        for name in files:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        for name, lines in tables.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        return root

    return lay

"""Folders of files with nothing in them: what reading tells by names alone."""

from collections import Counter
from collections.abc import Iterable
from itertools import product
from pathlib import Path

from diptych.data.dataset import Dataset


def laid(root: Path, *names: str) -> Path:
    """A folder with files of these names; a name that ends in a slash is an empty folder."""
    for name in names:
        folder = root / name if name.endswith("/") else (root / name).parent
        folder.mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            (root / name).touch()
    return root


def each(pattern: str, *choices: Iterable[object], files: int = 3) -> list[str]:
    """Names of a few pictures in every folder that a pattern makes of these choices."""
    return [
        f"{pattern.format(*chosen)}/{i}.png" for chosen in product(*choices) for i in range(files)
    ]


def told(data: Dataset) -> dict[str, int]:
    """How many samples there are of each part and label: "test cat"."""
    return dict(Counter(f"{s.part} {s.label}".strip() for s in data.samples))


def reasons(data: Dataset) -> dict[str, str]:
    """Why each file is set aside, by its name."""
    return {stray.name: stray.reason for stray in data.strays}

"""Archives drawn on the spot."""

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from conftest import BLUE, RED, picture


def png(seed: int, side: int = 24) -> bytes:
    file = io.BytesIO()
    picture(seed, side, hue=RED if seed % 2 else BLUE).save(file, "PNG")
    return file.getvalue()


def pictures(*names: str) -> dict[str, bytes]:
    """A picture for each name, no two alike."""
    return {name: png(i) for i, name in enumerate(names)}


def write_zip(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, files: Mapping[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            add(archive, name, data)
    return path


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))

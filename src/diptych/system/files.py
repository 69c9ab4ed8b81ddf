"""Files on disk: read only where they have an end, written aside and then renamed into place.

A pipe or a device may never come to an end, so only regular files are read.
"""

import contextlib
import errno
import glob
import hashlib
import os
import shutil
import stat
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diptych.errors import InputError, described

NAMED = 40  # letters of a name that one beside it begins with
ENDLESS = "a pipe or device; save what it gives as a file"


def path_of(value: object, what: str) -> Path:
    """The path that somebody gives for something; raises InputError where it is none."""
    if isinstance(value, str | os.PathLike):
        if name := os.fsdecode(value):
            return Path(name)
        raise InputError(f"the name of {what} is empty")
    raise InputError(f"{what} is named by a path, not {described(value)}")


def regular(path: Path) -> Path:
    """The path itself; raises OSError where opening it would, and for a pipe or device."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, ENDLESS, str(path))
    return path


def read_toml(path: Path) -> dict[str, Any]:
    """What a TOML file says; raises InputError, in one line, for one that cannot be read."""
    try:
        return tomllib.loads(regular(path).read_text(encoding="utf-8"))
    except OSError as cause:
        raise InputError(f"{path}: {cause.strerror}") from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise InputError(f"{path}: not TOML ({cause})") from cause


def is_regular(path: Path) -> bool:
    """Whether this is a regular file; what may not be looked up counts: opening it will tell."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError) as cause:
        return isinstance(cause, PermissionError)


def beside(path: Path, purpose: str) -> Path:
    """A new hidden name next to the path, which is short enough where the path's own is."""
    return path.with_name(f".{path.name[:NAMED]}.{uuid.uuid4().hex[:8]}.{purpose}")


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, as text; "" of a folder."""
    if path.is_dir():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_full(error: BaseException) -> bool:
    """Whether something could not be written for want of space."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def drop_leftovers(path: Path, purpose: str) -> None:
    """Delete what a killed run left `beside` a path, of which this run is the only writer."""
    if len(path.name) > NAMED:
        return  # it may be another's
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}.{purpose}"):
        shutil.rmtree(leftover, ignore_errors=True)


@contextlib.contextmanager
def folder_aside(path: Path) -> Iterator[Path]:
    """A folder beside the path that is gone afterwards, unless it was renamed."""
    aside = beside(path, "writing")
    try:
        aside.mkdir(parents=True)
        yield aside
    except OSError as cause:
        if cause.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise InputError(
                f"{path} exists by now, another run wrote it; name another --out, or add --force"
            ) from cause
        raise InputError(
            f"{path}: cannot be written ({cause.strerror}); free some space or name another --out"
        ) from cause
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_synced(path: Path, data: bytes) -> None:
    """Write a file whose folder may be missing, and wait until it is on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk, where the system can tell."""
    with contextlib.suppress(PermissionError):  # Windows opens no folders
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def write_file(path: Path, data: bytes) -> None:
    """Write a single file aside, then rename it into place; its folder may be missing.

    Raises InputError when it cannot be written.
    """
    aside = beside(path, "writing")
    try:
        write_synced(aside, data)
        aside.replace(path)
    except OSError as cause:
        raise InputError(f"{path}: cannot be written ({cause.strerror})") from cause
    finally:
        aside.unlink(missing_ok=True)

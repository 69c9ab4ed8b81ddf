"""Where a bundle, a file or a folder may be written; refused before any work is done for it."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from diptych.bundles.format import BUNDLE_JSON
from diptych.errors import InputError
from diptych.images import cache
from diptych.system.files import drop_leftovers


@contextlib.contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Keep other runs from writing what this one is about to; raises InputError where one is."""
    refusal = f"{path} is what another run writes at the moment; wait for it, or name another --out"
    with cache.alone(path, "out", refusal):
        drop_leftovers(path, "writing")
        yield


def refuse_unwritable_bundle(path: Path, force: bool) -> None:
    """Raise InputError where a bundle cannot be written, or would overwrite what it must not."""
    _refuse_existing(path, force)
    if path.exists() and not (path / BUNDLE_JSON).is_file():
        raise InputError(f"{path} is no bundle; --force replaces only a bundle")


def refuse_unwritable_file(path: Path, force: bool) -> None:
    """Raise InputError where a file cannot be written, or would overwrite what it must not."""
    _refuse_existing(path, force)
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file with --out")


def refuse_unwritable_folder(path: Path) -> None:
    """Raise InputError where no file can be written into a folder, which need not exist yet."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file; name a folder with --out")
    if (path / BUNDLE_JSON).exists():
        raise InputError(f"{path} is a bundle, which stays as it is; name another --out")
    _refuse_closed(path, (path, *path.absolute().parents))


def _refuse_existing(path: Path, force: bool) -> None:
    if path.exists():
        if not force:
            raise InputError(f"{path} exists already; name another --out, or add --force")
    elif path.is_symlink():
        raise InputError(f"{path} is a link that leads nowhere; name another --out")
    else:
        _refuse_closed(path, path.absolute().parents)


def _refuse_closed(path: Path, folders: Iterable[Path]) -> None:
    above = next(folder for folder in folders if folder.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise InputError(f"{path}: nothing can be written in {above}; name another --out")

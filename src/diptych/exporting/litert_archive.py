"""Texts packed behind a LiteRT model: one file that is a model and an archive."""

import io
import zipfile
from collections.abc import Mapping


def with_members(model: bytes, members: Mapping[str, str]) -> bytes:
    """A LiteRT model with texts packed behind it, as the format's own metadata tools do.

    The file is then a model to LiteRT and an archive to whatever reads ZIP.
    """
    file = io.BytesIO(model)
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return file.getvalue()


def members_of(file: bytes) -> dict[str, str]:
    """The texts behind a LiteRT model."""
    if not zipfile.is_zipfile(io.BytesIO(file)):
        return {}
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}

"""Texts packed behind a LiteRT model: one file that is a model and an archive."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from diptych.graphs.outputs import FACTS


def with_facts(model: bytes, facts: Mapping[str, Any]) -> bytes:
    """A LiteRT model that says what it is, to us and to whoever reads the format's metadata."""
    from diptych.exporting.litert_metadata import LABELS, with_metadata

    members = {FACTS: json.dumps(facts), LABELS: "\n".join(facts["classes"])}
    return with_members(with_metadata(model, facts), members)


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

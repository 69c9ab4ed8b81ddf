from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classifiers import SMALL, evaluated
from diptych.bundles import content
from diptych.bundles.format import open_bundle


def test_two_runs_have_the_same_content(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    root = folder_of(15)
    first, second = (
        open_bundle(evaluated(root).save(tmp_path / name)).content_sha256 for name in "ab"
    )
    assert first == second
    other = evaluated(root, SMALL.replace(epochs=11)).save(tmp_path / "c")
    assert open_bundle(other).content_sha256 != first


@pytest.mark.parametrize(
    ("key", "value", "same"),
    [("created", "2030-01-01", True), ("classes", ["x"], False), ("test", {"n": 3}, False)],
)
def test_dates_are_no_content(key: str, value: object, same: bool) -> None:
    members = {"history.csv": b"number,loss,seconds\n1,0.5,3.1\n", "model.safetensors": b"x"}
    facts = {"created": "2026-01-01", "classes": ["a", "b"], "test": {"n": 2}}
    before = content.content_hash(members, facts)
    assert (content.content_hash(members, {**facts, key: value}) == before) is same


@pytest.mark.parametrize(
    ("name", "data", "same"),
    [
        ("history.csv", b"number,loss,seconds\n1,0.5,9.9\n", True),
        ("history.csv", b"number,loss,seconds\n1,0.6,3.1\n", False),
        ("model.safetensors", np.float32(1).tobytes(), False),
        ("report.html", b"made at noon", True),
    ],
)
def test_durations_are_no_content(name: str, data: bytes, same: bool) -> None:
    members = {"history.csv": b"number,loss,seconds\n1,0.5,3.1\n", "model.safetensors": b"x"}
    before = content.content_hash(members, {})
    assert (content.content_hash({**members, name: data}, {}) == before) is same

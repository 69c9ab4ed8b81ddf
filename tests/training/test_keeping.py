from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers import SMALL
from diptych import ImageClassifier, read, split
from diptych.errors import GateError
from diptych.runtimes import gate
from diptych.training.keeping import kept_where_refused


@pytest.mark.parametrize("kept", [True, False])
def test_the_weights_stay_where_the_export_is_refused(
    folder_of: Callable[..., Path],
    tmp_path: Path,
    own_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    kept: bool,
) -> None:
    parts = split(read(folder_of(30)))
    checks = []

    def refused(*_: object) -> gate.Parity:
        checks.append(1)
        if len(checks) == 1:
            return gate.Parity(1, 0.0, 1.0)  # that of the baseline
        raise GateError("the export differs; nothing was written")

    monkeypatch.setattr("diptych.training.fitting.gate.check", refused)
    keep = tmp_path / "runs" if kept else None
    with pytest.raises(GateError, match="nothing was written; the trained weights are kept in "):
        ImageClassifier(SMALL).fit(parts.train, parts.valid, keep=keep)
    kept_weights = list((keep or own_cache / "runs").glob("**/model/epoch-*/*.safetensors"))
    assert kept_weights
    assert all(weights.stat().st_size > 0 for weights in kept_weights)


def test_they_stay_though_the_cache_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DIPTYCH_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run = tmp_path / "passing" / "model"
    run.mkdir(parents=True)
    (run / "weights").write_bytes(b"learned")
    with (
        pytest.raises(GateError, match="it differs; the trained weights are kept in ") as refused,
        kept_where_refused(run, passing=True),
    ):
        raise GateError("it differs")
    place = Path(str(refused.value).partition("kept in ")[2])
    assert (place / "weights").read_bytes() == b"learned"
    assert place != run

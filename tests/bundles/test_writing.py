import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from classifiers import SMALL, evaluated
from command import keys_without_a_word
from diptych import ImageClassifier, audit, clean, load, read, split
from diptych.errors import InputError


def test_a_bundle_says_what_it_is(bundle: Path) -> None:
    facts = json.loads((bundle / "bundle.json").read_text())
    assert facts["classes"] == ["blue", "red"]
    assert not keys_without_a_word("bundle.json", facts)
    assert facts["data"]["train"] + facts["data"]["valid"] + facts["data"]["test"] == 60
    test = facts["test"]
    assert test["accuracy"]["low"] <= test["accuracy"]["value"] <= test["accuracy"]["high"]
    card = (bundle / "README.md").read_text()
    assert f"{100 * test['accuracy']['value']:.1f} %" in card
    rows = (bundle / "splits.csv").read_text().splitlines()
    assert len(rows) == 61
    assert len((bundle / "predictions.csv").read_text().splitlines()) == test["n"] + 1


def test_the_scores_are_those_of_the_predictions_in_the_bundle(
    folder_of: Callable[..., Path], bundle: Path
) -> None:
    lines = [row.split(",") for row in (bundle / "predictions.csv").read_text().splitlines()[1:]]
    root = folder_of(30)
    answers = load(bundle).predict(root / row[0] for row in lines)
    likeliest = [
        max(a.probabilities or {}, key=(a.probabilities or {}).__getitem__) for a in answers
    ]
    assert likeliest == [row[2] for row in lines]
    strange = [answer.label == "none of these" for answer in answers]
    assert strange == [float(row[3]) > 1 for row in lines]
    right = sum(row[1] == row[2] for row in lines)
    facts = json.loads((bundle / "bundle.json").read_text())
    assert facts["test"]["accuracy"]["value"] == pytest.approx(right / len(lines))


def test_a_bundle_is_not_overwritten_unless_asked(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    tested = evaluated(folder_of(30))
    with pytest.raises(InputError, match="exists already"):
        tested.save(bundle)
    tested.save(bundle, force=True)
    load(bundle)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear diary")
    with pytest.raises(InputError, match="is no bundle; --force replaces only a bundle"):
        tested.save(tmp_path / "mine", force=True)
    assert (tmp_path / "mine" / "diary.txt").exists()


def test_a_bundle_is_replaced_where_a_link_leads(
    folder_of: Callable[..., Path], bundle: Path, tmp_path: Path
) -> None:
    link = tmp_path / "here" / "link.bundle"
    link.parent.mkdir()
    link.symlink_to(bundle)
    before = (bundle / "bundle.json").read_bytes()
    evaluated(folder_of(30)).save(link, force=True)
    assert link.is_symlink()
    assert list(link.parent.iterdir()) == [link]
    assert (bundle / "bundle.json").read_bytes() != before
    assert not [path for path in bundle.parent.iterdir() if path.name.startswith(".")]
    load(link)


def test_a_failing_write_leaves_nothing_and_keeps_the_old_bundle(
    folder_of: Callable[..., Path], bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = evaluated(folder_of(30))
    before = sorted(bundle.parent.iterdir())

    def full(path: Path, data: bytes) -> None:
        if path.name == "splits.csv":
            raise OSError(28, "No space left on device")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)

    monkeypatch.setattr("diptych.bundles.writing.write_synced", full)
    with pytest.raises(InputError, match="No space left on device"):
        tested.save(bundle, force=True)
    assert sorted(bundle.parent.iterdir()) == before
    load(bundle)


def test_a_report_that_cannot_be_made_costs_no_bundle(
    folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tested = evaluated(folder_of(30))

    def broken(*_: object) -> str:
        raise FloatingPointError("a plot of nothing")

    monkeypatch.setattr("diptych.reporting.evaluation.report_page", broken)
    said: list[str] = []
    out = tested.save(tmp_path / "a.bundle", log=said.append)
    assert said == ["a.bundle: report.html could not be made (a plot of nothing)"]
    assert not (out / "report.html").exists()
    load(out)
    with pytest.warns(UserWarning, match=r"report\.html could not be made"):
        tested.save(tmp_path / "b.bundle")

    def strict(words: str) -> NoReturn:  # as where warnings are errors
        raise UserWarning(words)

    with pytest.raises(UserWarning):
        tested.save(tmp_path / "c.bundle", log=strict)
    load(tmp_path / "c.bundle")


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
def test_a_name_that_is_no_text_is_kept_as_it_is(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root = folder_of(30)
    odd, strange = os.fsdecode(b"bad\xff.png"), os.fsdecode(b"r\xe9d")
    (root / "red" / "red000.png").rename(root / "red" / odd)
    (root / "red").rename(root / strange)
    data = read(root)
    actual = audit(data, size=32)
    parts = split(clean(data, actual))
    tested = ImageClassifier(SMALL).fit(parts.train, parts.valid).evaluate(parts.test)
    out = tested.save(tmp_path / "a.bundle", audit=actual)
    assert b"r\xe9d/bad\xff.png" in (out / "splits.csv").read_bytes()
    (answer,) = load(out).predict([root / strange / odd])
    assert answer.label == strange

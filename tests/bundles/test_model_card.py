from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers import SMALL, evaluated
from diptych import ImageClassifier, audit, clean, read, split

APART = "Near-duplicates never lie in different parts"


def card_of(bundle: Path) -> str:
    return (bundle / "README.md").read_text(encoding="utf-8")


def test_a_card_says_that_parts_are_apart_where_an_audit_saw_to_it(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    card = card_of(evaluated(folder_of(30)).save(tmp_path / "a.bundle"))
    assert APART in card
    assert "audit.csv" not in card
    data = read(folder_of(30))
    parts = split(clean(data, audit(data, size=32)))
    model = ImageClassifier(SMALL).fit(parts.train, parts.valid)
    tested = model.evaluate(parts.test)
    card = card_of(tested.save(tmp_path / "b.bundle", audit=audit(data, size=32)))
    assert "`audit.csv` every file\nthat was left out" in card


def test_a_card_promises_nothing_that_was_not_looked_at(
    folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diptych.reporting.evaluation.can_write_reports", lambda: False)
    parts = split(read(folder_of(30)))
    model = ImageClassifier(SMALL).fit(parts.train, parts.valid)
    card = card_of(model.evaluate(parts.test).save(tmp_path / "a.bundle"))
    assert APART not in card
    assert "whether near-duplicates do was not looked at" in card
    assert "report.html" not in card
    # Audits of each part by itself compare no part with another.
    alone = [
        clean(data, audit(data, size=32))
        for data in (read(folder_of(20, name=f"part{i}", start=100 * i)) for i in (1, 2, 3))
    ]
    model = ImageClassifier(SMALL).fit(alone[0], alone[1])
    assert APART not in card_of(model.evaluate(alone[2]).save(tmp_path / "b.bundle"))


def test_a_card_has_no_score_of_a_class_that_was_not_tested(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    parts = split(read(folder_of(20)))
    red = parts.test.with_samples(s for s in parts.test.samples if s.label == "red")
    tested = ImageClassifier(SMALL).fit(parts.train, parts.valid).evaluate(red)
    card = card_of(tested.save(tmp_path / "a.bundle"))
    assert "| blue | 0 | – | – | – |" in card
    assert "| red | 3 | 100.0 % (" in card


def test_a_card_says_that_mirror_images_have_a_say(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    tested = evaluated(folder_of(30), SMALL.replace(views="flips"))
    card = card_of(tested.save(tmp_path / "a.bundle"))
    assert "the mean over the picture and its mirror image" in card
    assert "mirror" not in card_of(evaluated(folder_of(30)).save(tmp_path / "b.bundle"))

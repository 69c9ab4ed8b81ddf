from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from browser import checked
from diptych import ImageClassifier, Recipe, audit, clean, read, split
from diptych.errors import MissingExtra
from diptych.metrics import share
from diptych.reporting.evaluation import Evaluation
from diptych.reporting.learning_curve import LearningCurve
from diptych.reporting.report import Report
from diptych.reporting.report_page import refuse_without_reports, report_page
from diptych.reporting.robustness import Curve
from diptych.reporting.slices import Slice, Slices


def test_a_report_knows_the_mistakes_and_what_they_look_like(
    evaluated: tuple[Evaluation, Report],
) -> None:
    tested, actual = evaluated
    assert 0 < len(actual.mistakes) <= 12
    wrong = set(np.array([s.name for s in tested.parts.test.samples])[~tested.predictions.right()])
    for answer in actual.mistakes:
        assert answer.name in wrong
        near = actual.neighbours[answer.name]
        assert [n.similarity for n in near] == sorted((n.similarity for n in near), reverse=True)
        assert {n.name for n in near} <= {s.name for s in tested.parts.train.samples}
        assert actual.heatmaps[answer.name].shape == (32, 32, 3)
    assert actual.baseline == tested.baseline.scores().accuracy
    assert len(actual.history) == 3


def test_the_page_says_it_all_and_reads_well_everywhere(
    evaluated: tuple[Evaluation, Report], tmp_path: Path
) -> None:
    _, actual = evaluated
    grown = tuple(share(n, 40) for n in (39, 38, 35, 30, 25, 22))
    full = replace(
        actual,
        robustness=(Curve("blur", grown, 40), Curve("noise", grown[::-1], 40)),
        learning_curve=LearningCurve((10, 20, 40), (share(20, 40), share(30, 40), share(35, 40))),
        slices=Slices((Slice("brightness", "dark pictures", 12, grown[5], grown[0], 0.01),), 9),
    )
    page = report_page(full, "colours.bundle")
    accuracy = 100 * actual.scores.accuracy.value
    assert f"<strong>{accuracy:.1f} %</strong> of {actual.n} pictures" in page
    wrong = int((~actual.predictions.right()).sum())
    assert f"{wrong} were wrong, about 1 in {round(actual.n / wrong)}." in page
    for said in ("Its mistakes", "Worse pictures", "dark pictures", "Twice as many pictures"):
        assert said in page
    for answer in actual.mistakes:
        assert f"{answer.name}, labelled {answer.label}, taken for {answer.answer}" in page
    assert len(page) < 5_000_000
    assert checked(page, tmp_path) == []


def test_names_and_labels_are_text_whatever_is_in_them(
    evaluated: tuple[Evaluation, Report],
) -> None:
    _, actual = evaluated
    assert "<script>" not in report_page(actual, "<script>alert(1)</script>")


def test_a_bundle_holds_its_report(
    evaluated: tuple[Evaluation, Report], folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    data = read(folder_of(30))
    parts = split(clean(data, audit(data, size=32)))
    recipe = Recipe(engine="linear", network="linear", train="all", image_size=32, epochs=3)
    tested = ImageClassifier(recipe).fit(parts.train, parts.valid).evaluate(parts.test)
    out = tested.save(tmp_path / "a.bundle")
    assert "Is it good?" in (out / "report.html").read_text()


def test_what_a_report_needs_is_missed_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diptych.reporting.report_page.importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"jinja2 is not installed; .*'diptych\[report\]'"):
        refuse_without_reports()

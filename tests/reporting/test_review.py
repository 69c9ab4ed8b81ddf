from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from browser import checked
from diptych import ImageClassifier, Recipe, audit, clean, read, split
from diptych.classifier import Evaluation
from diptych.metrics import Score, Scores, score, share
from diptych.reporting.analysis import Slice, Slices
from diptych.reporting.learning_curve import LearningCurve, learning_curve
from diptych.reporting.review import Review, advice
from diptych.reporting.review_page import review_page
from diptych.reporting.robustness import Curve

SMALL = Recipe(engine="torch", network="cnn", image_size=32, epochs=3, patience=3)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, Review]:
    """Reds and blues that are hard to tell apart, some of them under the other's name."""
    from conftest import BLUE, RED, picture

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        root = tmp_path_factory.mktemp("photos")
        for i in range(160):
            label = "red" if i % 2 else "blue"
            hue = RED if (i % 2 == 1) != (i % 20 == 3) else BLUE
            (root / label).mkdir(exist_ok=True)
            picture(i, 48, hue=hue).save(root / label / f"{i:03}.png")
        data = read(root)
        parts = split(clean(data, audit(data, size=32)), test=0.3)
        tested = ImageClassifier(SMALL).fit(parts.train, parts.valid).evaluate(parts.test)
        return tested, tested.review()


def test_a_review_knows_the_mistakes_and_what_they_look_like(
    evaluated: tuple[Evaluation, Review],
) -> None:
    tested, found = evaluated
    assert 0 < len(found.wrong) <= 12
    wrong = set(np.array([s.name for s in tested.parts.test.samples])[~tested.predictions.right()])
    for answer in found.wrong:
        assert answer.name in wrong
        near = found.near[answer.name]
        assert [n.similarity for n in near] == sorted((n.similarity for n in near), reverse=True)
        assert {n.name for n in near} <= {s.name for s in tested.parts.train.samples}
        assert found.heat[answer.name].shape == (32, 32, 3)
    assert found.baseline == tested.baseline.scores().accuracy
    assert len(found.history) == 3


def test_the_page_says_it_all_and_reads_well_everywhere(
    evaluated: tuple[Evaluation, Review], tmp_path: Path
) -> None:
    _, found = evaluated
    grown = tuple(share(n, 40) for n in (39, 38, 35, 30, 25, 22))
    full = replace(
        found,
        robustness=(Curve("blur", grown, 40), Curve("noise", grown[::-1], 40)),
        curve=LearningCurve((10, 20, 40), (share(20, 40), share(30, 40), share(35, 40))),
        slices=Slices((Slice("brightness", "dark pictures", 12, grown[5], grown[0], 0.01),), 9),
    )
    page = review_page(full, "colours.bundle")
    accuracy = 100 * found.scores.accuracy.value
    assert f"<strong>{accuracy:.1f} %</strong> of {found.n} pictures" in page
    wrong = int((~found.predictions.right()).sum())
    assert f"{wrong} were wrong, about 1 in {round(found.n / wrong)}." in page
    for said in ("Its mistakes", "Worse pictures", "dark pictures", "Twice as many pictures"):
        assert said in page
    for answer in found.wrong:
        assert f"{answer.name}, labelled {answer.label}, taken for {answer.answer}" in page
    assert len(page) < 5_000_000
    assert checked(page, tmp_path) == []


def test_names_and_labels_are_text_whatever_is_in_them(
    evaluated: tuple[Evaluation, Review],
) -> None:
    _, found = evaluated
    assert "<script>" not in review_page(found, "<script>alert(1)</script>")


def test_advice_begins_with_what_matters_most(evaluated: tuple[Evaluation, Review]) -> None:
    _, found = evaluated
    useless = replace(found, baseline=Score(0.99, 0.98, 1.0))
    assert advice(useless)[0].what == "Do not use it yet."
    growing = LearningCurve((10, 100, 1000), tuple(share(n, 1000) for n in (600, 800, 900)))
    assert "Collect more pictures." in [one.what for one in advice(replace(found, curve=growing))]
    frail = Curve("blur", (share(99, 100), share(90, 100), share(50, 100)), 100)
    assert "Beware of blur." in [one.what for one in advice(replace(found, robustness=(frail,)))]


def drawn_scores(right: Sequence[tuple[int, int]], p: float = 0.9) -> Scores:
    """Of two classes of which so many of so many pictures are answered rightly."""
    labels = [k for k, (_, n) in enumerate(right) for _ in range(n)]
    answers = [k if i < hits else 1 - k for k, (hits, n) in enumerate(right) for i in range(n)]
    order = np.random.default_rng(0).permutation(len(labels))
    p_NK = np.where(np.eye(2)[answers] > 0, p, 1 - p)[order]
    return score([labels[i] for i in order], p_NK, "ab", [str(i) for i in order])


def test_advice_is_silent_about_what_chance_explains(evaluated: tuple[Evaluation, Review]) -> None:
    _, found = evaluated

    def said(**changed: Any) -> list[str]:
        return [one.what for one in advice(replace(found, **changed))]

    assert "Look at the class a." in said(scores=drawn_scores([(80, 100), (97, 100)]))
    for little in ([(92, 100), (97, 100)], [(0, 1), (1, 1)]):
        assert "Look at the class a." not in said(scores=drawn_scores(little))
    flat = LearningCurve((20, 30, 46), (share(35, 46), share(36, 46), share(36, 46)))
    assert not flat.helps
    assert "Collect more pictures." not in said(curve=flat)
    few = {**found.facts, "data": {**found.facts["data"], "valid": 5}}
    assert "Do not rely on “none of these” yet." in said(facts=few)
    assert "Do not take its probabilities literally." in said(
        scores=drawn_scores([(60, 100), (60, 100)], p=0.99)
    )
    assert "Do not take its probabilities literally." not in said(
        scores=drawn_scores([(90, 100), (90, 100)])
    )


def test_a_learning_curve_climbs_where_pictures_help_and_says_so() -> None:
    rng = np.random.default_rng(0)
    way = rng.normal(0, 1, 60)

    def drawn(n: int) -> tuple[np.ndarray, list[int]]:
        x_ND = rng.normal(0, 1, (n, 60)).astype(np.float32)
        return x_ND, (x_ND @ way > 0).astype(int).tolist()

    found = learning_curve(*drawn(400), *drawn(1000))
    values = [score.value for score in found.scores]
    assert values[-1] > values[0] + 0.1
    assert found.with_twice > values[-1]
    assert str(found).startswith("Twice as many pictures would likely help (from ")


def test_no_more_is_promised_where_more_did_not_help() -> None:
    flat = LearningCurve((100, 200, 400), (share(95, 100),) * 3)
    assert flat.with_twice == pytest.approx(0.95)
    assert str(flat).startswith("Twice as many pictures would hardly help")


def test_a_bundle_holds_its_report(
    evaluated: tuple[Evaluation, Review], folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    data = read(folder_of(30))
    parts = split(clean(data, audit(data, size=32)))
    recipe = Recipe(engine="linear", network="linear", train="all", image_size=32, epochs=3)
    tested = ImageClassifier(recipe).fit(parts.train, parts.valid).evaluate(parts.test)
    out = tested.save(tmp_path / "a.bundle")
    assert "Is it good?" in (out / "report.html").read_text()

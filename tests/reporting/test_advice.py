import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from diptych.metrics import Score, Scores, score, share
from diptych.reporting.advice import advice
from diptych.reporting.evaluation import Evaluation
from diptych.reporting.learning_curve import LearningCurve
from diptych.reporting.report import Report
from diptych.reporting.robustness import Curve


def test_advice_begins_with_what_matters_most(evaluated: tuple[Evaluation, Report]) -> None:
    _, actual = evaluated
    useless = replace(actual, baseline=Score(0.99, 0.98, 1.0))
    assert advice(useless)[0].what == "Do not use it yet."
    growing = LearningCurve((10, 100, 1000), tuple(share(n, 1000) for n in (600, 800, 900)))
    assert "Collect more pictures." in [
        one.what for one in advice(replace(actual, learning_curve=growing))
    ]
    frail = Curve("blur", (share(99, 100), share(90, 100), share(50, 100)), 100)
    assert "Beware of blur." in [one.what for one in advice(replace(actual, robustness=(frail,)))]


def drawn_scores(right: Sequence[tuple[int, int]], p: float = 0.9) -> Scores:
    """Of two classes of which so many of so many pictures are answered rightly."""
    labels = [k for k, (_, n) in enumerate(right) for _ in range(n)]
    answers = [k if i < hits else 1 - k for k, (hits, n) in enumerate(right) for i in range(n)]
    order = np.random.default_rng(0).permutation(len(labels))
    p_NK = np.where(np.eye(2)[answers] > 0, p, 1 - p)[order]
    return score([labels[i] for i in order], p_NK, "ab", [str(i) for i in order])


def test_advice_is_silent_about_what_chance_explains(evaluated: tuple[Evaluation, Report]) -> None:
    _, actual = evaluated

    def said(**changed: Any) -> list[str]:
        return [one.what for one in advice(replace(actual, **changed))]

    assert "Look at the class a." in said(scores=drawn_scores([(80, 100), (97, 100)]))
    for little in ([(92, 100), (97, 100)], [(0, 1), (1, 1)]):
        assert "Look at the class a." not in said(scores=drawn_scores(little))
    flat = LearningCurve((20, 30, 46), (share(35, 46), share(36, 46), share(36, 46)))
    assert not flat.helps
    assert "Collect more pictures." not in said(learning_curve=flat)
    few = {**actual.facts, "data": {**actual.facts["data"], "valid": 5}}
    assert "Do not rely on “none of these” yet." in said(facts=few)
    assert "Do not take its probabilities literally." in said(
        scores=drawn_scores([(60, 100), (60, 100)], p=0.99)
    )
    assert "Do not take its probabilities literally." not in said(
        scores=drawn_scores([(90, 100), (90, 100)])
    )


def test_few_test_pictures_call_for_more_or_for_cross_validation(
    evaluated: tuple[Evaluation, Report],
) -> None:
    _, actual = evaluated
    few = replace(actual, scores=drawn_scores([(20, 22), (21, 22)]))

    def why(report: Report) -> str:
        return next(one.why for one in advice(report) if one.what == "Test on more pictures.")

    assert why(few).endswith("`train --cv 5` tests the recipe on every other picture in turn.")
    done = replace(few, facts={**few.facts, "cross_validation": {"folds": 5}})
    further = replace(few, facts={**few.facts, "continues": {"bundle": "a.bundle"}})
    one = replace(few, scores=drawn_scores([(20, 22), (1, 1)]))
    for report in (done, further, one, replace(few, baseline=None)):
        assert "--cv" not in why(report)


def test_a_rare_class_that_is_missed_should_weigh_as_much_as_others(
    evaluated: tuple[Evaluation, Report],
) -> None:
    _, actual = evaluated
    missed = replace(actual, scores=drawn_scores([(0, 8), (95, 100)]))
    why = next(one.why for one in advice(missed) if "--balance" in one.what)
    assert why.startswith("The class a is rare, and 0.0 %")
    elsewhere = replace(missed, baseline=None)
    assert "--balance" not in " ".join(one.what for one in advice(elsewhere))
    for scores in ([(5, 8), (95, 100)], [(2, 11), (95, 100)], [(0, 1), (10, 10)]):
        found = replace(actual, scores=drawn_scores(scores))
        assert "--balance" not in " ".join(one.what for one in advice(found))
    weighed = {**actual.facts, "recipe": {**actual.facts["recipe"], "balance": "weights"}}
    assert "--balance" not in " ".join(one.what for one in advice(replace(missed, facts=weighed)))


def test_an_evaluation_tells_what_its_report_says(evaluated: tuple[Evaluation, Report]) -> None:
    evaluation, actual = evaluated
    assert evaluation.advice() == advice(actual)
    assert copy.deepcopy(evaluation).advice() == advice(actual)

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import fisher_exact

from answers import answered
from diptych.errors import InputError
from diptych.metrics import share
from diptych.metrics.predictions import Predictions
from diptych.reporting.slices import fisher_p, slices


def right_or_wrong(wrong: npt.NDArray[np.bool_], groups: Sequence[str] = ()) -> Predictions:
    """Two classes, answered rightly or not."""
    labels = np.arange(len(wrong)) % 2
    return answered(labels.tolist(), np.eye(2)[labels ^ wrong] * 0.8 + 0.1, groups)


def test_the_exact_test_is_that_of_fisher_p() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        inside, outside = rng.integers(1, 400, 2)
        a, b = rng.integers(0, inside + 1), rng.integers(0, outside + 1)
        table = [[a, inside - a], [b, outside - b]]
        mine = fisher_p(int(a), int(inside), int(a + b), int(inside + outside))
        assert mine == pytest.approx(fisher_exact(table, "greater").pvalue, rel=1e-7, abs=1e-300)


def drawn_facts(n: int, rng: np.random.Generator) -> dict[str, list[float] | list[str]]:
    return {
        "brightness": rng.uniform(20, 200, n).tolist(),
        "sharpness": rng.exponential(1, n).tolist(),
        "temperature": rng.integers(-5, 30, n).astype(float).tolist(),
        "format": rng.choice(["JPEG", "PNG"], n).tolist(),
        "camera": rng.choice(["Leica", "Nikon", "Zeiss", ""], n).tolist(),
    }


@pytest.mark.parametrize(("n", "mistakes"), [(150, 0.1), (600, 0.05)])
def test_where_nothing_is_to_be_found_nothing_is(n: int, mistakes: float) -> None:
    clean = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        actual = slices(right_or_wrong(rng.random(n) < mistakes), drawn_facts(n, rng))
        assert actual.compared == 4 * 3 + 2 + 3
        clean += not actual.significant
    assert clean >= 190


def test_dark_pictures_that_are_answered_badly_are_found_and_named() -> None:
    named = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        facts = drawn_facts(250, rng)
        dark = np.array(facts["brightness"], np.float64) < 65
        wrong = rng.random(250) < np.where(dark, 0.4, 0.03)
        actual = slices(right_or_wrong(wrong), facts).significant
        named += bool(actual) and actual[0].what.startswith("dark pictures (brightness below ")
    assert named >= 48


def test_a_finding_is_a_sentence() -> None:
    dark = np.arange(240) < 60
    wrong = np.isin(np.arange(240), [*range(0, 60, 3), 100, 150, 200])
    brightness = np.where(dark, 30, 90 + np.arange(240) / 2).tolist()
    actual = slices(right_or_wrong(wrong), {"brightness": brightness})
    assert [str(each) for each in actual.significant] == [
        f"dark pictures (brightness below 120): {share(40, 60)} of 60, the others 98.3 %"
    ]
    assert actual.compared == 4
    assert actual.significant[0].p == pytest.approx(4 * fisher_p(20, 60, 23, 240))


def test_words_and_numbers_nobody_knew_before_make_slices_too() -> None:
    n = 240
    rng = np.random.default_rng(1)
    camera = rng.choice(["Leica", "Nikon", "Zeiss"], n)
    iso = rng.integers(100, 6400, n)
    wrong = rng.random(n) < np.where((camera == "Nikon") | (iso > 5000), 0.5, 0.02)
    actual = slices(
        right_or_wrong(wrong), {"camera": camera.tolist(), "ISO": iso.tolist()}
    ).significant
    assert {each.fact for each in actual} == {"camera", "ISO"}
    said = [str(each) for each in actual]
    assert any(text.startswith("pictures whose camera is Nikon: ") for text in said)
    assert any(" or more): " in text and "high-ISO pictures (ISO " in text for text in said)


def test_kinds_that_are_the_same_pictures_are_one_finding() -> None:
    dark = np.arange(240) < 60
    wrong = np.isin(np.arange(240), [*range(0, 60, 3), 100, 150, 200])
    facts = {name: np.where(dark, ("cellar"), "hall").tolist() for name in ("room", "floor")}
    assert len(slices(right_or_wrong(wrong), facts).significant) == 1


def test_the_middle_of_a_fact_has_words_too() -> None:
    sharpness = np.linspace(0, 1, 240).tolist()
    wrong = np.isin(np.arange(240), range(60, 120, 3))
    (actual,) = slices(right_or_wrong(wrong), {"sharpness": sharpness}).significant
    assert actual.what.startswith("rather blurred pictures (sharpness 0.25")


def test_what_is_not_known_makes_no_slice() -> None:
    wrong = np.arange(90) % 9 == 0
    nobody = slices(right_or_wrong(wrong), {"camera": [""] * 90, "ISO": [float("nan")] * 90})
    assert nobody == ((), 0)
    some: list[str | float] = ["", *range(89)]
    assert slices(right_or_wrong(wrong), {"ISO": some}).compared == 3


def test_too_few_pictures_are_not_looked_at() -> None:
    wrong = np.arange(100) < 9
    where = ["attic"] * 9 + ["cellar"] * 91
    assert slices(right_or_wrong(wrong), {"folder": where}) == ((), 0)


def test_copies_of_a_picture_are_no_further_evidence() -> None:
    wrong = np.arange(120) < 12
    where = ["attic"] * 24 + ["cellar"] * 96
    alone = slices(right_or_wrong(wrong), {"folder": where})
    copied = slices(right_or_wrong(wrong, [str(max(i, 11)) for i in range(120)]), {"folder": where})
    assert [each.what for each in alone.significant] == ["pictures whose folder is attic"]
    assert copied == ((), 2)


def test_a_fact_is_given_for_each_picture() -> None:
    with pytest.raises(InputError, match=r"fact 'ISO': 2 values for 3 pictures; give one for each"):
        slices(right_or_wrong(np.zeros(3, np.bool_)), {"ISO": [100, 200]})

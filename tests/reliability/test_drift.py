"""Whether a change of what is asked about is seen, and nothing is where there is none."""

import numpy as np
import numpy.typing as npt
import pytest

from diptych.reliability.components import COMPONENTS
from diptych.reliability.drift import (
    CLASS,
    ReferenceDistribution,
    bundled_distributions,
    component_values,
    drift_from,
    reference_distributions,
    watched_values,
)

Array = npt.NDArray[np.float32]

WATCHES = 200


def some_values(rng: np.random.Generator, count: int, shift: float = 0.0) -> dict[str, Array]:
    """What a classifier says of pictures, all of one kind, or shifted by so many spreads."""
    logits_NK = rng.standard_normal((count, 3)) * 2
    p_NK = np.exp(logits_NK) / np.exp(logits_NK).sum(1, keepdims=True)
    components_NC = rng.standard_normal((count, COMPONENTS)) + shift
    return watched_values(
        p_NK.astype(np.float32),
        rng.gamma(4, 0.1, count).astype(np.float32),
        components_NC.astype(np.float32),
    )


@pytest.mark.parametrize(("then", "now"), [(800, 200), (800, 2000), (150, 100)])
def test_without_a_change_one_watch_in_twenty_at_most_cries_wolf(then: int, now: int) -> None:
    rng = np.random.default_rng((then, now))
    cries = crossed = 0
    for _ in range(WATCHES):
        references = reference_distributions(some_values(rng, then), 3)
        new = some_values(rng, now)
        drifts = [drift_from(q, q.bin_counts(new[q.name]), len(references)) for q in references]
        cries += any(one.drifted for one in drifts)
        crossed += any(one.psi > one.by_chance for one in drifts)
    assert cries <= 0.05 * WATCHES + 3 * np.sqrt(WATCHES * 0.05 * 0.95)
    # The limit is no wider than it must be: chance alone comes near it now and then.
    assert crossed >= 1


def test_a_real_change_is_seen_and_named() -> None:
    rng = np.random.default_rng(0)
    references = reference_distributions(some_values(rng, 800), 3)
    new = some_values(rng, 300, shift=1.0)
    drifts = {q.name: drift_from(q, q.bin_counts(new[q.name]), len(references)) for q in references}
    drifted = {name for name, one in drifts.items() if one.drifted}
    assert drifted == {f"component {i + 1}" for i in range(COMPONENTS)}
    assert all(drifts[name].psi > 0.5 for name in drifted)


def test_few_pictures_prove_nothing_and_none_even_less() -> None:
    rng = np.random.default_rng(0)
    references = reference_distributions(some_values(rng, 800), 3)
    for count in (0, 1, 5):
        new = some_values(rng, count, shift=0.5)
        assert not any(
            drift_from(q, q.bin_counts(new[q.name]), len(references)).drifted for q in references
        )


def test_a_small_change_is_no_drift_however_sure_it_is() -> None:
    rng = np.random.default_rng(0)
    (reference,) = reference_distributions({"confidence": rng.standard_normal(100_000)}, 2)
    drift = drift_from(reference, reference.bin_counts(rng.standard_normal(100_000) + 0.1), 1)
    assert drift.psi > drift.by_chance
    assert not drift.drifted


def test_the_index_is_that_of_its_definition() -> None:
    """By hand, from shares of 100,000 pictures, in which half a picture is nothing."""
    reference = ReferenceDistribution("class", (0.5, 1.5), (0.5, 0.3, 0.2), 100_000)
    counts_B = np.array([40_000, 30_000, 30_000])
    expected = (0.4 - 0.5) * np.log(0.4 / 0.5) + (0.3 - 0.2) * np.log(0.3 / 0.2)
    assert drift_from(reference, counts_B, 1).psi == pytest.approx(expected, rel=1e-3)


def test_the_limit_by_chance_is_a_quantile_of_chi_square() -> None:
    from scipy.stats import chi2

    for bins in (2, 3, 10, 50):
        reference = ReferenceDistribution(
            "a", tuple(np.arange(bins - 1) + 0.5), (1 / bins,) * bins, 1000
        )
        counts_B = np.full(bins, 10)
        for watched in (1, 11):
            exact = chi2.isf(0.05 / watched, bins - 1) * (1 / (10 * bins) + 1 / 1000)
            assert drift_from(reference, counts_B, watched).by_chance == pytest.approx(
                exact, rel=0.03
            )


def test_each_class_is_a_bin_and_equal_values_share_one() -> None:
    classes_N = np.tile([0, 2, 2, 0, 2], 100)
    by_name = {
        q.name: q
        for q in reference_distributions({CLASS: classes_N, "confidence": np.ones(500)}, 3)
    }
    assert by_name[CLASS].shares == (0.4, 0, 0.6)
    assert by_name[CLASS].bin_counts(np.array([1, 1, 2])).tolist() == [0, 2, 1]
    assert sum(by_name["confidence"].shares) == 1
    assert (
        drift_from(by_name["confidence"], by_name["confidence"].bin_counts(np.ones(900)), 2).psi
        < 0.1
    )
    two_bins = by_name["confidence"].bin_counts(np.array([0.5, 1.0]))
    assert two_bins.sum() == 2


def test_bins_hold_about_equally_many_pictures() -> None:
    (reference,) = reference_distributions({"confidence": np.random.default_rng(0).random(1003)}, 2)
    assert len(reference.shares) == 10
    np.testing.assert_allclose(reference.shares, 0.1, atol=2e-3)


def test_a_bundle_keeps_the_reference_distributions() -> None:
    rng = np.random.default_rng(0)
    references = reference_distributions(
        component_values(rng.standard_normal((100, 2), np.float32)), 2
    )
    facts = {"drift": [reference._asdict() for reference in references]}
    assert bundled_distributions(facts) == references

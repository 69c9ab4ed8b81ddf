"""Whether a change of what is asked about is seen, and nothing is where there is none."""

import numpy as np
import numpy.typing as npt
import pytest

from diptych.reliability.components import (
    COMPONENTS,
    PrincipalComponents,
    components_and_unseen,
    principal_components,
)
from diptych.reliability.drift import (
    CLASS,
    FALSE_ALARMS,
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


@pytest.mark.parametrize(("then", "now"), [(800, 200), (800, 2000), (150, 100), (21, 100)])
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


@pytest.mark.parametrize("name", ["confidence", CLASS])
def test_the_limit_of_many_pictures_is_a_quantile_of_chi_square(name: str) -> None:
    """Yurdakul & Naranjo, "Statistical properties of the population stability index", 2020."""
    from scipy.stats import chi2

    for bins in (3, 10):
        edges = tuple(np.arange(bins - 1) + 0.5)
        reference = ReferenceDistribution(name, edges, (1 / bins,) * bins, 30_000)
        counts_B = np.full(bins, 60_000 // bins)
        for watched in (1, 11):
            exact = chi2.isf(FALSE_ALARMS / watched, bins - 1) * (1 / 60_000 + 1 / 30_000)
            assert drift_from(reference, counts_B, watched).by_chance == pytest.approx(
                exact, rel=0.1
            )


def test_the_limit_of_pictures_without_number_is_that_of_many() -> None:
    reference = ReferenceDistribution(CLASS, (0.5,), (0.4, 0.6), 200)
    many, more = (
        drift_from(reference, np.array([4, 6]) * 10**count, 1).by_chance for count in (6, 12)
    )
    assert more == pytest.approx(many, rel=0.02)


def principal_features(rng: np.random.Generator, count: int) -> Array:
    """Features of a few directions that matter and hundreds that do not, as those of networks."""
    spread_D = np.concatenate([np.linspace(3, 1, 12), np.full(200, 1.0)])
    return np.asarray(rng.standard_normal((count, len(spread_D))) * spread_D, np.float32)


def alarms(components: PrincipalComponents, then_NC: Array, new_ND: Array) -> bool:
    """Whether any component of new pictures is called drifted."""
    references = reference_distributions(component_values(then_NC), 2)
    values = component_values(components.project(new_ND))
    return any(drift_from(one, one.bin_counts(values[one.name]), 11).drifted for one in references)


def test_new_pictures_are_not_called_changed_because_the_old_ones_chose_the_components() -> None:
    cries = {"unseen": 0, "own": 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        train_ND, valid_ND, new_ND = (principal_features(rng, n) for n in (100, 21, 300))
        components, unseen_NC = components_and_unseen(train_ND, valid_ND, frozen=True)
        assert len(unseen_NC) == 71
        cries["unseen"] += alarms(components, unseen_NC, new_ND)
        own = principal_components(train_ND)
        cries["own"] += alarms(own, own.project(train_ND), new_ND)
    assert cries["own"] > 30
    assert cries["unseen"] <= 6


def test_only_validation_pictures_are_as_new_ones_to_a_network_that_learned() -> None:
    rng = np.random.default_rng(0)
    train_ND, valid_ND = principal_features(rng, 100), principal_features(rng, 21)
    components, unseen_NC = components_and_unseen(train_ND, valid_ND, frozen=False)
    np.testing.assert_array_equal(unseen_NC, components.project(valid_ND))


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

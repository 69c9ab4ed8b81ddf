"""Whether a change of what is asked about is seen, and nothing is where there is none."""

import numpy as np
import numpy.typing as npt
import pytest

from diptych.graphs.surgery import laid_open
from diptych.graphs.writer import onnx_graph
from diptych.networks import initial
from diptych.networks.zoo import cnn
from diptych.reliability.drift import (
    CLASS,
    COMPONENTS,
    OUTPUT,
    Quantity,
    along,
    components,
    counted,
    drift,
    learned,
    quantities,
    values,
)
from diptych.runtimes import open_outputs

Array = npt.NDArray[np.float32]

WATCHES = 200


def features(seed: int, count: int, width: int = 20) -> Array:
    """Features that differ much in some directions and little in others."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((width, width)))
    spread_D = 2.0 ** -np.arange(width)
    return np.asarray((rng.standard_normal((count, width)) * spread_D) @ turn + 3, np.float32)


def test_components_are_uncorrelated_and_of_variance_1() -> None:
    seen_ND = features(1, 500)
    found_NC = components(seen_ND).of(seen_ND)
    assert found_NC.shape == (500, COMPONENTS)
    np.testing.assert_allclose(found_NC.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(np.cov(found_NC.T), np.eye(COMPONENTS), atol=1e-2)


def test_components_are_the_directions_of_scikit_learn() -> None:
    from sklearn.decomposition import PCA

    seen_ND = features(1, 500)
    expected_NC = PCA(COMPONENTS, whiten=True).fit(seen_ND.astype(float)).transform(features(2, 50))
    found_NC = components(seen_ND).of(features(2, 50))
    # Which way a direction points is nobody's choice.
    signs_C = np.sign((found_NC * expected_NC).sum(0))
    np.testing.assert_allclose(found_NC, expected_NC * signs_C, atol=2e-3)


def test_directions_without_difference_are_no_components() -> None:
    flat_ND = features(1, 100, 3)
    wide_ND = np.hstack([flat_ND, flat_ND[:, :1], np.full((100, 4), 7, np.float32)])
    assert components(wide_ND).of(wide_ND).shape == (100, 3)
    assert components(wide_ND[:1]).of(wide_ND).shape == (100, 0)
    assert components(np.full((9, 5), 2, np.float32)).directions_DC.shape == (5, 0)


def test_the_graph_answers_with_the_components_that_numpy_computes() -> None:
    network = cnn((32, 32, 3), 3, 0.0)
    graph = onnx_graph(network, initial(network, 0))
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (60, 1, 1, 3))
    images = (colour + rng.integers(-60, 60, (60, 32, 32, 3))).clip(0, 255).astype(np.uint8)
    seen_ND = open_outputs(laid_open(graph))(images)[0]
    known = components(seen_ND[:40])
    written = known.written(graph)
    probabilities, found_NC = open_outputs(written)(images)
    np.testing.assert_allclose(found_NC, known.of(seen_ND), atol=2e-4)
    np.testing.assert_allclose(probabilities, open_outputs(graph)(images)[0], atol=1e-6)
    import onnx

    assert onnx.load_from_string(written).graph.output[-1].name == OUTPUT


def answered(rng: np.random.Generator, count: int, shift: float = 0.0) -> dict[str, Array]:
    """What a classifier says of pictures, all of one kind, or shifted by so many spreads."""
    logits_NK = rng.standard_normal((count, 3)) * 2
    p_NK = np.exp(logits_NK) / np.exp(logits_NK).sum(1, keepdims=True)
    seen_NC = rng.standard_normal((count, COMPONENTS)) + shift
    return values(
        p_NK.astype(np.float32),
        rng.gamma(4, 0.1, count).astype(np.float32),
        seen_NC.astype(np.float32),
    )


@pytest.mark.parametrize(("then", "now"), [(800, 200), (800, 2000), (150, 100)])
def test_without_a_change_one_watch_in_twenty_at_most_cries_wolf(then: int, now: int) -> None:
    rng = np.random.default_rng((then, now))
    cries = crossed = 0
    for _ in range(WATCHES):
        known = learned(answered(rng, then), 3)
        new = answered(rng, now)
        found = [drift(q, counted(q, new[q.name]), len(known)) for q in known]
        cries += any(one.drifted for one in found)
        crossed += any(one.psi > one.by_chance for one in found)
    assert cries <= 0.05 * WATCHES + 3 * np.sqrt(WATCHES * 0.05 * 0.95)
    # The limit is no wider than it must be: chance alone comes near it now and then.
    assert crossed >= 1


def test_a_real_change_is_seen_and_named() -> None:
    rng = np.random.default_rng(0)
    known = learned(answered(rng, 800), 3)
    new = answered(rng, 300, shift=1.0)
    found = {q.name: drift(q, counted(q, new[q.name]), len(known)) for q in known}
    seen = {name for name, one in found.items() if one.drifted}
    assert seen == {f"component {i + 1}" for i in range(COMPONENTS)}
    assert all(found[name].psi > 0.5 for name in seen)


def test_few_pictures_prove_nothing_and_none_even_less() -> None:
    rng = np.random.default_rng(0)
    known = learned(answered(rng, 800), 3)
    for count in (0, 1, 5):
        new = answered(rng, count, shift=0.5)
        assert not any(drift(q, counted(q, new[q.name]), len(known)).drifted for q in known)


def test_a_small_change_is_no_drift_however_sure_it_is() -> None:
    rng = np.random.default_rng(0)
    (known,) = learned({"confidence": rng.standard_normal(100_000)}, 2)
    found = drift(known, counted(known, rng.standard_normal(100_000) + 0.1), 1)
    assert found.psi > found.by_chance
    assert not found.drifted


def test_the_index_is_that_of_its_definition() -> None:
    """By hand, from shares of 100,000 pictures, in which half a picture is nothing."""
    known = Quantity("class", (0.5, 1.5), (0.5, 0.3, 0.2), 100_000)
    counts_B = np.array([40_000, 30_000, 30_000])
    expected = (0.4 - 0.5) * np.log(0.4 / 0.5) + (0.3 - 0.2) * np.log(0.3 / 0.2)
    assert drift(known, counts_B, 1).psi == pytest.approx(expected, rel=1e-3)


def test_the_limit_by_chance_is_a_quantile_of_chi_square() -> None:
    from scipy.stats import chi2

    for bins in (2, 3, 10, 50):
        known = Quantity("a", tuple(np.arange(bins - 1) + 0.5), (1 / bins,) * bins, 1000)
        counts_B = np.full(bins, 10)
        for watched in (1, 11):
            exact = chi2.isf(0.05 / watched, bins - 1) * (1 / (10 * bins) + 1 / 1000)
            assert drift(known, counts_B, watched).by_chance == pytest.approx(exact, rel=0.03)


def test_each_class_is_a_bin_and_equal_values_share_one() -> None:
    classes_N = np.tile([0, 2, 2, 0, 2], 100)
    by_name = {q.name: q for q in learned({CLASS: classes_N, "confidence": np.ones(500)}, 3)}
    assert by_name[CLASS].shares == (0.4, 0, 0.6)
    assert counted(by_name[CLASS], np.array([1, 1, 2])).tolist() == [0, 2, 1]
    assert sum(by_name["confidence"].shares) == 1
    assert drift(by_name["confidence"], counted(by_name["confidence"], np.ones(900)), 2).psi < 0.1
    two_bins = counted(by_name["confidence"], np.array([0.5, 1.0]))
    assert two_bins.sum() == 2


def test_bins_hold_about_equally_many_pictures() -> None:
    (known,) = learned({"confidence": np.random.default_rng(0).random(1003)}, 2)
    assert len(known.shares) == 10
    np.testing.assert_allclose(known.shares, 0.1, atol=2e-3)


def test_a_bundle_remembers_what_was_learned() -> None:
    known = learned(along(features(1, 100)[:, :2]), 2)
    facts = {"drift": [quantity._asdict() for quantity in known]}
    assert quantities(facts) == known

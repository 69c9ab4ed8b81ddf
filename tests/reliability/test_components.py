import numpy as np
import numpy.typing as npt
import pytest

from diptych.graphs.surgery import with_last_layer_outputs
from diptych.graphs.writer import onnx_graph
from diptych.networks.initialisation import initial
from diptych.networks.zoo import cnn
from diptych.reliability.components import COMPONENTS, OUTPUT, principal_components, with_components
from diptych.runtimes import open_outputs

Array = npt.NDArray[np.float32]


def features(seed: int, count: int, width: int = 20) -> Array:
    """Features that differ much in some directions and little in others."""
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((width, width)))
    spread_D = 2.0 ** -np.arange(width)
    return np.asarray((rng.standard_normal((count, width)) * spread_D) @ turn + 3, np.float32)


def test_components_are_uncorrelated_and_of_variance_1() -> None:
    features_ND = features(1, 500)
    components_NC = principal_components(features_ND).project(features_ND)
    assert components_NC.shape == (500, COMPONENTS)
    np.testing.assert_allclose(components_NC.mean(0), 0, atol=1e-3)
    np.testing.assert_allclose(np.cov(components_NC.T), np.eye(COMPONENTS), atol=1e-2)


@pytest.mark.parametrize("count", [500, 15])
def test_components_are_the_directions_of_scikit_learn(count: int) -> None:
    from sklearn.decomposition import PCA

    features_ND = features(1, count)
    expected_NC = (
        PCA(COMPONENTS, whiten=True).fit(features_ND.astype(float)).transform(features(2, 50))
    )
    components_NC = principal_components(features_ND).project(features(2, 50))
    # Which way a direction points is nobody's choice.
    signs_C = np.sign((components_NC * expected_NC).sum(0))
    np.testing.assert_allclose(components_NC, expected_NC * signs_C, atol=2e-3)


def test_directions_without_difference_are_no_components() -> None:
    flat_ND = features(1, 100, 3)
    wide_ND = np.hstack([flat_ND, flat_ND[:, :1], np.full((100, 4), 7, np.float32)])
    assert principal_components(wide_ND).project(wide_ND).shape == (100, 3)
    assert principal_components(wide_ND[:1]).project(wide_ND).shape == (100, 0)
    assert principal_components(np.full((9, 5), 2, np.float32)).directions_DC.shape == (5, 0)


def test_the_graph_answers_with_the_components_that_numpy_computes() -> None:
    network = cnn((32, 32, 3), 3, 0.0)
    graph = onnx_graph(network, initial(network, 0))
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (60, 1, 1, 3))
    images = (colour + rng.integers(-60, 60, (60, 32, 32, 3))).clip(0, 255).astype(np.uint8)
    features_ND = open_outputs(with_last_layer_outputs(graph))(images)[0]
    components = principal_components(features_ND[:40])
    extended = with_components(graph, components)
    probabilities, components_NC = open_outputs(extended)(images)
    np.testing.assert_allclose(components_NC, components.project(features_ND), atol=2e-4)
    np.testing.assert_allclose(probabilities, open_outputs(graph)(images)[0], atol=1e-6)
    import onnx

    assert onnx.load_from_string(extended).graph.output[-1].name == OUTPUT

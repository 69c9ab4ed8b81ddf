import numpy as np
import numpy.typing as npt
import pytest

from diptych.graphs.surgery import with_mid_features
from diptych.graphs.writer import onnx_graph
from diptych.networks.initialisation import initial
from diptych.networks.zoo import ZOO
from diptych.reliability.ood import METHODS, NONE, OodDetector, fit_detector
from diptych.reliability.ood_graph import with_ood_score
from diptych.runtimes import open_outputs
from diptych.runtimes.features import extract, feature_extractor

Floats = npt.NDArray[np.float32]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_the_graph_scores_as_numpy_does(method: str, name: str) -> None:
    network = ZOO[name]((32, 32, 3), 3, 0.0)
    weights = initial(network, 0)
    weights["classifier.weight"] = RNG.normal(0, 0.3, weights["classifier.weight"].shape).astype(
        np.float32
    )
    images = np.random.default_rng(1).integers(0, 256, (60, 32, 32, 3), np.uint8)
    extractor = feature_extractor(
        onnx_graph(network.backbone, weights, probabilities=False), network.features
    )
    features = extract(open_outputs(extractor.graph), images)
    assert len(features) == (2 if name == "cnn" else 1)

    def logits_of(features_ND: Floats) -> Floats:
        return np.asarray(features_ND @ weights["classifier.weight"].T + weights["classifier.bias"])

    train, valid = [layer[:40] for layer in features], [layer[40:] for layer in features]
    detector = fit_detector(
        method, train, [i % 3 for i in range(40)], valid, logits_of(valid[0]), 0.95
    )
    run = open_outputs(with_ood_score(onnx_graph(network, weights), detector))
    p_NK, ood_score_N = run(images)
    assert p_NK.shape == (60, 3)
    np.testing.assert_allclose(
        ood_score_N, detector.scores(features, logits_of(features[0])), rtol=2e-3
    )


def test_without_a_score_the_graph_answers_nothing_for_every_picture() -> None:
    network = ZOO["mlp"]((8, 8, 1), 3, 0.0)
    graph = onnx_graph(network, initial(network, 0))
    run = open_outputs(with_ood_score(graph, OodDetector(NONE, 1.0, {}, (1.0,), {})))
    _, ood_score_N = run(np.random.default_rng(1).integers(0, 256, (5, 8, 8, 1), np.uint8))
    np.testing.assert_array_equal(ood_score_N, np.zeros(5, np.float32))


def test_a_network_without_convolutions_has_no_mid_level_features() -> None:
    network = ZOO["mlp"]((32, 32, 3), 3, 0.0)
    graph = onnx_graph(network.backbone, initial(network, 0), probabilities=False)
    assert with_mid_features(graph) == (graph, 0)

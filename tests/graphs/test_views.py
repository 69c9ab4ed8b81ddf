import numpy as np
import pytest

from diptych.graphs.surgery import with_mid_features
from diptych.graphs.views import with_views
from diptych.graphs.writer import onnx_graph
from diptych.networks.initialisation import initial
from diptych.networks.zoo import cnn
from diptych.runtimes import open_outputs

NETWORK = cnn((32, 32, 3), 2, 0.0)


@pytest.fixture
def plain() -> bytes:
    backbone = NETWORK.backbone
    return onnx_graph(backbone, initial(backbone, 0), probabilities=False)


def test_features_of_any_graph_become_the_mean_over_both_views(plain: bytes) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    backbone = NETWORK.with_mirrored.backbone
    written = onnx_graph(backbone, initial(backbone, 0), probabilities=False)
    of_one_view = open_outputs(with_mid_features(plain)[0])
    one, mirrored = of_one_view(images), of_one_view(np.ascontiguousarray(images[:, :, ::-1]))
    expected = [(a + b) / 2 for a, b in zip(one, mirrored, strict=True)]
    assert np.abs(one[0] - mirrored[0]).max() > 1e-3
    for graph in (written, with_views(plain, backbone)):
        answers = open_outputs(with_mid_features(graph)[0])(images)
        assert len(answers) == 2  # the mid-level ones too
        for answer, mean in zip(answers, expected, strict=True):
            np.testing.assert_allclose(answer, mean, atol=1e-5)


def test_a_backbone_of_one_view_stays_as_it_is(plain: bytes) -> None:
    assert with_views(plain, NETWORK.backbone) == plain

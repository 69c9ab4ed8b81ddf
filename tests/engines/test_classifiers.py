"""A classifier with its OOD score, of a network whose mid-level features need care."""

import numpy as np
import pytest
import torch

from diptych.graphs.surgery import mid_layer, with_mid_features
from diptych.graphs.writer import onnx_graph
from diptych.networks import Convolution, GlobalAverage, Network, Standardise, head_layers
from diptych.networks.initialisation import initial
from diptych.reliability.ood import OodDetector
from diptych.runtimes import open_outputs

pytestmark = pytest.mark.usefixtures("one_thread")


def test_mid_level_features_are_those_before_a_padding_in_both() -> None:
    """Of a convolution that Keras pads by a layer of its own."""
    from diptych.engines.tensorflow.classifier import classifier
    from diptych.engines.torch.classifier import Classifier

    widths = zip((3, 4, 4, 4), (4, 4, 4, 4), (1, 1, 1, 2), strict=True)
    convolutions = [
        Convolution(f"conv{i}", inputs, outputs, 3, stride, symmetric=True)
        for i, (inputs, outputs, stride) in enumerate(widths)
    ]
    pixels = Standardise((127.5,) * 3, (50.0,) * 3)
    network = Network(
        "one", (9, 9, 3), (pixels, *convolutions, GlobalAverage(), *head_layers(4, 2, 0))
    )
    weights = initial(network, 0)
    graph = onnx_graph(network.backbone, weights, probabilities=False)
    images = np.random.default_rng(0).integers(0, 256, (3, 9, 9, 3), np.uint8)
    _, mid_ND = open_outputs(with_mid_features(graph)[0])(images)
    layer = mid_layer(graph)
    assert layer is not None and layer.number == 3
    # The squared length of the mid-level features, and nothing of the last ones.
    nothing, one = np.zeros((4, 4), np.float32), np.eye(4, dtype=np.float32)
    arrays = {"whiten0": nothing, "whiten1": one}
    arrays |= {f"classes{i}": nothing[:1] for i in (0, 1)}
    arrays |= {f"middle{i}": nothing[0] for i in (0, 1)}
    detector = OodDetector("mahalanobis", 0.95, arrays, (1.0, 1.0, 1.0), {})
    expected = (mid_ND**2).sum(1)
    assert expected.min() > 0.1
    in_keras = classifier(network, weights, detector, layer).predict_on_batch(images)
    np.testing.assert_allclose(in_keras["ood_score"], expected, rtol=1e-4)
    with torch.inference_mode():
        in_torch = Classifier(network, weights, detector, layer)(torch.from_numpy(images))
    np.testing.assert_allclose(in_torch["ood_score"].numpy(), expected, rtol=1e-4)

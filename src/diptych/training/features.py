"""The extractor of features of a network as it was trained, on a GPU where there is one."""

from functools import partial

from diptych import engines
from diptych.graphs.surgery import mid_layer
from diptych.networks import Network, Weights
from diptych.runtimes import PredictAll
from diptych.runtimes.features import FeatureExtractor, feature_extractor


def trained_extractor(
    engine: str, network: Network, weights: Weights, backbone: bytes
) -> FeatureExtractor:
    """The extractor of a network whose backbone's graph is given, on a GPU where there is one."""
    # Of functions that are called by their names: a fitted classifier can be pickled.
    on_gpu = partial(_gpu_features, engine, network, weights, backbone)
    return feature_extractor(backbone, network.features)._replace(on_gpu=on_gpu)


def _gpu_features(
    engine: str, network: Network, weights: Weights, backbone: bytes
) -> PredictAll | None:
    layer = mid_layer(backbone)
    number = None if layer is None else layer.number
    return engines.gpu_features(engine, network.backbone, weights, number)

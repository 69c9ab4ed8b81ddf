"""Grad-CAM in either framework; the framework is chosen here, at the edge."""

from diptych.engines.contract import GradCam, no_map
from diptych.errors import InputError, nearest
from diptych.networks import GlobalAverage, Network, Weights


def gradcam(engine: str, network: Network, weights: Weights) -> GradCam:
    """What speaks for a class, and where: Grad-CAM (Selvaraju et al. 2017), never below 0.

    From pictures (N, H, W, C) and a class for each (N,) to heat (N, h, w), as fine as the last map
    before the network averages over all places. Raises InputError for a network without one.
    """
    # Where the mirror image speaks for a class is no place in the picture.
    network = network.one_view
    if not network.external and not any(isinstance(x, GlobalAverage) for x in network.layers):
        raise no_map(network)
    match engine:
        case "torch":
            from diptych.engines.torch.gradcam import gradcam as in_torch

            return in_torch(network, weights)
        case "tensorflow":
            from diptych.engines.tensorflow.gradcam import gradcam as in_tensorflow

            return in_tensorflow(network, weights)
        case _:
            raise InputError(
                f"no Grad-CAM in the engine '{engine}'{nearest(engine, ['torch', 'tensorflow'])}"
            )

"""A backbone's features computed by PyTorch: on a GPU, where the fastest runtime has only cores."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from diptych.engines.contract import Inputs
from diptych.engines.torch.classifier import convolutions_in_order
from diptych.engines.torch.layers import mean_of_views
from diptych.engines.torch.precision import full_precision
from diptych.engines.torch.tensors import on_device
from diptych.engines.torch.weights import module_with_weights
from diptych.networks import Network, Weights

Features = tuple[npt.NDArray[np.float32], ...]


def feature_function(
    backbone: Network, weights: Weights, mid_layer: int | None, device: torch.device
) -> Callable[[Inputs], Features]:
    """A function from pictures (N, H, W, C) to the last features (N, D) and the mid-level ones.

    These are the means of what the convolution of that number is given; there are none without it.
    They are computed in float32, as the graph computes them, and in halves where a device has too
    little memory for all.
    """
    own = {name: value for name, value in weights.items() if backbone.has(name)}
    module = module_with_weights(backbone, own).eval()
    maps = list[Tensor]()
    if mid_layer is not None:
        convolution = convolutions_in_order(backbone, module)[mid_layer]
        convolution.register_forward_pre_hook(lambda _, inputs: maps.append(inputs[0]))
    module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def of_some(images_NHWC: Inputs) -> Features:
        maps.clear()
        features = module(on_device(images_NHWC, device))
        means = (one.mean((2, 3)) for one in maps)
        every = [features, *(mean_of_views(one, backbone.views) for one in means)]
        maps.clear()
        return tuple(one.float().cpu().numpy() for one in every)

    @torch.inference_mode()
    def run(images_NHWC: Inputs) -> Features:
        try:
            with full_precision():
                return of_some(images_NHWC)
        except torch.OutOfMemoryError:
            if len(images_NHWC) == 1:
                raise
        half = len(images_NHWC) // 2
        parts = run(images_NHWC[:half]), run(images_NHWC[half:])
        return tuple(np.concatenate(layer_ND) for layer_ND in zip(*parts, strict=True))

    return run

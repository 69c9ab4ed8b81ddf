"""Grad-CAM in PyTorch. N pictures, K classes, C channels of maps of h × w."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from diptych.engines.contract import GradCam, Heatmaps, Inputs, Positions, no_map
from diptych.engines.torch.devices import best_device
from diptych.engines.torch.precision import full_precision
from diptych.engines.torch.tensors import tensor
from diptych.engines.torch.weights import module_with_weights
from diptych.images.rows import at_once, in_batches
from diptych.networks import GlobalAverage, Network, Weights

Part = Callable[[Tensor], Tensor]


def gradcam(network: Network, weights: Weights) -> GradCam:
    """As `engines.gradcam` says."""
    device = best_device()
    below, above = at_last_map(network, module_with_weights(network, weights).eval().to(device))
    with torch.no_grad():
        # A network without a map is refused before the first picture.
        below(torch.zeros((1, *network.input), dtype=torch.uint8, device=device))

    def heatmaps(images_NHWC: Inputs, classes_N: Positions) -> Heatmaps:
        size = at_once(images_NHWC.shape, 64)
        batches = zip(*(in_batches(x, size) for x in (images_NHWC, classes_N)), strict=True)
        with full_precision():
            parts = [
                class_maps(below, above, tensor(images).to(device), tensor(classes).to(device))
                for images, classes in batches
            ]
        return torch.cat(parts).cpu().numpy()

    return heatmaps


def at_last_map(network: Network, module: nn.Module) -> tuple[Part, Part]:
    """The module up to its last map, and from there to the logits.

    The first raises InputError for a backbone without a map.
    """
    assert isinstance(module, nn.Sequential)
    if not network.external:
        i = [type(layer) for layer in network.layers].index(GlobalAverage)
        return module[:i], module[i:]
    i = network.layers.index(network.external)
    first, last = module[:i], module[i + 1 :]
    backbone: Any = module[i]  # every model of timm comes in two parts

    def below(images: Tensor) -> Tensor:
        maps: Tensor = backbone.forward_features(first(images))
        # Transformers have tokens (N, tokens, C), or their channels last.
        if maps.ndim != 4 or maps.shape[1] != backbone.num_features:
            raise no_map(network)
        return maps

    def above(maps: Tensor) -> Tensor:
        logits: Tensor = last(backbone.forward_head(maps))
        return logits

    return below, above


def class_maps(below: Part, above: Part, images_NHWC: Tensor, classes_N: Tensor) -> Tensor:
    """The last maps, each weighted by how much the class's logit grows with it: (N, h, w)."""
    with torch.no_grad():
        maps_NChw = below(images_NHWC)
    maps_NChw.requires_grad_()
    # A copy goes up: some heads work in place, which a leaf of the graph forbids.
    logits_NK = above(maps_NChw.clone())
    logits_N1 = logits_NK.gather(1, classes_N[:, None])
    (slopes_NChw,) = torch.autograd.grad(logits_N1.sum(), maps_NChw)
    weights_NC11 = slopes_NChw.mean((2, 3), keepdim=True)
    return (weights_NC11 * maps_NChw).sum(1).relu().detach()

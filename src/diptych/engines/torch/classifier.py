"""A classifier with its OOD score as one module: uint8 pixels in, both outputs by name."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from diptych.engines.contract import Inputs
from diptych.engines.torch.layers import Convolution, mean_of_views
from diptych.engines.torch.ood import OodScore
from diptych.engines.torch.precision import full_precision
from diptych.engines.torch.tensors import tensor
from diptych.engines.torch.weights import module_with_weights
from diptych.graphs.outputs import OOD_SCORE, PROBABILITIES, NamedOutputs, OpenFile
from diptych.graphs.surgery import MidLayer
from diptych.networks import Network, Weights
from diptych.reliability.ood import OodDetector


class Classifier(nn.Module):
    """From uint8 pixels (N, H, W, C) to probabilities (N, K) and the OOD score (N,), by name."""

    def __init__(
        self, network: Network, weights: Weights, detector: OodDetector, mid_layer: MidLayer | None
    ) -> None:
        super().__init__()
        layers = module_with_weights(network, weights).eval()
        assert isinstance(layers, nn.Sequential)
        self.below, self.head = layers[:-1], layers[-1]
        self.ood_score = OodScore(detector)
        self.views = network.views
        self._maps: list[Tensor] = []
        if mid_layer is not None:
            convolution = convolutions_in_order(network, layers)[mid_layer.number]
            convolution.register_forward_pre_hook(lambda _, inputs: self._maps.append(inputs[0]))
        self.eval().requires_grad_(False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        self._maps.clear()
        features = self.below(images)
        logits = self.head(features)
        means = (maps.mean((2, 3)) for maps in self._maps)
        every = [features, *(mean_of_views(one, self.views) for one in means)]
        self._maps.clear()
        return {PROBABILITIES: logits.softmax(1), OOD_SCORE: self.ood_score(every, logits)}


def open_module(module: Callable[[Tensor], Mapping[str, Tensor]]) -> OpenFile:
    """A module, however it came into this process, as a function of NumPy arrays."""

    @torch.inference_mode()
    def outputs(images_NHWC: Inputs) -> NamedOutputs:
        with full_precision():
            tensors = module(tensor(images_NHWC))
        return {name: value.numpy() for name, value in tensors.items()}

    return outputs


def example_images(shape: tuple[int, ...]) -> Tensor:
    """Black pictures to trace a module with."""
    # Of a single picture it would be taken that there is always one.
    return torch.zeros((2, *shape), dtype=torch.uint8)


@torch.inference_mode()
def convolutions_in_order(network: Network, layers: nn.Module) -> list[nn.Module]:
    """The convolutions in the order in which they are called, ours with their padding."""
    called: list[nn.Module] = []
    kind = nn.Conv2d if network.external else Convolution
    hooks = [
        part.register_forward_pre_hook(lambda module, _: called.append(module))
        for part in layers.modules()
        if isinstance(part, kind)
    ]
    layers(example_images(network.input))
    for hook in hooks:
        hook.remove()
    return called
